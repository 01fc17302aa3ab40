import { protocolError, type ProtocolError } from "../../protocol/errors.ts";
import { inheritedFrom, ownStart } from "../../protocol/fork.ts";
import { formatOffset, type OffsetQuery, type Position } from "../../protocol/offset.ts";
import { LIVE_EVENT_MAX_BYTES, READ_CHUNK_MAX_ANCESTORS } from "../../protocol/limits.ts";
import { joinPayloads, readBody } from "../../protocol/messages.ts";
import { collectChunk, type Chunk, type ChunkLimits } from "../storage/chunk.ts";
import { runsUntil } from "../storage/cut-run.ts";
import type { StreamStorage } from "../storage/stream-storage.ts";
import { encodeLiveEvent } from "./live-event.ts";
import type { LiveReaders } from "./live-readers.ts";
import type { InheritedOutcome, InheritedRead, ReadOutcome, ReadRequest } from "./operations.ts";
import { encodeAttachResponse, encodeLocatedResponse, encodeReadResponse, type DecodedRead } from "./read-wire.ts";
import { streamDeadlineMs, type StreamState } from "./state.ts";

/** The position a read starts at, or why there is none. */
export function resolveStart(state: StreamState, from: OffsetQuery): Position | ProtocolError {
  switch (from.kind) {
    case "start":
      return 0;
    case "now":
      return state.tail;
    case "position":
      if (from.position <= state.tail) return from.position;
      return protocolError(
        "OFFSET_BEYOND_TAIL",
        `The offset ${formatOffset(from.position)} lies past the stream's end at ${formatOffset(state.tail)}; the stream was perhaps deleted and created again. Read from offset=-1.`,
      );
  }
}

/** What answering a read needs of the object it happens in. */
export interface ReadSurroundings {
  readonly storage: StreamStorage;
  readonly readers: LiveReaders;
  readonly state: StreamState;
  readonly nowMs: number;
}

/**
 * Answers a read from `start` on. A reader that waits is taken in as soon as it stands at the tail, in the same turn in
 * which that was seen: every later append finds it among the readers, so nothing falls between reading and listening.
 */
export function answerRead(around: ReadSurroundings, read: DecodedRead, start: Position): Response {
  const { state } = around;
  if (start < ownStart(state.fork)) {
    if (!read.knowsLocations) return refuseOldEdge(state);
    return encodeReadResponse(inheritedOutcome(around, start), null);
  }
  const chunk = readChunk(around.storage, state, start, read.limits);
  if (staysForMore(state, read, start, chunk)) return attachReader(around, start, chunk, read.readersMax);
  const outcome = { ...readOutcome("messages", around, start, chunk.next), bytes: chunk.bytes };
  const payloads = bytesAtHand(chunk);
  if (payloads === undefined) {
    return read.knowsLocations ? encodeLocatedResponse(outcome, chunk.pieces) : refuseOldEdge(state);
  }
  const body = read.wait === "sse" ? joinPayloads(state.kind, payloads) : readBody(state.kind, payloads);
  return encodeReadResponse(outcome, body);
}

/** What a fork reads of this stream (section 4.2): also when it has ended, and without counting as an access. */
export function answerInherited(storage: StreamStorage, state: StreamState, read: InheritedRead): Response {
  const { kind, sealed } = state;
  const runs = runsUntil(kind, storage.runsFrom(read.from, sealed.end, state), read.until);
  const chunk = collectChunk(kind, runs, read.from, read.limits);
  const outcome: ReadOutcome = {
    kind: "messages",
    incarnation: state.incarnation,
    contentType: state.contentType,
    public: state.public,
    start: read.from,
    next: chunk.next,
    upToDate: false,
    closed: false,
  };
  const payloads = bytesAtHand(chunk);
  return payloads === undefined
    ? encodeLocatedResponse(outcome, chunk.pieces)
    : encodeReadResponse(outcome, joinPayloads(kind, payloads));
}

/** Says of the stream what a reader that may only read public ones has to know. */
export function refuseRead(state: StreamState, error: ProtocolError): Response {
  return encodeReadResponse({ kind: "refused", error, public: state.public }, null);
}

/** While a deploy is under way. The client asks again, and meets a newer edge. */
function refuseOldEdge(state: StreamState): Response {
  const error = protocolError("UNAVAILABLE", "The server is being updated; send the request again.");
  return refuseRead(state, error);
}

function inheritedOutcome({ state, nowMs }: ReadSurroundings, start: Position): InheritedOutcome {
  const { incarnation, contentType, tail, closed } = state;
  return {
    kind: "inherited",
    incarnation,
    contentType,
    public: state.public,
    start,
    stretches: inheritedFrom(state.fork, start).slice(0, READ_CHUNK_MAX_ANCESTORS),
    tail,
    closed,
    ...remaining(state, nowMs),
  };
}

function remaining(state: StreamState, nowMs: number): { remainingMs?: number } {
  const deadline = streamDeadlineMs(state);
  return deadline === undefined ? {} : { remainingMs: Math.max(0, deadline - nowMs) };
}

/** At the tail nothing is asked of storage. */
function readChunk(storage: StreamStorage, state: StreamState, start: Position, limits: ChunkLimits): Chunk {
  if (start >= state.tail) return { pieces: [], bytes: 0, next: start };
  return collectChunk(state.kind, storage.runsFrom(start, state.sealed.end, state), start, limits);
}

/** The payloads of a chunk, when none of them lies in a segment. */
function bytesAtHand({ pieces }: Chunk): Uint8Array[] | undefined {
  const payloads: Uint8Array[] = [];
  for (const piece of pieces) {
    if (piece.kind === "segment") return undefined;
    payloads.push(piece.bytes);
  }
  return payloads;
}

/** A long-poll that has something to answer is done; an SSE reader stays and gets the end of its catch-up as an event. */
function staysForMore(state: StreamState, read: ReadRequest, start: Position, chunk: Chunk): boolean {
  if (read.wait === "no" || state.closed || chunk.next !== state.tail) return false;
  if (read.wait === "long-poll") return chunk.next === start;
  return chunk.bytes <= LIVE_EVENT_MAX_BYTES && bytesAtHand(chunk) !== undefined;
}

function attachReader(around: ReadSurroundings, start: Position, chunk: Chunk, readersMax: number): Response {
  const { readers, state } = around;
  if (readers.areFull(readersMax)) {
    const message = `The stream has ${String(readersMax)} live readers already; try again later, or read without "live".`;
    return refuseRead(state, protocolError("TOO_MANY_READERS", message));
  }
  const { client, server } = readers.attach();
  if (chunk.next > start) {
    const payload = joinPayloads(state.kind, bytesAtHand(chunk) ?? []);
    server.send(encodeLiveEvent({ start, end: chunk.next, closed: false, payload }));
  }
  return encodeAttachResponse(readOutcome("attached", around, start, chunk.next), client);
}

/** The facts that go with a chunk. A closed stream says so only with its last message (section 5.6). */
function readOutcome(
  kind: "messages" | "attached",
  around: ReadSurroundings,
  start: Position,
  next: Position,
): ReadOutcome {
  const { state, nowMs } = around;
  const upToDate = next === state.tail;
  return {
    kind,
    incarnation: state.incarnation,
    contentType: state.contentType,
    public: state.public,
    start,
    next,
    upToDate,
    closed: upToDate && state.closed,
    ...remaining(state, nowMs),
  };
}
