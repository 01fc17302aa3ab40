import type { ContentKind } from "../../protocol/content-type.ts";

/** Of one message no more than this is kept, in bytes; `read` has the rest. */
export const MESSAGE_KEPT_MAX_BYTES = 1_048_576;

/** A message as it arrived, before the view has numbered it. */
export interface Arrival {
  readonly kind: ContentKind;
  /** The message, or its first `MESSAGE_KEPT_MAX_BYTES`. */
  readonly bytes: Uint8Array;
  /** Its whole size in bytes. */
  readonly size: number;
  /** The offset after the batch that brought it, where the server told one. */
  readonly offset: string | undefined;
  /** Where in its stream it begins, in messages of JSON and bytes of anything else, as far as that is known. */
  readonly position?: number | undefined;
  /** Where and when it was stored, of a message that was read from there. */
  readonly stored?: { readonly offset: string; readonly appendedAtMs: number };
}

export interface Message extends Arrival {
  /** Counts from 0 over the whole run and all streams: the order of arrival, and a stable key. */
  readonly number: number;
  /** Which of the shown streams it is of. */
  readonly stream: number;
  /** When it arrived, in milliseconds since the epoch. */
  readonly atMs: number;
}

export function arrivalOf(kind: ContentKind, record: Uint8Array, offset: string | undefined): Arrival {
  const size = record.byteLength;
  // A copy: what is cut must not hold on to the whole.
  const bytes = size > MESSAGE_KEPT_MAX_BYTES ? record.slice(0, MESSAGE_KEPT_MAX_BYTES) : record;
  return { kind, bytes, size, offset };
}

export function isCut(message: Arrival): boolean {
  return message.size > message.bytes.byteLength;
}

/** The message as text; bytes that are not UTF-8 become replacement characters. A text line loses its end. */
export function textOf({ bytes, kind }: Arrival): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return kind === "text" ? text.replace(/\r?\n$/, "") : text;
}
