import { quote } from "../../protocol/errors.ts";
import { NOTICE_LATE_MS, SUBSCRIPTION_LINKS_MAX } from "../../protocol/limits.ts";
import { matchesPattern } from "../../protocol/subscription/glob.ts";
import { EXPLICIT, GLOB, JOINING } from "./link-kind.ts";
import type { Notice, NoticeOutcome } from "./operations.ts";
import type { Peers } from "./peers.ts";
import type { LinkRow, StoredRecord } from "./record.ts";
import type { Subscription } from "./subscription.ts";

/**
 * Takes what a stream tells (section 7). A notice that tells nothing new writes nothing; one that does writes its link, and
 * the wake only when there was none.
 */
export async function takeNotice(subscription: Subscription, peers: Peers, notice: Notice): Promise<NoticeOutcome> {
  if (isStranger(subscription, notice)) return "unlinked";
  const link = subscription.links.get(notice.path);
  if (notice.kind === "ended") subscription.streamEnded(notice.incarnation);
  else if (subscription.hasEnded(notice.incarnation)) return "noted";
  if (isDoubtful(link, notice)) {
    const current = await peers.position(notice.project, notice.path);
    // Told by a stream that is no more, too late. It may have ended since it said that it is there.
    const isThere = current.kind === "linked" && current.incarnation === notice.incarnation;
    if (!isThere || subscription.hasEnded(notice.incarnation)) return "noted";
    if (isStranger(subscription, notice)) return "unlinked";
  }
  return subscription.commit(() => {
    const outcome = notice.kind === "ended" ? noteEnd(subscription, notice) : noteAppend(subscription, notice);
    subscription.step({ kind: "noticed" });
    return outcome;
  });
}

function isStranger({ record }: Subscription, notice: Notice): boolean {
  return record?.incarnation !== notice.subscription;
}

/**
 * Whether the stream has to be asked if it is still there. The name of a stream may be used again, and what an earlier one of
 * it had to tell may come after what the later one has. And a notice that was long under way, which its stream has given up,
 * may come after that of the stream's end. Clocks that differ cost a question, and no more.
 */
function isDoubtful(link: LinkRow | undefined, notice: Notice): boolean {
  if (notice.kind === "ended" || link?.incarnation === notice.incarnation) return false;
  const isNew = link === undefined || link.incarnation === null;
  return !isNew || (notice.sentAtMs !== undefined && Date.now() - notice.sentAtMs >= NOTICE_LATE_MS);
}

function noteAppend(subscription: Subscription, notice: Notice): NoticeOutcome {
  const { links, leftOut, record, toldGeneration: begun } = subscription;
  const { path, incarnation, linkedFrom, tail } = notice;
  const link = links.get(path);
  if (link === undefined) {
    if (!isMatched(record, path) || leftOut.has(path, incarnation)) return "unlinked";
    if (links.count >= SUBSCRIPTION_LINKS_MAX) return refuseLink(subscription, path);
    leftOut.remove(path);
    links.put({ path, incarnation, kind: GLOB, acked: linkedFrom, tail, begun }, undefined);
  } else if (link.incarnation !== incarnation) {
    if (link.incarnation !== null) subscription.pathEnded(path);
    links.put({ ...link, incarnation, acked: linkedFrom, tail, begun }, link);
  } else if (tail > link.tail) {
    links.put({ ...link, tail }, link);
  }
  return "noted";
}

/** Nobody asked for the link who could be answered, so that there is none is logged, and the first is kept for whoever looks. */
function refuseLink({ storage, record }: Subscription, path: string): NoticeOutcome {
  console.error(
    `The subscription ${quote(record?.id ?? "")} is linked to ${String(SUBSCRIPTION_LINKS_MAX)} streams, and no more are possible: ${quote(path)} is not linked, and nobody is woken for it. Let another subscription have a part of the pattern.`,
  );
  if (storage.refusedLink() === undefined) storage.putRefusedLink({ path, atMs: Date.now() });
  return "unlinked";
}

/** An explicit link waits for the next stream of its path, as it did before there was one. */
function noteEnd(subscription: Subscription, { path, incarnation }: Notice): NoticeOutcome {
  const { links } = subscription;
  const link = links.get(path);
  if (link === undefined) return "unlinked";
  if (link.incarnation !== incarnation) return "noted";
  subscription.pathEnded(path);
  if ((link.kind & EXPLICIT) === 0) links.remove(link);
  else links.put({ ...link, incarnation: null, acked: 0, tail: 0 }, link);
  return "noted";
}

/** Whether the pattern links a stream. A wake event in the wake stream would be the next thing to wake for. */
function isMatched(record: StoredRecord | undefined, path: string): boolean {
  const { pattern, wakeStream } = record?.config ?? {};
  return pattern !== undefined && path !== wakeStream && matchesPattern(pattern, path);
}

/** What is known of the stream of a path that is named no more. */
export interface Unnamed {
  /** Whether the events of some pull-wake go there at the moment. */
  readonly isWakeStream: boolean;
  /** Of the stream that may be linked already; `undefined` when there is none. */
  readonly incarnation: string | undefined;
}

/**
 * Takes an explicit link away; what the pattern links stays (section 6.1). That is no wake stream, but for one that the pattern had
 * linked before it became one.
 */
export function unwantExplicit(subscription: Subscription, path: string, unnamed: Unnamed): void {
  const { links, leftOut, record } = subscription;
  const link = links.get(path);
  if (link === undefined || (link.kind & EXPLICIT) === 0) return;
  subscription.pathEnded(path);
  const isLeftOut = unnamed.isWakeStream && (link.kind & GLOB) === 0;
  if (link.incarnation !== null && isMatched(record, path) && !isLeftOut) {
    links.put({ ...link, kind: (link.kind | GLOB) & ~(EXPLICIT | JOINING) }, link);
    return;
  }
  links.remove(link);
  const incarnation = link.incarnation ?? unnamed.incarnation;
  if (isLeftOut && isMatched(record, path) && incarnation !== undefined) leftOut.put(path, incarnation);
}
