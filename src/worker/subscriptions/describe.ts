import { failureOf } from "../../protocol/subscription/wake.ts";
import type { DescribedSubscription } from "./operations.ts";
import type { StoredRecord } from "./record.ts";
import type { Subscription } from "./subscription.ts";
import { linkedStream } from "./wake-requests.ts";

/** What is told of a subscription, with at most `limit` of its streams after the path `after`. */
export function describeSubscription(
  { storage, wake }: Subscription,
  record: StoredRecord,
  after: string,
  limit: number,
): DescribedSubscription {
  const { phase, generation } = wake.state;
  const failing = failureOf(wake.state);
  const rows = storage.linksAfter(after, limit + 1);
  return {
    id: record.id,
    config: record.config,
    createdAtMs: record.createdAtMs,
    status: failing === undefined ? "active" : "failed",
    failure: failing?.reason,
    nextAttemptAtMs: failing?.nextAttemptAtMs,
    generation,
    holder: phase.kind === "held" ? phase.holder : undefined,
    root: record.root,
    refusedLink: storage.refusedLink(),
    streams: rows.slice(0, limit).map(linkedStream),
    more: rows.length > limit,
  };
}
