import { STREAM_LINKS_MAX } from "../../protocol/limits.ts";
import type { Position } from "../../protocol/offset.ts";
import type { SubscriptionRef } from "../directory/operations.ts";
import type { LinkRows } from "../storage/link-rows.ts";
import type { StreamStorage } from "../storage/stream-storage.ts";
import type { LinkOutcome, StreamSummary } from "./operations.ts";
import { splitStreamName } from "./stream-name.ts";
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
  links.forgetEnded(incarnation);
}

export interface LinkingSurroundings {
  readonly storage: StreamStorage;
  /** The stream, unless there is none or its time is over. */
  readonly state: () => StreamState | undefined;
  readonly registrar: {
    deletedAmong(project: string, subscriptions: readonly SubscriptionRef[]): Promise<readonly SubscriptionRef[]>;
  };
}

/**
 * Links one subscription from the tail on (section 6.1): what is there already is not news. Where the stream has no room for
 * it, those are forgotten first that were deleted: of that the stream hears only when it has something to tell them.
 * `undefined` when there is no stream.
 */
export async function linkStream(
  around: LinkingSurroundings,
  subscription: SubscriptionRef,
): Promise<LinkOutcome | undefined> {
  const { storage, state, registrar } = around;
  const current = state();
  const linked = current === undefined ? undefined : linkIfRoom(storage, current, subscription);
  if (current === undefined || linked?.kind !== "full") return linked;
  const refs = storage.links
    .all()
    .map(({ subscription: id, subscriptionIncarnation: incarnation }) => ({ id, incarnation }));
  const deleted = await registrar.deletedAmong(splitStreamName(current.name).project, refs);
  for (const one of deleted) unlinkStream(storage, one);
  const now = state();
  return now === undefined ? undefined : linkIfRoom(storage, now, subscription);
}

function linkIfRoom(storage: StreamStorage, state: StreamState, subscription: SubscriptionRef): LinkOutcome {
  const { incarnation, tail } = state;
  const { links } = storage;
  const isNew = links.find(incarnation, subscription.id) === undefined;
  if (isNew && links.count(incarnation) >= STREAM_LINKS_MAX) return { kind: "full" };
  storage.transaction(() => {
    addLinks(links, state, [subscription], tail, Date.now());
  });
  const linkedFrom = links.find(incarnation, subscription.id)?.linkedFrom ?? tail;
  return { kind: "linked", incarnation, tail, linkedFrom };
}

/** Forgets a subscription, unless its id stands for a later one. What ended needs not be told to it either. */
function unlinkStream(storage: StreamStorage, subscription: SubscriptionRef): void {
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
