import { DurableObject } from "cloudflare:workers";
import { accessGranularityMs } from "../../protocol/expiry.ts";
import type { Position } from "../../protocol/offset.ts";
import type { Parsed } from "../../protocol/result.ts";
import type { SegmentLimits } from "../../protocol/segment/limits.ts";
import { sweepObjects } from "../segments/sweep.ts";
import type { SubscriptionRef } from "../directory/operations.ts";
import type { ForkReference } from "../storage/fork-rows.ts";
import type { SegmentIntent } from "../storage/segment-rows.ts";
import { StreamStorage } from "../storage/stream-storage.ts";
import { Announcements } from "./announcements.ts";
import { commitAppends } from "./append.ts";
import { Creations } from "./creations.ts";
import { Endings } from "./endings.ts";
import { grantFork, noSource, type ForkGrant, type GrantRequest } from "./fork.ts";
import { GroupCommit } from "./group-commit.ts";
import { inspectStream, listSegments, type InspectedStream, type SegmentListing } from "./inspect.ts";
import { linkStream, summarize } from "./links.ts";
import { LiveReaders } from "./live-readers.ts";
import { closeQuietly, ENDED_CLOSE_CODE } from "./live-socket.ts";
import { Notices } from "./notices.ts";
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
import { Registrar } from "./registrar.ts";
import { loadState, streamDeadlineMs, type StreamState } from "./state.ts";
import { directories, notifySubscription, readLimits, releaseSource, type StreamEnv } from "./stream-env.ts";
import { Upkeep } from "./upkeep.ts";
import { WaitingBytes } from "./waiting-bytes.ts";

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
  readonly #creations: Creations;
  readonly #endings: Endings;
  readonly #registrar: Registrar;
  readonly #notices: Notices;
  readonly #waiting = new WaitingBytes();
  readonly #announcements = new Announcements();
  /** Whether this awakening has not looked yet at what an earlier one left to do. An alarm looks by itself. */
  #isFresh = true;
  #state: StreamState | undefined;

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
    const shared = {
      storage: this.#storage,
      state: () => this.#state,
      schedule: () => {
        this.#upkeep.schedule();
      },
    };
    this.#registrar = new Registrar({
      ...shared,
      directory: directories(env),
      registered: this.#stored,
    });
    this.#notices = new Notices({
      ...shared,
      notify: (notice) => notifySubscription(env, notice),
      farewellSaid: () => void this.#upkeep.tidy(),
    });
    this.#creations = new Creations({
      ...shared,
      registrar: this.#registrar,
      source: (name) => env.STREAMS.getByName(name),
      current: () => this.#current(Date.now()),
      ending: () => this.#endings.underWay,
      created: this.#stored,
    });
    this.#upkeep = new Upkeep({
      ...shared,
      bucket: env.R2,
      limits: this.#limits,
      registrar: this.#registrar,
      notices: this.#notices,
      sealed: this.#sealed,
      release: (release) => releaseSource(env, release),
      isMaking: (incarnation) => this.#creations.isMaking(incarnation),
      nothingLeft: () => this.#endings.destroy(),
    });
    this.#endings = new Endings({
      ...shared,
      registrar: this.#registrar,
      notices: this.#notices,
      upkeep: this.#upkeep,
      ended: this.#ended,
    });
  }

  /** Creates the stream, or confirms that it is there as asked (section 5.1). */
  create(request: CreateRequest): Promise<CreateOutcome> {
    const body = request.unparsedBody ?? ("code" in request.messages ? undefined : request.messages.payload);
    return this.#waiting.admit(body?.byteLength ?? 0, () => this.#creations.create(request));
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
    if (this.#state?.softDeleted === true && !this.#storage.forks.areThere) void this.#endings.remove();
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

  /**
   * Links a subscription: from now on it is told of what is appended. Linking again changes nothing. A stream that is being
   * created is waited for: it may be in the directory's list already, put there when nobody knew of the subscription yet.
   */
  async link(subscription: SubscriptionRef): Promise<LinkOutcome> {
    if (this.#current(Date.now()) === undefined) await this.#creations.settled();
    this.#notices.linked(subscription);
    const around = { storage: this.#storage, registrar: this.#registrar, state: () => this.#current(Date.now()) };
    return (await linkStream(around, subscription)) ?? this.#absence();
  }

  /** Where the stream ends. Asking does not count as an access. */
  position(): LinkOutcome {
    const state = this.#current(Date.now());
    return state === undefined ? this.#absence() : { kind: "linked", incarnation: state.incarnation, tail: state.tail };
  }

  /** What a list tells of the stream. Asking does not count as an access. */
  summary(): StreamSummary | undefined {
    const state = this.#current(Date.now());
    return state === undefined ? undefined : summarize(state);
  }

  /** Deletes the stream with everything stored of it (section 5.4). */
  async delete(): Promise<DeleteOutcome> {
    if (this.#current(Date.now()) === undefined) return this.#absence();
    await this.#endings.end("the stream was deleted");
    return { kind: "deleted" };
  }

  /** What operators see of the stream. */
  async inspect(): Promise<InspectedStream | undefined> {
    const state = this.#kept();
    if (state === undefined) return undefined;
    return inspectStream(this.#storage, state, this.#readers.count, this.#limits, this.#upkeep.isDeferred(state));
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
    if (this.#isFresh) void this.#registrar.adopt();
    this.#isFresh = false;
    this.#current(Date.now());
    await this.#endings.underWay;
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
    if (added.length > 0 || state.closed !== before.closed) this.#announcements.add(before.tail, added);
    if (added.length > 0 && this.#notices.areWanted) this.#upkeep.comeBy(Notices.latestMs(nowMs));
    return outcomes;
  }

  /** Tells live readers and subscriptions what the last commit added; by now its writers have their answers. */
  #announce(): void {
    const announcement = this.#announcements.take();
    const state = this.#state;
    if (announcement === undefined || state === undefined) return;
    this.#upkeep.appended(state);
    const payloads = announcement.added.map((batch) => batch.payload);
    const { start } = announcement;
    this.#readers.announce({ start, end: state.tail, closed: state.closed }, state.kind, payloads);
    this.#notices.tell();
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
    void this.#endings.end("the stream expired");
    return undefined;
  }

  /** Whatever wakes the object also takes up what was left to do. */
  #takeUp(): void {
    if (!this.#isFresh) return;
    this.#isFresh = false;
    this.#upkeep.resume();
    void this.#registrar.adopt();
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

  /** The stream is there, or registered, from now on. */
  readonly #stored = (state: StreamState): void => {
    this.#state = state;
    this.#notices.tell();
  };

  /** The beginning of the hot log lies in a segment now. */
  readonly #sealed = ({ tail, tally, number }: SegmentIntent): void => {
    if (this.#state === undefined) return;
    this.#state = { ...this.#state, sealed: { end: tail, tally, segments: number + 1 } };
  };

  readonly #ended = (kept: StreamState | undefined, reason: string): void => {
    this.#state = kept;
    this.#announcements.take();
    this.#readers.dismiss(reason);
  };
}
