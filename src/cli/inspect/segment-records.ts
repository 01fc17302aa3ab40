import { isUtf8 } from "node:buffer";
import { contentKind } from "../../protocol/content-type.ts";
import { formatOffset } from "../../protocol/offset.ts";
import { segmentMessages, type Segment } from "../../protocol/segment/segment.ts";
import { onOneLine } from "./one-line.ts";

export const SEGMENT_FORMATS = ["raw", "ndjson"] as const;
export type SegmentFormat = (typeof SEGMENT_FORMATS)[number];

/** Lines that are handed on together. */
const PIECE_BYTES = 256 * 1024;

/** A message as a field of a JSON object: text where it is text, else base64. */
export function messageField(message: Uint8Array, isJson: boolean): string {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  if (isJson) return `"message":${Buffer.from(onOneLine(message)).toString("utf8")}`;
  return isUtf8(bytes)
    ? `"message":${JSON.stringify(bytes.toString("utf8"))}`
    : `"base64":${JSON.stringify(bytes.toString("base64"))}`;
}

/** How a segment's messages are printed. */
export interface RecordOptions {
  readonly format: SegmentFormat;
  /** With the offset and the append time of each message. */
  readonly withOffsets: boolean;
}

/**
 * The messages of a segment as they are printed, in pieces of bounded size. `raw` is the payload: JSON messages joined by
 * commas, everything else joined by nothing. `ndjson` is a line a message: JSON alone verbatim, the rest as an object.
 */
export function* segmentRecords(
  segment: Segment,
  { format, withOffsets }: RecordOptions,
): Generator<Uint8Array | string> {
  if (format === "raw") {
    yield segment.payload;
    return;
  }
  const isJson = contentKind(segment.contentType) === "json";
  let lines: (Uint8Array | string)[] = [];
  let bytes = 0;
  for (const { position, message, appendedAtMs } of segmentMessages(segment)) {
    const time = withOffsets ? `"appendedAt":"${new Date(appendedAtMs).toISOString()}",` : "";
    const line =
      isJson && !withOffsets
        ? onOneLine(message)
        : `{"offset":"${formatOffset(position)}",${time}${messageField(message, isJson)}}`;
    lines.push(line, "\n");
    bytes += line.length + 1;
    if (bytes < PIECE_BYTES) continue;
    yield joined(lines);
    lines = [];
    bytes = 0;
  }
  yield joined(lines);
}

function joined(lines: readonly (Uint8Array | string)[]): Uint8Array {
  return Buffer.concat(lines.map((line) => (typeof line === "string" ? Buffer.from(line) : line)));
}
