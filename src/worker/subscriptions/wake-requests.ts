import { protocolError, quote, type ProtocolError } from "../../protocol/errors.ts";
import { WAKE_SETTLED_STREAMS_MAX, WAKE_STREAMS_MAX } from "../../protocol/limits.ts";
import { formatOffset } from "../../protocol/offset.ts";
import { judgeAck } from "../../protocol/subscription/ack.ts";
import type { SubscriptionType } from "../../protocol/subscription/config.ts";
import { isCurrent, type WakeAnswer } from "../../protocol/subscription/wake.ts";
import type { LinkOutcome } from "../stream/operations.ts";
import { linkType } from "./link-kind.ts";
import type {
  AckOutcome,
  AckRequest,
  ClaimOutcome,
  ClaimRequest,
  LinkedStream,
  NoSubscription,
  Refused,
  ReleaseOutcome,
  WakeRequest,
} from "./operations.ts";
import { askEach, type Peers } from "./peers.ts";
import type { LinkRow, StoredRecord } from "./record.ts";
import type { Subscription } from "./subscription.ts";
import { INVALID_WAKE_TOKEN, mintWakeToken, verifyWakeToken } from "./wake-token.ts";

/** With more links than these, a claim without known work does not ask the streams whether there is some after all. */
const ASKED_MAX = 32;

const ABSENT: NoSubscription = { kind: "absent" };

/** What a stream that does not answer comes to. */
const NO_ANSWER: LinkOutcome = { kind: "not-found" };

const FENCED = protocolError(
  "FENCED",
  "The wake is over: it was finished or released, or its lease ended; nothing was changed. Work with the next wake.",
);

const NO_PENDING_WORK = protocolError(
  "NO_PENDING_WORK",
  "No stream of the subscription has messages past its cursor; wait for the next wake.",
);

/** What is asked for wakes: claims, and acks, callbacks and releases with a wake's own token (sections 7.1 to 7.3). */
export class WakeRequests {
  readonly #subscription: Subscription;
  readonly #peers: Peers;

  constructor(subscription: Subscription, peers: Peers) {
    this.#subscription = subscription;
    this.#peers = peers;
  }

