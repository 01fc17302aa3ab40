import { protocolError, type ProtocolError } from "../../protocol/errors.ts";
import { formatOffset, type OffsetQuery, type Position } from "../../protocol/offset.ts";
import { collectChunk, type Chunk } from "../storage/chunk.ts";
import type { StreamStorage } from "../storage/stream-storage.ts";
import type { ReadOutcome } from "./operations.ts";
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

/** The messages from `start` on, as far as one answer goes. At the tail nothing is asked of storage. */
export function readChunk(storage: StreamStorage, state: StreamState, start: Position, maxBytes: number): Chunk {
  if (start >= state.tail) return { payloads: [], next: start };
  return collectChunk(state.kind, storage.log.from(start), start, maxBytes);
}

/** The facts that go with a chunk. A closed stream says so only with its last message (section 5.6). */
export function readOutcome(
  kind: "messages" | "attached",
  state: StreamState,
  start: Position,
  next: Position,
  nowMs: number,
): ReadOutcome {
  const upToDate = next === state.tail;
  const deadline = streamDeadlineMs(state);
  return {
    kind,
    incarnation: state.incarnation,
    contentType: state.contentType,
    start,
    next,
    upToDate,
    closed: upToDate && state.closed,
    ...(deadline === undefined ? {} : { remainingMs: Math.max(0, deadline - nowMs) }),
  };
}
