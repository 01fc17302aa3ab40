import type { Position } from "../../protocol/offset.ts";

/** What an object tells its live readers over their internal WebSockets: the messages from `start` to `end`. */
export interface LiveEvent {
  readonly start: Position;
  readonly end: Position;
  readonly closed: boolean;
  /** Absent when the messages are too many to push: the reader then fetches them like any others. */
  readonly payload: Uint8Array | undefined;
}

const HEADER_BYTES = 17;
const CLOSED = 1;
const HAS_PAYLOAD = 2;

/** One binary WebSocket message: a byte of flags, start and end as 64-bit floats, then the payload. */
export function encodeLiveEvent(event: LiveEvent): ArrayBuffer {
  const payload = event.payload ?? new Uint8Array(0);
  const bytes = new Uint8Array(HEADER_BYTES + payload.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, (event.closed ? CLOSED : 0) | (event.payload === undefined ? 0 : HAS_PAYLOAD));
  view.setFloat64(1, event.start);
  view.setFloat64(9, event.end);
  bytes.set(payload, HEADER_BYTES);
  return bytes.buffer;
}

export function decodeLiveEvent(buffer: ArrayBuffer): LiveEvent {
  const view = new DataView(buffer);
  const flags = view.getUint8(0);
  return {
    start: view.getFloat64(1),
    end: view.getFloat64(9),
    closed: (flags & CLOSED) !== 0,
    payload: (flags & HAS_PAYLOAD) === 0 ? undefined : new Uint8Array(buffer, HEADER_BYTES),
  };
}