  async claim({ worker }: ClaimRequest): Promise<ClaimOutcome> {
    const { record } = this.#subscription;
    if (record === undefined) return ABSENT;
    const wrong = wrongType(record, "pull-wake");
    if (wrong !== undefined) return refused(wrong);
    const tails = this.#mayHaveMissedWork() ? await this.#askTails(this.#allPaths(), unknown) : [];
    if (this.#subscription.record?.incarnation !== record.incarnation) return ABSENT;
    const answer = this.#subscription.commit(() => {
      this.#advance(tails);
      const step = this.#subscription.step({ kind: "claimed", worker });
      if (tails.length > 0 && tails.every(hasAnswered)) this.#subscription.streamsHadNoNews();
      return step;
    });
    return this.#claimed(record, answer);
  }

  async #claimed(record: StoredRecord, answer: WakeAnswer): Promise<ClaimOutcome> {
    if (answer.kind === "already-claimed") return alreadyClaimed(answer.holder, answer.generation);
    if (answer.kind !== "claimed") return refused(NO_PENDING_WORK);
    const { id: wakeId, generation } = answer.wake;
    // Before anything is waited for: what is listed is what the cursors were at the claim.
    const streams = this.#listed();
    const token = await mintWakeToken(record, answer.wake, Date.now());
    return { kind: "claimed", wakeId, generation, token, streams, leaseTtlMs: record.config.leaseTtlMs };
  }

  ack(request: AckRequest): Promise<AckOutcome> {
    return this.#acknowledge(request, "pull-wake");
  }

  callback(request: AckRequest): Promise<AckOutcome> {
    return this.#acknowledge(request, "webhook");
  }

  async release(request: WakeRequest): Promise<ReleaseOutcome> {
    const problem = await this.#tokenProblem(request, "pull-wake");
    if (problem !== undefined) return problem;
    const { wakeId, generation } = request;
    const answer = this.#subscription.commit(() => this.#subscription.step({ kind: "released", wakeId, generation }));
    return answer.kind === "accepted" ? { kind: "released" } : refused(FENCED);
  }

  async #acknowledge(request: AckRequest, type: SubscriptionType): Promise<AckOutcome> {
    const problem = await this.#tokenProblem(request, type);
    if (problem !== undefined) return problem;
    const record = this.#subscription.record;
    // What was appended a moment ago may have been read already, and not been told yet.
    const beyond = this.#isCurrent(request) ? this.#pastTail(request) : [];
    const tails = beyond.length > 0 ? await this.#askTails(beyond) : [];
    if (this.#subscription.record?.incarnation !== record?.incarnation) return refused(INVALID_WAKE_TOKEN);
    return this.#subscription.commit(() => this.#apply(request, tails));
  }

  /** All of the acks, or none. */
  #apply(request: AckRequest, tails: readonly AskedTail[]): AckOutcome {
    this.#subscription.step({ kind: "ticked" });
    if (!this.#isCurrent(request)) return refused(FENCED);
    this.#advance(tails);
    const wrong = this.#wrongAck(request);
    // What the streams told is true all the same, and stays.
    if (wrong !== undefined) return refused(wrong);
    const hasMoved = this.#move(request);
    const { wakeId, generation, done } = request;
    const answer = this.#subscription.step({ kind: "acked", wakeId, generation, done, hasMoved });
    return answer.kind === "accepted" ? { kind: "acked", nextWake: answer.nextWake } : refused(FENCED);
  }

  /** Whether any cursor did. */
  #move({ acks, generation }: AckRequest): boolean {
    const { links } = this.#subscription;
    let hasMoved = false;
    for (const { path, offset } of acks) {
      const link = links.get(path);
      if (link === undefined || offset <= link.acked || isOfAnEarlierStream(link, generation)) continue;
      if (this.#subscription.isOver(path, link)) continue;
      links.put({ ...link, acked: offset }, link);
      hasMoved = true;
    }
    return hasMoved;
  }

  #wrongAck({ acks, generation }: AckRequest): ProtocolError | undefined {
    const cursors = new Map<string, LinkRow>();
    for (const { path, offset } of acks) {
      const link = cursors.get(path) ?? this.#subscription.links.get(path);
      // One stream that ended must not keep what was done of all the others from being acked.
      if (this.#subscription.isOver(path, link)) continue;
      if (link === undefined) return invalidAck(path, "the subscription is not linked to that stream");
      if (isOfAnEarlierStream(link, generation)) continue;
      const judged = judgeAck(link, offset);
      if (judged === "back") {
        return invalidAck(path, `${formatOffset(offset)} lies before what is acked, ${formatOffset(link.acked)}`);
      }
      if (judged === "past-tail") {
        return invalidAck(path, `${formatOffset(offset)} lies past the end of the stream, ${formatOffset(link.tail)}`);
      }
      cursors.set(path, { ...link, acked: offset });
    }
    return undefined;
  }

  /** Who sends a token of this subscription may speak for its wakes; for which one is judged with the request. */
  async #tokenProblem(request: WakeRequest, type: SubscriptionType): Promise<Refused | undefined> {
    const { record } = this.#subscription;
    // Whoever has no token learns nothing, not even whether there is such a subscription.
    if (record === undefined) return refused(INVALID_WAKE_TOKEN);
    const token = await verifyWakeToken(request.token, record, Date.now());
    if (!token.ok) return refused(token.error);
    if (this.#subscription.record?.incarnation !== record.incarnation) return refused(INVALID_WAKE_TOKEN);
    const wrong = wrongType(record, type);
    if (wrong !== undefined) return refused(wrong);
    const { id, generation } = token.value;
    return id === request.wakeId && generation === request.generation ? undefined : refused(FENCED);
  }

  #isCurrent(request: WakeRequest): boolean {
    const type = this.#subscription.record?.config.type ?? "webhook";
    return isCurrent(this.#subscription.wake.state, request, { type, nowMs: Date.now() });
  }

  #pastTail({ acks }: AckRequest): string[] {
    const past = acks.filter(({ path, offset }) => {
      const link = this.#subscription.links.get(path);
      return link !== undefined && judgeAck(link, offset) === "past-tail";
    });
    return [...new Set(past.map(({ path }) => path))];
  }

  #mayHaveMissedWork(): boolean {
    const { links, wake, hadNoNews } = this.#subscription;
    if (hadNoNews || wake.state.phase.kind === "held") return false;
    return !links.havePending && links.count <= ASKED_MAX;
  }

  #allPaths(): string[] {
    return this.#subscription.storage.linksAfter("", ASKED_MAX).map(({ path }) => path);
  }

  /** @param otherwise what a stream that does not answer comes to; without it, the whole question fails. */
  #askTails(paths: readonly string[], otherwise?: (error: unknown) => LinkOutcome): Promise<AskedTail[]> {
    const project = this.#subscription.record?.project ?? "";
    return askEach(paths, async (path) => {
      return { path, outcome: await this.#peers.position(project, path).catch(otherwise) };
    });
  }

  /** Takes what streams told of themselves. One of another incarnation tells by a notice where its link begins. */
  #advance(tails: readonly AskedTail[]): void {
    const { links } = this.#subscription;
    for (const { path, outcome } of tails) {
      const link = links.get(path);
      if (link === undefined || outcome.kind !== "linked" || outcome.tail <= link.tail) continue;
      if (link.incarnation === outcome.incarnation) links.put({ ...link, tail: outcome.tail }, link);
    }
  }

  #listed(): LinkedStream[] {
    const { links, storage, wake } = this.#subscription;
    const pending = links.pending(WAKE_STREAMS_MAX, wake.state.generation);
    const settled = storage.settledLinks(Math.max(0, WAKE_SETTLED_STREAMS_MAX - pending.length));
    return [...pending, ...settled].map(linkedStream);
  }
}

