import { DurableObject } from "cloudflare:workers";
import { protocolError } from "../../protocol/errors.ts";
import { accessGranularityMs } from "../../protocol/expiry.ts";
import { APPEND_QUEUE_MAX_BYTES } from "../../protocol/limits.ts";
import type { MessageBatch } from "../../protocol/messages.ts";
import type { Position } from "../../protocol/offset.ts";
import { parseSegmentLimits, type SegmentLimits } from "../../protocol/segment/limits.ts";
import { sweepObjects } from "../segments/sweep.ts";
import type { SegmentIntent } from "../storage/segment-rows.ts";
import { StreamStorage } from "../storage/stream-storage.ts";
import { commitAppends } from "./append.ts";
import { confirmStream, createdOutcome, insertStream } from "./create.ts";
import { GroupCommit } from "./group-commit.ts";
import { inspectStream, listSegments, type InspectedStream, type SegmentListing } from "./inspect.ts";
import { LiveReaders } from "./live-readers.ts";
import { closeQuietly, ENDED_CLOSE_CODE } from "./live-socket.ts";
import type {
  AppendOutcome,
  AppendRequest,
  CreateOutcome,
  CreateRequest,
  DeleteOutcome,
  HeadOutcome,
} from "./operations.ts";
import { answerRead, resolveStart } from "./read.ts";
import { decodeReadRequest, encodeReadResponse } from "./read-wire.ts";
import { loadState, streamDeadlineMs, type StreamState } from "./state.ts";
import type { StreamEnv } from "./stream-env.ts";
import { Upkeep } from "./upkeep.ts";

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
  #waitingBytes = 0;
  #state: StreamState | undefined;
  #ending: Promise<void> | undefined;
  #announcement: Announcement | undefined;

  constructor(ctx: DurableObjectState, env: StreamEnv) {
    super(ctx, env);
    this.#storage = new StreamStorage(ctx.storage);
    this.#readers = new LiveReaders(ctx);
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
      nothingLeft: () => this.#destroy(),
    });
    this.#upkeep.resume();
  }

  /** Creates the stream, or confirms that it is there as asked (section 5.1). */
  async create(request: CreateRequest): Promise<CreateOutcome> {
    let existing = this.#current(Date.now());
    if (existing === undefined && this.#ending !== undefined) {
      await this.#ending;
      existing = this.#current(Date.now());
    }
    if (existing !== undefined) return confirmStream(existing, request);
    const state = this.#storage.transaction(() =>
      insertStream(this.#storage, request, crypto.randomUUID(), Date.now()),
    );
    this.#state = state;
    this.#upkeep.schedule();
    return createdOutcome("created", state);
  }

  /** Appends, closes, or both (sections 5.2 and 5.3), in one commit with whatever else arrives at the moment. */
  async append(request: AppendRequest): Promise<AppendOutcome> {
    const bytes = "code" in request.messages ? 0 : request.messages.payload.byteLength;
    if (this.#waitingBytes + bytes > APPEND_QUEUE_MAX_BYTES) {
      const message = `More than ${String(APPEND_QUEUE_MAX_BYTES)} bytes of appends are waiting to be stored in this stream; send this one again in a moment.`;
      return { kind: "refused", error: protocolError("APPEND_QUEUE_FULL", message) };
    }
    this.#waitingBytes += bytes;
    try {
      return await this.#appends.submit(request);
    } finally {
      this.#waitingBytes -= bytes;
    }
  }

  /** What `HEAD` tells (section 5.5). Asking does not count as an access. */
  head(): HeadOutcome {
    const state = this.#current(Date.now());
    if (state === undefined) return { kind: "not-found" };
    const { contentType, expiry, tail, closed } = state;
    return { kind: "found", contentType, expiry, public: state.public, next: tail, closed };
  }

  /** Deletes the stream with everything stored of it (section 5.4). */
  async delete(): Promise<DeleteOutcome> {
    if (this.#current(Date.now()) === undefined) return { kind: "not-found" };
    await this.#end("the stream was deleted");
    return { kind: "deleted" };
  }

  /** What operators see of the stream. */
  async inspect(): Promise<InspectedStream | undefined> {
    const state = this.#current(Date.now());
    if (state === undefined) return undefined;
    return inspectStream(this.#storage, state, this.#readers.count, this.#limits);
  }

  /** The part of the manifest that begins with the segment that holds `from`, or the first one after it. */
  listSegments(from: Position, limit: number): SegmentListing | undefined {
    const state = this.#current(Date.now());
    return state === undefined ? undefined : listSegments(this.#storage, state, from, limit);
  }

  /** Removes objects that the manifest does not name; gives their keys. */
  async sweep(): Promise<string[] | undefined> {
    const state = this.#current(Date.now());
    return state === undefined ? undefined : sweepObjects(this.env.R2, this.#storage, state);
  }

  /** Reads, and takes in live readers (sections 5.6 to 5.8); see `read-wire.ts` for the form. */
  override fetch(request: Request): Response {
    const nowMs = Date.now();
    const state = this.#current(nowMs);
    if (state === undefined) return encodeReadResponse({ kind: "not-found" }, null);
    const read = decodeReadRequest(request);
    const start = resolveStart(state, read.from);
    if (typeof start !== "number") return encodeReadResponse({ kind: "refused", error: start }, null);
    const touched = this.#touch(state, nowMs);
    return answerRead({ storage: this.#storage, readers: this.#readers, state: touched, nowMs }, read, start);
  }

  /** Ends the stream when its time has come (section 5.1), seals its hot log, purges what was before it. */
  override async alarm(): Promise<void> {
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
    if (before === undefined) return requests.map(() => ({ kind: "not-found" }));
    const { state, outcomes, added } = commitAppends(this.#storage, before, requests, nowMs);
    this.#state = state;
    // A retry that stores nothing is still somebody using the stream.
    if (outcomes.some(({ kind }) => kind === "duplicate")) this.#touch(state, nowMs);
    if (added.length > 0 || state.closed !== before.closed) this.#toAnnounce(before.tail, added);
    this.#upkeep.appended(state);
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
    const payloads = announcement.added.map((batch) => batch.payload);
    const { start } = announcement;
    this.#readers.announce({ start, end: state.tail, closed: state.closed }, state.kind, payloads);
  }

  /** The stream, unless there is none or its time is over; in that case what is left of it is removed. */
  #current(nowMs: number): StreamState | undefined {
    const state = this.#state;
    if (state === undefined) return undefined;
    const deadline = streamDeadlineMs(state);
    if (deadline === undefined || nowMs < deadline) return state;
    // Live readers keep a stream with a sliding window alive for as long as they listen (section 5.1).
    if (state.expiry.kind === "ttl" && this.#readers.count > 0) return this.#touch(state, nowMs);
    void this.#end("the stream expired");
    return undefined;
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

  /** Ends the stream at once. What it has in R2 is removed later, by the alarm. */
  #end(reason: string): Promise<void> {
    const ended = this.#state;
    const leavesObjects = ended !== undefined && this.#storage.mayHaveObjects;
    // Before anything else: when this fails, nothing has ended.
    if (leavesObjects) this.#storage.removeStream(ended, Date.now());
    this.#state = undefined;
    this.#announcement = undefined;
    this.#readers.dismiss(reason);
    if (!leavesObjects) return this.#destroy();
    this.#upkeep.schedule();
    return Promise.resolve();
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
