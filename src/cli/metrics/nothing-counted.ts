import { spanWords } from "../duration.ts";
import type { Metrics } from "./operation-row.ts";

/** Why there may be nothing to show, in one sentence. */
export function nothingCounted({ source, sinceMs, untilMs }: Metrics): string {
  if (source.kind === "counters") {
    return sinceMs === null
      ? `${source.url} has counted nothing yet: nobody has asked it for anything since it started.`
      : `${source.url} has counted nothing of this project since ${new Date(sinceMs).toISOString()}.`;
  }
  const span = spanWords((untilMs - (sinceMs ?? untilMs)) / 1000);
  return `The dataset ${source.dataset} holds nothing of the last ${span}: nothing happened, or not long enough ago (Cloudflare takes a minute or two), or the Worker ${source.worker} has not been deployed with the dataset, which status would tell.`;
}
