import type { ContentKind } from "./content-type.ts";
import { formatOffset, type Position } from "./offset.ts";

/** Frames of server-sent events (section 5.8), as the bytes that go over the wire. */

const encoder = new TextEncoder();
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const EVENT_DATA = encoder.encode("event: data\n");
const DATA_FIELD = encoder.encode("data:");
const DATA_FIELD_BEFORE_SPACE = encoder.encode("data: ");
const OPEN_ARRAY = encoder.encode("[");
const CLOSE_ARRAY = encoder.encode("]");
const LINE_END = encoder.encode("\n");
const EVENT_END = encoder.encode("\n\n");

/** A comment: ignored by clients, but it tells both ends that the connection lives. */
export const HEARTBEAT: Uint8Array = encoder.encode(": still here\n\n");

/**
 * One data event. Line breaks of any kind begin a new `data:` line, so that no payload can end the event or forge
 * another one; JSON is put into the brackets of an array, and bytes that are not text are base64.
 */
export function dataEvent(kind: ContentKind, payload: Uint8Array): Uint8Array[] {
  switch (kind) {
    case "binary":
      return [EVENT_DATA, DATA_FIELD, encoder.encode(toBase64(payload)), EVENT_END];
    case "json":
      return [EVENT_DATA, DATA_FIELD, OPEN_ARRAY, ...continuedLines(payload), CLOSE_ARRAY, EVENT_END];
    case "text":
      return [EVENT_DATA, dataField(payload, 0), ...continuedLines(payload), EVENT_END];
  }
}

/** The payload as it goes on after an open `data:` field: cut at CR, LF and CRLF, with a new field in the place of each. */
function continuedLines(payload: Uint8Array): Uint8Array[] {
  if (!payload.includes(LF) && !payload.includes(CR)) return [payload];
  const pieces: Uint8Array[] = [];
  let lineStart = 0;
  for (let at = 0; at < payload.byteLength; at++) {
    const byte = payload[at];
    if (byte !== LF && byte !== CR) continue;
    pieces.push(payload.subarray(lineStart, at), LINE_END);
    if (byte === CR && payload[at + 1] === LF) at++;
    lineStart = at + 1;
    pieces.push(dataField(payload, lineStart));
  }
  pieces.push(payload.subarray(lineStart));
  return pieces;
}

/** Clients drop one space after the colon: a line that begins with a space of its own needs one to give away. */
function dataField(payload: Uint8Array, lineStart: number): Uint8Array {
  return payload[lineStart] === SPACE ? DATA_FIELD_BEFORE_SPACE : DATA_FIELD;
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
  return encoder.encode(`event: control\ndata:${JSON.stringify(fields)}\n\n`);
}
