import type { ContentKind } from "./content-type.ts";
import { formatOffset, type Position } from "./offset.ts";

/** Frames of server-sent events (section 5.8), as the bytes that go over the wire. */

const encoder = new TextEncoder();
const LF = 0x0a;
const CR = 0x0d;
const DATA_EVENT = encoder.encode("event: data\ndata: ");
const JSON_DATA_EVENT = encoder.encode("event: data\ndata: [");
const NEXT_LINE = encoder.encode("\ndata: ");
const EVENT_END = encoder.encode("\n\n");
const JSON_EVENT_END = encoder.encode("]\n\n");

/** A comment: ignored by clients, but it tells both ends that the connection lives. */
export const HEARTBEAT: Uint8Array = encoder.encode(": still here\n\n");

/**
 * One data event. Line breaks of any kind begin a new `data:` line, so that no payload can end the event or forge
 * another one; JSON is put into the brackets of an array, and bytes that are not text are base64.
 */
export function dataEvent(kind: ContentKind, payload: Uint8Array): Uint8Array[] {
  if (kind === "binary") return [DATA_EVENT, encoder.encode(toBase64(payload)), EVENT_END];
  const opening = kind === "json" ? JSON_DATA_EVENT : DATA_EVENT;
  const closing = kind === "json" ? JSON_EVENT_END : EVENT_END;
  return [opening, ...dataLines(payload), closing];
}

/** The payload cut at CR, LF and CRLF, with a new `data:` line in the place of each. */
function dataLines(payload: Uint8Array): Uint8Array[] {
  if (!payload.includes(LF) && !payload.includes(CR)) return [payload];
  const pieces: Uint8Array[] = [];
  let lineStart = 0;
  for (let at = 0; at < payload.byteLength; at++) {
    const byte = payload[at];
    if (byte !== LF && byte !== CR) continue;
    pieces.push(payload.subarray(lineStart, at), NEXT_LINE);
    if (byte === CR && payload[at + 1] === LF) at++;
    lineStart = at + 1;
  }
  pieces.push(payload.subarray(lineStart));
  return pieces;
}

// Multiples of three keep the pieces' base64 free of padding, so they can be put together; the size keeps the argument
// list of String.fromCharCode within what engines allow.
const BASE64_PIECE_BYTES = 3 * 4096;

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.byteLength; at += BASE64_PIECE_BYTES) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + BASE64_PIECE_BYTES)));
  }
  return text;
}

/** What a control event says after the data before it. */
export interface ControlEvent {
  readonly next: Position;
  readonly cursor: string;
  readonly upToDate: boolean;
  readonly closed: boolean;
}

/** One control event. A closed stream needs no cursor any more, since nobody may come back for more. */
export function controlEvent(control: ControlEvent): Uint8Array {
  const streamNextOffset = formatOffset(control.next);
  const fields = control.closed
    ? { streamNextOffset, upToDate: true, streamClosed: true }
    : { streamNextOffset, streamCursor: control.cursor, ...(control.upToDate ? { upToDate: true } : {}) };
  return encoder.encode(`event: control\ndata: ${JSON.stringify(fields)}\n\n`);
}
