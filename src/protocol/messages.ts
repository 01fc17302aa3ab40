import { contentKind, type ContentKind } from "./content-type.ts";
import { protocolError } from "./errors.ts";
import { scanJson, type Span } from "./json-scanner.ts";
import { APPEND_MAX_MESSAGES } from "./limits.ts";
import { failed, parsed, type Parsed } from "./result.ts";

/**
 * Messages as they travel and are stored. For JSON, `payload` is their verbatim texts joined by single commas, so that
 * reading is putting brackets around it; for other content it is the bytes of the appends one after another.
 */
export interface MessageBatch {
  readonly payload: Uint8Array;
  /** Byte length of each message; their sum, with the commas for JSON, is the length of the payload. */
  readonly sizes: readonly number[];
}

export const NO_MESSAGES: MessageBatch = { payload: new Uint8Array(0), sizes: [] };

const COMMA = 0x2c;

/** Bytes between two messages of a payload: the comma of JSON, nothing elsewhere. */
export function separatorBytes(kind: ContentKind): number {
  return kind === "json" ? 1 : 0;
}

/** How many positions a batch takes in the offset space: messages for JSON, bytes otherwise (section 8). */
export function positionCount(kind: ContentKind, batch: MessageBatch): number {
  return kind === "json" ? batch.sizes.length : batch.payload.byteLength;
}

/**
 * Divides a request body into messages: one level of a JSON array is flattened (section 9.1.2), any other body is one
 * message. An empty JSON array gives no messages; whether that is allowed depends on the request (section 9.1.3).
 */
export function readMessages(contentType: string, body: Uint8Array): Parsed<MessageBatch> {
  if (body.byteLength === 0) return parsed(NO_MESSAGES);
  if (contentKind(contentType) !== "json") return parsed({ payload: body, sizes: [body.byteLength] });
  const scan = scanJson(body, APPEND_MAX_MESSAGES);
  switch (scan.kind) {
    case "value":
      return parsed(joinSpans(body, [scan.span]));
    case "array":
      return parsed(joinSpans(body, scan.elements));
    case "too-many":
      return failed(
        protocolError(
          "TOO_MANY_MESSAGES",
          `The array has more than ${String(scan.maxElements)} messages; send it in several appends.`,
        ),
      );
    case "invalid":
      return failed(
        protocolError(
          "INVALID_JSON",
          `The body is not valid JSON: at byte ${String(scan.at)}, ${scan.problem}. Nothing was written.`,
        ),
      );
  }
}

function joinSpans(body: Uint8Array, spans: readonly Span[]): MessageBatch {
  const first = spans[0];
  const last = spans.at(-1);
  if (first === undefined || last === undefined) return NO_MESSAGES;
  const sizes = spans.map((span) => span.end - span.start);
  // Compact arrays, which is what nearly every client sends, already are messages joined by single commas.
  const isCompact = spans.every((span, i) => i === 0 || span.start === (spans[i - 1]?.end ?? 0) + 1);
  if (isCompact) return { payload: withoutWaste(body.subarray(first.start, last.end)), sizes };
  const texts = spans.map((span) => body.subarray(span.start, span.end));
  return { payload: joinPayloads("json", texts), sizes };
}

/** Bytes around a payload that may stay in memory with it, rather than copying the payload. */
const WASTE_MAX_BYTES = 1024;

/** A view keeps all of the bytes it looks into: a body of white space around one message must not be kept with it. */
function withoutWaste(payload: Uint8Array): Uint8Array {
  return payload.buffer.byteLength - payload.byteLength > WASTE_MAX_BYTES ? payload.slice() : payload;
}

/** Puts payloads one after another, with a comma between two that are JSON. Copies nothing when there is only one. */
export function joinPayloads(kind: ContentKind, payloads: readonly Uint8Array[]): Uint8Array {
  const only = payloads[0];
  if (payloads.length === 1 && only !== undefined) return only;
  const separator = separatorBytes(kind);
  const bytes =
    payloads.reduce((sum, payload) => sum + payload.byteLength, 0) + separator * Math.max(0, payloads.length - 1);
  const joined = new Uint8Array(bytes);
  let at = 0;
  for (const [i, payload] of payloads.entries()) {
    if (i > 0 && separator === 1) joined[at++] = COMMA;
    joined.set(payload, at);
    at += payload.byteLength;
  }
  return joined;
}

/** What a catch-up read answers with: JSON in the brackets of an array (section 9.1.5), other bytes as they are. */
export function readBody(kind: ContentKind, payloads: readonly Uint8Array[]): Uint8Array {
  const payload = joinPayloads(kind, payloads);
  if (kind !== "json") return payload;
  const body = new Uint8Array(payload.byteLength + 2);
  body[0] = 0x5b;
  body.set(payload, 1);
  body[body.byteLength - 1] = 0x5d;
  return body;
}
