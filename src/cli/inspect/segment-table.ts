import type { SegmentRow } from "../../client/operator-types.ts";
import { visibleText } from "../../client/visible-text.ts";
import { humanAge, humanBytes } from "./units.ts";

const COLUMNS = ["SEGMENT", "START", "END", "MESSAGES", "BYTES", "AGE", "STATE", "OBJECT"] as const;

/** Wide enough for an offset, and for what the numbers usually are: rows are printed before the last one is known. */
const WIDTHS = [7, 33, 33, 8, 8, 4, 7, 0] as const;
const RIGHT_ALIGNED = new Set<string>(["SEGMENT", "MESSAGES", "BYTES", "AGE"]);

function line(cells: readonly string[]): string {
  const padded = cells.map((cell, i) => {
    const width = WIDTHS[i] ?? 0;
    return RIGHT_ALIGNED.has(COLUMNS[i] ?? "") ? cell.padStart(width) : cell.padEnd(width);
  });
  return `${padded.join("  ").trimEnd()}\n`;
}

export const SEGMENT_HEADING = line(COLUMNS);

/** What the keys of a stream's segments have in common. */
export function keyPrefix(key: string): string {
  return key.slice(0, key.lastIndexOf("/") + 1);
}

/** A segment as a line. Of a key below `prefix` only the rest is shown. */
export function segmentLine(row: SegmentRow, prefix: string, nowMs: number): string {
  const { number, start, end, messages, bytes, appendedAtMs, state, key } = row;
  const object = key.startsWith(prefix) ? key.slice(prefix.length) : key;
  const age = humanAge(appendedAtMs, nowMs);
  return line([String(number), start, end, String(messages), humanBytes(bytes), age, state, visibleText(object)]);
}
