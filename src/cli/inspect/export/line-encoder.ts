import { contentKind } from "../../../protocol/content-type.ts";
import { formatOffset } from "../../../protocol/offset.ts";
import { onOneLine } from "../one-line.ts";
import { messageField } from "../segment-records.ts";
import type { EncodedRows, ExportEncoder, ExportSource } from "./encoder.ts";
import type { CutRow } from "./rows.ts";
import { countsPositions } from "../../copying/stream-identity.ts";

const LF = Buffer.from("\n");
const COMMA = Buffer.from(",");

/** An encoder that keeps nothing back: what `pieces` makes of a row is written with it. */
function rowByRow(
  pieces: (row: CutRow) => readonly Uint8Array[],
  around: { readonly begin?: string; readonly end?: string } = {},
): ExportEncoder {
  return {
    begin: () => Buffer.from(around.begin ?? ""),
    *encode(rows): Generator<EncodedRows> {
      const last = rows.at(-1);
      if (last === undefined) return;
      yield { bytes: Buffer.concat(rows.flatMap(pieces)), rows: rows.length, end: last.end };
    },
    end: () => Buffer.from(around.end ?? ""),
    hasGroups: false,
    state: [],
  };
}

/** `ndjson`: a line a row. JSON messages verbatim, the rest as objects that say where the row begins. */
export function ndjsonEncoder(source: ExportSource): ExportEncoder {
  if (contentKind(source.contentType) === "json") return rowByRow(({ bytes }) => [onOneLine(bytes), LF]);
  const counts = countsPositions(source);
  return rowByRow(({ position, bytes }) => {
    const place = counts ? `"offset":"${formatOffset(position)}"` : `"position":${String(position)}`;
    return [Buffer.from(`{${place},${messageField(bytes, false)}}\n`)];
  });
}

/** `raw`: the bytes that one answer with the whole stream would have. For JSON that is an array of the messages. */
export function rawEncoder(source: ExportSource): ExportEncoder {
  if (contentKind(source.contentType) !== "json") return rowByRow(({ bytes }) => [bytes]);
  return rowByRow(({ position, bytes }) => (position === 0 ? [bytes] : [COMMA, bytes]), { begin: "[", end: "]" });
}
