import type { Position } from "../../protocol/offset.ts";
import type { SubscriptionRef } from "../directory/operations.ts";
import type { LinkRows } from "../storage/link-rows.ts";
import type { StreamStorage } from "../storage/stream-storage.ts";
import type { LinkOutcome, StreamSummary } from "./operations.ts";
import { streamDeadlineMs, type StreamState } from "./state.ts";

/** Links subscriptions to an incarnation, each from `linkedFrom` on. One that is linked stays as it is. Must run inside a transaction. */
export function addLinks(
  links: LinkRows,
  { incarnation, name }: Pick<StreamState, "incarnation" | "name">,
  subscriptions: readonly SubscriptionRef[],
  linkedFrom: Position,
  nowMs: number,
): void {
  for (const { id, incarnation: subscriptionIncarnation } of subscriptions) {
    if (links.find(incarnation, id)?.subscriptionIncarnation === subscriptionIncarnation) continue;
    const cursors = { linkedFrom, notified: linkedFrom };
    const dueness = { linkedAtMs: nowMs, dueAtMs: 0, failures: 0 };
    links.put({ incarnation, subscription: id, subscriptionIncarnation, stream: name, ...cursors, ...dueness });
  }
}

/** Links one subscription from the tail on (section 6.1): what is there already is not news. */
export function linkStream(
  storage: StreamStorage,
  state: StreamState,
  subscription: SubscriptionRef,
  nowMs: number,
): LinkOutcome {
  const { incarnation, tail } = state;
  storage.transaction(() => {
    addLinks(storage.links, state, [subscription], tail, nowMs);
  });
  const linkedFrom = storage.links.find(incarnation, subscription.id)?.linkedFrom ?? tail;
  return { kind: "linked", incarnation, tail, linkedFrom };
}

/** Forgets a subscription, unless its id stands for a later one. What ended needs not be told to it either. */
export function unlinkStream(storage: StreamStorage, subscription: SubscriptionRef): void {
  storage.transaction(() => {
    for (const link of storage.links.all()) {
      const isIt = link.subscription === subscription.id && link.subscriptionIncarnation === subscription.incarnation;
      if (isIt) storage.links.remove(link);
    }
  });
}

/** What a list tells of a stream. */
export function summarize(state: StreamState): StreamSummary {
  const { incarnation, createdAtMs, contentType, expiry, tail, closed } = state;
  const endsAtMs = streamDeadlineMs(state);
  const facts = { incarnation, createdAtMs, contentType, expiry, public: state.public, tail, closed };
  return endsAtMs === undefined ? facts : { ...facts, endsAtMs };
}
