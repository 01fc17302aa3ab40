import { visibleLine } from "../client/visible-text.ts";
import type { Notice, Typed } from "./scene.ts";
import { cutRow } from "./text/row-cut.ts";
import { segment, type Row } from "./text/segment.ts";
import { cutLeft, widthOf } from "./text/width.ts";

const CURSOR = "▏";

/** The line that is being typed. */
export function typedRow(label: string, { text, note }: Typed, columns: number): Row {
  const typed = cutLeft(visibleLine(text), columns - widthOf(label) - 1);
  const row = [segment(label, "strong"), segment(typed), segment(CURSOR, "strong")];
  if (note === undefined) return row;
  return cutRow([...row, segment(`  ${visibleLine(note.text)}`, note.isProblem ? "bad" : "dim")], columns);
}

export function noticeRow({ text, isProblem }: Notice, columns: number): Row {
  return cutRow([segment(visibleLine(text), isProblem ? "bad" : "strong")], columns);
}