/** A stream that does not answer hides no work of the others. */
function unknown(error: unknown): LinkOutcome {
  console.error("A stream could not be asked whether it has news:", error);
  return NO_ANSWER;
}

function hasAnswered({ outcome }: AskedTail): boolean {
  return outcome !== NO_ANSWER;
}

/**
 * The stream that was acked is deleted, and another one has its name. Whoever acks has done what was asked of them, and the
 * later stream waits for the next wake.
 */
function isOfAnEarlierStream({ begun }: LinkRow, generation: number): boolean {
  return generation <= begun;
}

interface AskedTail {
  readonly path: string;
  readonly outcome: LinkOutcome;
}

export function linkedStream({ path, kind, acked, tail }: LinkRow): LinkedStream {
  return { path, linkType: linkType(kind), acked, tail };
}

function wrongType({ config }: StoredRecord, wanted: SubscriptionType): ProtocolError | undefined {
  if (config.type === wanted) return undefined;
  const how = config.type === "webhook" ? "answer its webhook, or call back" : "claim, and ack or release";
  return protocolError("INVALID_SUBSCRIPTION", `The subscription's type is ${config.type}: ${how}.`);
}

function alreadyClaimed(holder: string, generation: number): Refused {
  const error = protocolError(
    "ALREADY_CLAIMED",
    `The worker ${quote(holder)} holds the lease; wait for the next wake, or until the lease ends.`,
  );
  return { kind: "refused", error, currentHolder: holder, generation };
}

function invalidAck(path: string, why: string): ProtocolError {
  return protocolError("INVALID_ACK", `The ack for ${quote(path)} is refused: ${why}. None of the acks was applied.`);
}

function refused(error: ProtocolError): Refused {
  return { kind: "refused", error };
}
