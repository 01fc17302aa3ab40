import type { SubscriptionRef } from "../directory/operations.ts";
import type { LinkOutcome } from "../stream/operations.ts";
import { EXPLICIT, GLOB, JOINING } from "./link-kind.ts";
import type { StoredRecord } from "./record.ts";
import { askEach, type Peers } from "./peers.ts";
import type { Subscription } from "./subscription.ts";

/** Explicit links that are brought about at a time. */
const JOINING_PAGE = 100;

export function refOf({ id, incarnation }: StoredRecord): SubscriptionRef {
  return { id, incarnation };
}

/**
 * Brings about the explicit links that are stored as wanted: tells the directory, which links streams that are created
 * later, then the streams that there are. Until it is through, the alarm begins again. At most `budget` links; gives how
 * many it was.
 */
export async function join(
  subscription: Subscription,
  peers: Peers,
  record: StoredRecord,
  budget: number,
): Promise<number> {
  let joined = 0;
  while (subscription.links.areJoining && joined < budget && isStillThere(subscription, record)) {
    const links = subscription.storage.linksOfKind(JOINING, JOINING_PAGE);
    const paths = links.map(({ path }) => path);
    await peers.putExplicit(record.project, refOf(record), paths);
    const outcomes = await linkAll(peers, record, paths);
    if (!isStillThere(subscription, record)) break;
    subscription.commit(() => {
      for (const [i, path] of paths.entries()) storeJoined(subscription, path, outcomes[i]);
      subscription.step({ kind: "noticed" });
    });
    joined += links.length;
  }
  return joined;
}

/** Links streams that the pattern matches. */
export async function joinMatching(
  subscription: Subscription,
  peers: Peers,
  record: StoredRecord,
  paths: readonly string[],
): Promise<() => void> {
  const outcomes = await linkAll(peers, record, paths);
  return () => {
    for (const [i, path] of paths.entries()) storeMatching(subscription, path, outcomes[i]);
  };
}

/** Whether it is still the same subscription after something was waited for. */
export function isStillThere(subscription: Subscription, { incarnation }: StoredRecord): boolean {
  return subscription.record?.incarnation === incarnation;
}

function linkAll(peers: Peers, record: StoredRecord, paths: readonly string[]): Promise<LinkOutcome[]> {
  return askEach(paths, (path) => peers.link(record.project, path, refOf(record)));
}

/** Meanwhile the link may have been removed, or the stream may have told of itself: it knows better where the link begins. */
function storeJoined(
  { links, toldGeneration: begun }: Subscription,
  path: string,
  outcome: LinkOutcome | undefined,
): void {
  const link = links.get(path);
  if (link === undefined || (link.kind & JOINING) === 0) return;
  const joined = { ...link, kind: link.kind & ~JOINING };
  const isNew = outcome?.kind === "linked" && link.incarnation === null;
  // What was there before the link is nobody's news (section 6.4).
  links.put(
    isNew ? { ...joined, incarnation: outcome.incarnation, acked: outcome.tail, tail: outcome.tail, begun } : joined,
    link,
  );
}

function storeMatching(
  { links, toldGeneration: begun }: Subscription,
  path: string,
  outcome: LinkOutcome | undefined,
): void {
  const link = links.get(path);
  if (link !== undefined) {
    if ((link.kind & GLOB) === 0) links.put({ ...link, kind: link.kind | GLOB }, link);
  } else if (outcome?.kind === "linked") {
    const { incarnation, tail, linkedFrom } = outcome;
    links.put({ path, incarnation, kind: GLOB, acked: linkedFrom ?? tail, tail, begun }, undefined);
  }
}

/** An explicit link that is wanted. One that is there already keeps its cursor. */
export function wantExplicit({ links, toldGeneration: begun }: Subscription, path: string): void {
  const link = links.get(path);
  if (link === undefined) {
    links.put({ path, incarnation: null, kind: EXPLICIT | JOINING, acked: 0, tail: 0, begun }, undefined);
  } else if ((link.kind & EXPLICIT) === 0) {
    links.put({ ...link, kind: link.kind | EXPLICIT | JOINING }, link);
  }
}
