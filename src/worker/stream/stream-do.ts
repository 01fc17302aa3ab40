import { DurableObject } from "cloudflare:workers";
import { accessGranularityMs } from "../../protocol/expiry.ts";
import type { MessageBatch } from "../../protocol/messages.ts";
import type { Position } from "../../protocol/offset.ts";
import { parsed, type Parsed } from "../../protocol/result.ts";
import { parseSegmentLimits, type SegmentLimits } from "../../protocol/segment/limits.ts";
import { sweepObjects } from "../segments/sweep.ts";
import { withinTime } from "../segments/within-time.ts";
import type { DirectoryDO } from "../directory/directory-do.ts";
import type { SubscriptionRef } from "../directory/operations.ts";
import type { SubscriptionDO } from "../subscriptions/subscription-do.ts";
import type { ForkReference } from "../storage/fork-rows.ts";
import type { SegmentIntent } from "../storage/segment-rows.ts";
import { StreamStorage } from "../storage/stream-storage.ts";
import { commitAppends } from "./append.ts";
import { confirmStream, createdOutcome, insertStream, newStream } from "./create.ts";
import { grantFork, noSource, type ForkGrant, type GrantRequest } from "./fork.ts";
import { ForkMaking, HELD_BY_FORKS } from "./fork-making.ts";
import { GroupCommit } from "./group-commit.ts";
import { inspectStream, listSegments, type InspectedStream, type SegmentListing } from "./inspect.ts";
import { LiveReaders } from "./live-readers.ts";
import { closeQuietly, ENDED_CLOSE_CODE } from "./live-socket.ts";
import type {
  Absence,
  AppendOutcome,
  AppendRequest,
  CreateOutcome,
  CreateRequest,
  DeleteOutcome,
  HeadOutcome,
  InheritedRead,
  LinkOutcome,
  StreamSummary,
} from "./operations.ts";
import { answerInherited, answerRead, refuseRead, resolveStart } from "./read.ts";
import { decodeInheritedRead, decodeReadRequest, encodeReadResponse } from "./read-wire.ts";
import { loadState, streamDeadlineMs, type StreamState } from "./state.ts";
import { Upkeep } from "./upkeep.ts";
import { WaitingBytes } from "./waiting-bytes.ts";

/** What a stream's object needs of its environment. */
export interface StreamEnv {
  /** The streams: a Durable Object each, of the class `StreamDO`, with SQLite storage. */
  STREAMS: DurableObjectNamespace<StreamDO>;
  /** Holds the sealed segments of the streams. */
  R2: R2Bucket;
  /** Lists the streams of a project; a Durable Object each, of the class `DirectoryDO`. Without it there are no lists and no subscriptions. */
  DIRECTORY?: DurableObjectNamespace<DirectoryDO>;
  /** The subscriptions: a Durable Object each, of the class `SubscriptionDO`. */
  SUBSCRIPTIONS?: DurableObjectNamespace<SubscriptionDO>;
  /** Messages that a hot log may hold before it is sealed, from 1 to 100,000. Default `1000`. */
  SEGMENT_MAX_MESSAGES?: string;
  /** Bytes of payload that a hot log may hold before it is sealed, from 1 to 16,777,216. Default `4194304`. */
  SEGMENT_MAX_BYTES?: string;
}

/** How long a fork that ended waits for its source; then it tries again later. */
const RELEASE_PATIENCE_MS = 20_000;

/** Messages that are committed and that live readers have not been told of yet. */
interface Announcement {
  readonly start: Position;
  readonly added: readonly MessageBatch[];
}

/**
 * One stream: the single place where its order is made. All state lies in the object's SQLite; what is kept in memory
 * can be lost at any time and is loaded again.
 */
export class StreamDO extends DurableObject<StreamEnv> {
  readonly #storage: StreamStorage;
  readonly #readers: LiveReaders;
  readonly #appends: GroupCommit<AppendRequest, AppendOutcome>;
  readonly #upkeep: Upkeep;
  readonly #limits: SegmentLimits | undefined;
  readonly #forks: ForkMaking;
  readonly #waiting = new WaitingBytes();
  /** Creations come one after the other: that of a fork waits for another object. */
  #creating: Promise<unknown> = Promise.resolve();
  /** Whether this awakening has not looked yet at what an earlier one left to do. An alarm looks by itself. */
  #isFresh = true;
  #state: StreamState | undefined;
  #ending: Promise<void> | undefined;
  #announcement: Announcement | undefined;

