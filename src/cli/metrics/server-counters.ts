import type { ServerMetrics } from "../../client/server-metrics.ts";
import { usageFailure } from "../command-failure.ts";
import { spanWords } from "../duration.ts";
import { countedRows, type Selection } from "./counted-rows.ts";
import { busiestFirst, type Metrics } from "./operation-row.ts";

/** A span that was asked for. */
export interface Since {
  /** As it was typed. */
  readonly text: string;
  readonly seconds: number;
}

/**
 * What a server has counted itself. It counts in one sum since its first operation, so a shorter span cannot be told, and
 * of a longer one it is everything.
 */
export function counterMetrics(
  url: string,
  { sinceMs, nowMs, operations }: ServerMetrics,
  since: Since | undefined,
  selection: Selection,
): Metrics {
  if (since !== undefined && sinceMs !== null && sinceMs < nowMs - since.seconds * 1000) {
    const begin = `${new Date(sinceMs).toISOString()}, ${spanWords((nowMs - sinceMs) / 1000)} ago`;
    throw usageFailure(
      `--since ${since.text} cannot be told: ${url} counts itself, in one sum since ${begin}.`,
      "Leave out --since. Of a deployment with a dataset of Analytics Engine any span can be told.",
    );
  }
  const rows = busiestFirst(countedRows(operations, selection));
  return { source: { kind: "counters", url }, sinceMs, untilMs: nowMs, operations: rows };
}
