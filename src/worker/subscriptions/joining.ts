import { protocolError, quote, type ProtocolError } from "../../protocol/errors.ts";
import { STREAM_LINKS_MAX } from "../../protocol/limits.ts";
import type { SubscriptionRef } from "../directory/operations.ts";
import type { LinkOutcome } from "../stream/operations.ts";
import { EXPLICIT, GLOB, JOINING } from "./link-kind.ts";
import type { MembershipOutcome } from "./operations.ts";
import { unwantExplicit, type Unnamed } from "./notices.ts";
import type { StoredRecord } from "./record.ts";
import { askEach, type Peers } from "./peers.ts";
import type { Subscription } from "./subscription.ts";

/** Explicit links that are brought about at a time. */
const JOINING_PAGE = 100;

function refOf({ id, incarnation }: StoredRecord): SubscriptionRef {
  return { id, incarnation };
}

/**
 * Brings about the explicit links that are stored as wanted: tells the directory, which links streams that are created
 * later, then the streams that there are. Until it is through, the alarm begins again. At most `budget` links; gives how
 * many it was. What cannot be linked is wanted no more, and thrown as {@link TooManyLinks} when all the rest is linked.
 */
export async function join(
  subscription: Subscription,
  peers: Peers,
  record: StoredRecord,
  budget: number,
): Promise<number> {
  let joined = 0;
  let full: string | undefined;
  while (subscription.links.areJoining && joined < budget && isStillThere(subscription, record)) {
    const paths = subscription.storage.linksOfKind(JOINING, JOINING_PAGE).map(({ path }) => path);
    const unnamed = await peers.putExplicit(record.project, refOf(record), paths);
    const outcomes = await linkAll(peers, record, paths);
    if (!isStillThere(subscription, record)) break;
    const refused = paths.filter((path, i) => outcomes[i]?.kind === "full" || unnamed.includes(path));
    // The directory first, as when a link is removed.
    const unwanted = new Map<string, Unnamed>();
    for (const path of refused) unwanted.set(path, await unname(subscription, peers, record, path));
    if (!isStillThere(subscription, record)) break;
    subscription.commit(() => {
      for (const [i, path] of paths.entries()) {
        const left = unwanted.get(path);
        if (left !== undefined) unwantExplicit(subscription, path, left);
        else storeJoined(subscription, path, outcomes[i]);
      }
      subscription.step({ kind: "noticed" });
    });
    full ??= refused[0];
    joined += paths.length;
  }
  if (full !== undefined && isStillThere(subscription, record)) throw new TooManyLinks(full);
  return joined;
}

/** Links streams explicitly. Where one cannot be linked the others are, and asking for them again changes nothing. */
export async function addExplicit(
  subscription: Subscription,
  peers: Peers,
  record: StoredRecord,
  paths: readonly string[],
): Promise<MembershipOutcome> {
  subscription.commit(() => {
    for (const path of paths) wantExplicit(subscription, path);
  });
  try {
    await join(subscription, peers, record, Infinity);
    return { kind: "done" };
  } catch (error) {
    if (error instanceof TooManyLinks) return { kind: "refused", error: error.error };
    throw error;
  }
}

/** Has the directory forget a path that was named, before the subscription does: when this fails the link is still there. */
export async function unname(
  { links }: Subscription,
  peers: Peers,
  record: StoredRecord,
  path: string,
): Promise<Unnamed> {
  const { isWakeStream } = await peers.removeExplicit(record.project, refOf(record), path);
  const incarnation = links.get(path)?.incarnation ?? undefined;
  if (!isWakeStream || incarnation !== undefined) return { isWakeStream, incarnation };
  // It may have been linked a moment ago, and then tells of itself.
  const position = await peers.position(record.project, path);
  return { isWakeStream, incarnation: position.kind === "linked" ? position.incarnation : undefined };
}

/** Links streams that the pattern matches; gives what is to be stored of it. */
export async function joinMatching(
  subscription: Subscription,
  peers: Peers,
  record: StoredRecord,
  paths: readonly string[],
): Promise<() => void> {
  const outcomes = await linkAll(peers, record, paths);
  const full = paths.find((_path, i) => outcomes[i]?.kind === "full");
  if (full !== undefined) throw new TooManyLinks(full);
  return () => {
    for (const [i, path] of paths.entries()) storeMatching(subscription, path, outcomes[i]);
  };
}

/** A stream is linked to as many subscriptions as may be. */
export class TooManyLinks extends Error {
  override readonly name = "TooManyLinks";
  readonly error: ProtocolError;

  constructor(path: string) {
    const error = protocolError(
      "TOO_MANY_LINKS",
      `The stream ${quote(path)} is linked to ${String(STREAM_LINKS_MAX)} subscriptions, and no more are possible; delete those that nobody needs, or leave this stream out.`,
    );
    super(error.message);
    this.error = error;
  }
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
  { links, leftOut, toldGeneration: begun }: Subscription,
  path: string,
  outcome: LinkOutcome | undefined,
): void {
  const link = links.get(path);
  leftOut.remove(path);
  if (link !== undefined) {
    if ((link.kind & GLOB) === 0) links.put({ ...link, kind: link.kind | GLOB }, link);
  } else if (outcome?.kind === "linked") {
    const { incarnation, tail, linkedFrom } = outcome;
    links.put({ path, incarnation, kind: GLOB, acked: linkedFrom ?? tail, tail, begun }, undefined);
  }
}

/** An explicit link that is wanted. One that is there already keeps its cursor. */
export function wantExplicit({ links, leftOut, toldGeneration: begun }: Subscription, path: string): void {
  const link = links.get(path);
  leftOut.remove(path);
  if (link === undefined) {
    links.put({ path, incarnation: null, kind: EXPLICIT | JOINING, acked: 0, tail: 0, begun }, undefined);
  } else if ((link.kind & EXPLICIT) === 0) {
    links.put({ ...link, kind: link.kind | EXPLICIT | JOINING }, link);
  }
}

/**
 * Says, before the directory forgets an explicit link, that it may not know it: should the object be lost before it has stored
 * the removal, the link is there and is wanted anew, or streams that are created later would not be linked.
 */
export function doubtExplicit({ links }: Subscription, path: string): void {
  const link = links.get(path);
  if (link !== undefined && (link.kind & EXPLICIT) !== 0) links.put({ ...link, kind: link.kind | JOINING }, link);
}