  constructor(ctx: DurableObjectState, env: StreamEnv) {
    super(ctx, env);
    this.#storage = new StreamStorage(ctx.storage);
    this.#readers = new LiveReaders(ctx);
    // Only heads of the first version do not hold the name, and long names are not handed on by the platform.
    this.#state = loadState(this.#storage, ctx.id.name ?? `unnamed/${ctx.id.toString()}`);
    this.#appends = new GroupCommit({
      commit: (requests) => this.#commit(requests),
      durable: () => this.#storage.durable(),
      afterCommit: () => this.#announce(),
      nextTurn: () => scheduler.wait(0),
      nowMs: Date.now,
    });
    this.#limits = readLimits(env);
    this.#upkeep = new Upkeep({
      storage: this.#storage,
      bucket: env.R2,
      limits: this.#limits,
      state: () => this.#state,
      sealed: (segment) => {
        this.#sealed(segment);
      },
      release: async ({ source, fork, incarnation }) => {
        await withinTime(RELEASE_PATIENCE_MS, env.STREAMS.getByName(source).releaseFork({ fork, incarnation }), source);
      },
      isMaking: (incarnation) => this.#forks.isMaking(incarnation),
      nothingLeft: () => this.#destroy(),
    });
    this.#forks = new ForkMaking({
      storage: this.#storage,
      source: (name) => env.STREAMS.getByName(name),
      schedule: () => {
        this.#upkeep.schedule();
      },
    });
  }

  /** Creates the stream, or confirms that it is there as asked (section 5.1). */
  create(request: CreateRequest): Promise<CreateOutcome> {
    const body = request.unparsedBody ?? ("code" in request.messages ? undefined : request.messages.payload);
    return this.#waiting.admit(body?.byteLength ?? 0, () => {
      const created = this.#creating.then(() => this.#create(request));
      this.#creating = created.catch(() => undefined);
      return created;
    });
  }

  async #create(request: CreateRequest): Promise<CreateOutcome> {
    let existing = this.#current(Date.now());
    if (existing === undefined && this.#ending !== undefined) {
      await this.#ending;
      existing = this.#current(Date.now());
    }
    if (existing !== undefined) return confirmStream(existing, request);
    if (this.#state !== undefined) return { kind: "refused", error: HELD_BY_FORKS };
    const made =
      request.fork === undefined ? parsed(this.#insert(request)) : await this.#forks.make(request, request.fork);
    if (!made.ok) return { kind: "refused", error: made.error };
    this.#state = made.value;
    this.#upkeep.schedule();
    return createdOutcome("created", made.value);
  }

  #insert(request: CreateRequest): StreamState {
    const stream = newStream(request, crypto.randomUUID());
    return this.#storage.transaction(() => insertStream(this.#storage, stream, Date.now()));
  }

  /** Takes a fork among those that need this stream; gives what it inherits (section 4.2). */
  grantFork(request: GrantRequest): Parsed<ForkGrant> {
    const nowMs = Date.now();
    const state = this.#current(nowMs);
    return state === undefined
      ? noSource(request.fork.source, this.#state !== undefined)
      : grantFork(this.#storage, state, request, nowMs);
  }

  /** A fork needs this stream no more. When it was the last one of a stream that ended, that is removed for good. */
  releaseFork(reference: ForkReference): void {
    this.#takeUp();
    this.#storage.forks.remove(reference);
    if (this.#state?.softDeleted === true && !this.#storage.forks.areThere) void this.#remove(this.#state);
  }

  /** Appends, closes, or both (sections 5.2 and 5.3), in one commit with whatever else arrives at the moment. */
  append(request: AppendRequest): Promise<AppendOutcome> {
    const bytes = "code" in request.messages ? 0 : request.messages.payload.byteLength;
    return this.#waiting.admit(bytes, () => this.#appends.submit(request));
  }

  /** What `HEAD` tells (section 5.5). Asking does not count as an access. */
  head(): HeadOutcome {
    const state = this.#current(Date.now());
    if (state === undefined) return this.#absence();
    const { contentType, expiry, tail, closed } = state;
    return { kind: "found", contentType, expiry, public: state.public, next: tail, closed };
  }

  /** Links a subscription: from now on it is told of what is appended. Linking again changes nothing. */
  link(_subscription: SubscriptionRef): LinkOutcome {
    throw new Error("not there yet");
  }

  unlink(_subscription: SubscriptionRef): void {
    throw new Error("not there yet");
  }

  /** Where the stream ends. Asking does not count as an access. */
  position(): LinkOutcome {
    throw new Error("not there yet");
  }

  /** What a list tells of the stream. Asking does not count as an access. */
  summary(): StreamSummary | undefined {
    throw new Error("not there yet");
  }

  /** Deletes the stream with everything stored of it (section 5.4). */
  async delete(): Promise<DeleteOutcome> {
    if (this.#current(Date.now()) === undefined) return this.#absence();
    await this.#end("the stream was deleted");
    return { kind: "deleted" };
  }

  /** What operators see of the stream. */
  async inspect(): Promise<InspectedStream | undefined> {
    const state = this.#kept();
    if (state === undefined) return undefined;
    return inspectStream(this.#storage, state, this.#readers.count, this.#limits);
  }

  /** The part of the manifest that begins with the segment that holds `from`, or the first one after it. */
  listSegments(from: Position, limit: number): SegmentListing | undefined {
    const state = this.#kept();
    return state === undefined ? undefined : listSegments(this.#storage, state, from, limit);
  }

  /** Removes objects of this name that no manifest names; gives their keys. */
  async sweep(name: string): Promise<string[]> {
    return sweepObjects(this.env.R2, { name, storage: this.#storage, state: () => this.#state });
  }

  /** Reads, and takes in live readers (sections 5.6 to 5.8); see `read-wire.ts` for the form. */
  override fetch(request: Request): Response {
    const inherited = decodeInheritedRead(request);
    if (inherited !== undefined) return this.#readInherited(inherited);
    const nowMs = Date.now();
    const state = this.#current(nowMs);
    const read = decodeReadRequest(request);
    // Whether there is a stream that is not public is none of such a reader's business.
    if (read.publicOnly && state?.public !== true) return encodeReadResponse({ kind: "not-public" }, null);
    if (state === undefined) return encodeReadResponse(this.#absence(), null);
    const start = resolveStart(state, read.from);
    if (typeof start !== "number") return refuseRead(state, start);
    const touched = this.#touch(state, nowMs);
    return answerRead({ storage: this.#storage, readers: this.#readers, state: touched, nowMs }, read, start);
  }

  /** For a fork: also of a stream that has ended, but never of another one of its name. */
  #readInherited(read: InheritedRead): Response {
    const state = this.#kept();
    if (state?.incarnation !== read.incarnation) return encodeReadResponse({ kind: "not-found" }, null);
    return answerInherited(this.#storage, state, read);
  }

  /** Ends the stream when its time has come (section 5.1), seals its hot log, purges what was before it. */
  override async alarm(): Promise<void> {
    this.#isFresh = false;
    this.#current(Date.now());
    await this.#ending;
    await this.#upkeep.run();
  }

  override webSocketClose(socket: WebSocket): void {
    closeQuietly(socket, ENDED_CLOSE_CODE, "");
    this.#readerLeft();
  }

  override webSocketError(): void {
    this.#readerLeft();
  }

  /** Until now the reader kept the stream alive: its sliding window begins anew, and the reader has time to come back. */
  #readerLeft(): void {
    if (this.#state !== undefined) this.#touch(this.#state, Date.now());
  }

  #commit(requests: readonly AppendRequest[]): readonly AppendOutcome[] {
    const nowMs = Date.now();
    const before = this.#current(nowMs);
    if (before === undefined) return requests.map(() => this.#absence());
    const { state, outcomes, added } = commitAppends(this.#storage, before, requests, nowMs);
    this.#state = state;
    // A retry that stores nothing is still somebody using the stream.
    if (outcomes.some(({ kind }) => kind === "duplicate")) this.#touch(state, nowMs);
    if (added.length > 0 || state.closed !== before.closed) this.#toAnnounce(before.tail, added);
    return outcomes;
  }

  /** A group that fails is committed one by one, and all that comes of it is told at once. */
  #toAnnounce(start: Position, added: readonly MessageBatch[]): void {
    const earlier = this.#announcement;
    this.#announcement = earlier === undefined ? { start, added } : { ...earlier, added: [...earlier.added, ...added] };
  }

  /** Tells live readers what the last commit added; by now its writers have their answers. */
  #announce(): void {
    const announcement = this.#announcement;
    const state = this.#state;
    this.#announcement = undefined;
    if (announcement === undefined || state === undefined) return;
    this.#upkeep.appended(state);
    const payloads = announcement.added.map((batch) => batch.payload);
    const { start } = announcement;
    this.#readers.announce({ start, end: state.tail, closed: state.closed }, state.kind, payloads);
  }

  /** The stream, unless there is none or its time is over; in that case what is left of it is removed. */
  #current(nowMs: number): StreamState | undefined {
    this.#takeUp();
    const state = this.#state;
    if (state === undefined || state.softDeleted) return undefined;
    const deadline = streamDeadlineMs(state);
    if (deadline === undefined || nowMs < deadline) return state;
    // Live readers keep a stream with a sliding window alive for as long as they listen (section 5.1).
    if (state.expiry.kind === "ttl" && this.#readers.count > 0) return this.#touch(state, nowMs);
    void this.#end("the stream expired");
    return undefined;
  }

  /** Whatever wakes the object also takes up what was left to do. */
  #takeUp(): void {
    if (!this.#isFresh) return;
    this.#isFresh = false;
    this.#upkeep.resume();
  }

  /** The stream, also when it has ended and is there for its forks alone: operators see those too. */
  #kept(): StreamState | undefined {
    return this.#current(Date.now()) ?? this.#state;
  }

  /** Counts an access towards the sliding window. It is written down only now and then: reads must not cost rows. */
  #touch(state: StreamState, nowMs: number): StreamState {
    if (state.expiry.kind !== "ttl") return state;
    const isDue = nowMs - state.accessedAtMs >= accessGranularityMs(state.expiry);
    if (isDue) this.#storage.head.setAccessed(nowMs);
    const touched = { ...state, lastAccessMs: nowMs, accessedAtMs: isDue ? nowMs : state.accessedAtMs };
    this.#state = touched;
    return touched;
  }

  /** Why there is nothing to read, to write or to delete. */
  #absence(): Absence {
    return { kind: this.#state === undefined ? "not-found" : "gone" };
  }

  /** Ends the stream at once. While forks need it, it stays for them (section 4.2). */
  async #end(reason: string): Promise<void> {
    const ended = this.#state;
    if (ended !== undefined && this.#storage.forks.areThere) this.#softDelete(ended);
    else await this.#remove(ended, reason);
  }

  #softDelete(ended: StreamState): void {
    const kept = { ...ended, softDeleted: true };
    this.#storage.head.put(kept);
    this.#state = kept;
    this.#announcement = undefined;
    this.#readers.dismiss("the stream ended");
    this.#upkeep.schedule();
  }

  /** Removes the stream for good. What is left to do elsewhere, in R2 or at its source, is done by the alarm. */
  #remove(ended: StreamState | undefined, reason = "the stream ended"): Promise<void> {
    const leavesWork = ended !== undefined && this.#leavesWork(ended);
    // Before anything else: when this fails, nothing has ended.
    if (leavesWork) this.#storage.removeStream(ended, Date.now());
    this.#state = undefined;
    this.#announcement = undefined;
    this.#readers.dismiss(reason);
    if (!leavesWork) return this.#destroy();
    this.#upkeep.schedule();
    return Promise.resolve();
  }

  #leavesWork({ fork }: StreamState): boolean {
    return fork !== undefined || this.#storage.segments.mayHaveObjects || this.#storage.hasAftermath;
  }

  #destroy(): Promise<void> {
    this.#upkeep.forget();
    this.#ending = this.#storage.destroy();
    return this.#ending;
  }

  /** The beginning of the hot log lies in a segment now. */
  #sealed({ tail, tally, number }: SegmentIntent): void {
    if (this.#state === undefined) return;
    this.#state = { ...this.#state, sealed: { end: tail, tally, segments: number + 1 } };
  }
}

/** The edge refuses every request while they are wrong; what the object does by itself has nobody to tell but the log. */
function readLimits(env: StreamEnv): SegmentLimits | undefined {
  const limits = parseSegmentLimits(env);
  if (limits.ok) return limits.value;
  console.error(limits.error.message);
  return undefined;
}
