import { visibleLine } from "../client/visible-text.ts";
import { fitting, type Part } from "./parts.ts";
import type { Notice, Typed } from "./scene.ts";
import { cutRow } from "./text/row-cut.ts";
import { segment, type Row } from "./text/segment.ts";
import { cutLeft, widthOf } from "./text/width.ts";

const CURSOR = "▏";

/** The line that is being typed. */
function typedRow(label: string, { text, note }: Typed, columns: number): Row {
  const typed = cutLeft(visibleLine(text), columns - widthOf(label) - 1);
  const row = [segment(label, "strong"), segment(typed), segment(CURSOR, "strong")];
  if (note === undefined) return row;
  return cutRow([...row, segment(`  ${visibleLine(note.text)}`, note.isProblem ? "bad" : "dim")], columns);
}

function noticeRow({ text, isProblem }: Notice, columns: number): Row {
  return cutRow([segment(visibleLine(text), isProblem ? "bad" : "strong")], columns);
}

/** What the lowest rows of a view tell. */
interface Bottom {
  readonly prompt: Typed | undefined;
  readonly notice: Notice | undefined;
  readonly columns: number;
}

/** The last line: what is being typed behind its label, what there is to say, or what can be pressed. */
export function bottomRow({ prompt, notice, columns }: Bottom, label: string, hints: readonly Part[]): Row {
  if (prompt !== undefined) return typedRow(label, prompt, columns);
  return notice === undefined ? fitting(hints, columns) : noticeRow(notice, columns);
}

/** What is wrong, in a row of its own while something is. */
export function problemRows(problem: string | undefined, columns: number): readonly Row[] {
  return problem === undefined ? [] : [cutRow([segment(visibleLine(problem), "bad")], columns)];
}
