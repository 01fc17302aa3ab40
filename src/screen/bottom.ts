import { visibleLine } from "../client/visible-text.ts";
import { fitting, type Part } from "./parts.ts";
import type { Notice, Typed } from "./scene.ts";
import { cutRow } from "./text/row-cut.ts";
import { segment, type Row, type Tone } from "./text/segment.ts";
import { cutLeft, widthOf, wordWrapped } from "./text/width.ts";

const CURSOR = "▏";

/** The line that is being typed, and what is wrong with it: beside it, or above where it does not fit. */
function typedRows(label: string, { text, note }: Typed, { columns, mostRows }: Room): readonly Row[] {
  const typed = cutLeft(visibleLine(text), columns - widthOf(label) - 1);
  const row = [segment(label, "strong"), segment(typed), segment(CURSOR, "strong")];
  if (note === undefined) return [row];
  const beside = `  ${visibleLine(note.text)}`;
  if (widthOf(label) + widthOf(typed) + 1 + widthOf(beside) > columns && mostRows > 1) {
    return [...noticeRows(note, { columns, mostRows: mostRows - 1 }, "dim"), row];
  }
  return [cutRow([...row, segment(beside, note.isProblem ? "bad" : "dim")], columns)];
}

/** A sentence over as many rows as it takes, or as there may be. */
function noticeRows({ text, isProblem }: Notice, { columns, mostRows }: Room, calm: Tone): readonly Row[] {
  return sentenceRows(visibleLine(text), { columns, mostRows }, isProblem ? "bad" : calm);
}

function sentenceRows(text: string, { columns, mostRows }: Room, tone: Tone): readonly Row[] {
  const lines = wordWrapped(text, columns);
  const kept = lines.slice(0, mostRows - 1);
  const last = lines.slice(mostRows - 1).join(" ");
  // A sentence without a word takes its row, too: whoever divides the screen counts on one.
  const shown = last === "" && kept.length > 0 ? kept : [...kept, last];
  return shown.map((line) => cutRow([segment(line, tone)], columns));
}

/** How much of the screen words may take. */
interface Room {
  readonly columns: number;
  readonly mostRows: number;
}

/** What the lowest rows of a view tell. */
interface Bottom {
  readonly prompt: Typed | undefined;
  readonly notice: Notice | undefined;
  readonly columns: number;
}

/** The last line: what is being typed behind its label, what there is to say, or what can be pressed. */
export function bottomRow(bottom: Bottom, label: string, hints: readonly Part[]): Row {
  return bottomRows(bottom, label, hints, 1).at(-1) ?? [];
}

/** As `bottomRow`, over several rows where what there is to say does not fit into one. */
export function bottomRows(
  { prompt, notice, columns }: Bottom,
  label: string,
  hints: readonly Part[],
  mostRows: number,
): readonly Row[] {
  const room = { columns, mostRows };
  if (prompt !== undefined) return typedRows(label, prompt, room);
  return notice === undefined ? [fitting(hints, columns)] : noticeRows(notice, room, "strong");
}

/** What is wrong, in rows of its own while something is. */
export function problemRows(problem: string | undefined, columns: number, mostRows = 1): readonly Row[] {
  return problem === undefined ? [] : sentenceRows(visibleLine(problem), { columns, mostRows }, "bad");
}
