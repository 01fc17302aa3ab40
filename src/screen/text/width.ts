import stringWidth from "string-width";

const PRINTABLE_ASCII = /^[\u0020-\u007e]*$/;
const graphemes = new Intl.Segmenter();

/** One cell may hold a letter with any number of marks: of a text no more than this is looked at for each column. */
const MAX_UNITS_PER_COLUMN = 32;

/** Columns of a terminal. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** Divides a text where it fills the columns. A wide character that would stand half outside goes to the rest. */
export function dividedAt(text: string, columns: number): readonly [string, string] {
  // One more, since a mark after the last letter belongs to it.
  if (PRINTABLE_ASCII.test(text.slice(0, columns + 1))) return [text.slice(0, columns), text.slice(columns)];
  let width = 0;
  let end = 0;
  const most = columns * MAX_UNITS_PER_COLUMN;
  for (const { segment, index } of graphemes.segment(text.slice(0, most))) {
    width += widthOf(segment);
    if (width > columns) break;
    end = index + segment.length;
  }
  return [text.slice(0, end), text.slice(end)];
}

/** The beginning of a text that fits, with an ellipsis when that is not all. */
export function cut(text: string, columns: number): string {
  if (columns <= 0) return "";
  const [fits, rest] = dividedAt(text, columns);
  return rest === "" ? fits : `${dividedAt(text, columns - 1)[0]}…`;
}

/** What matters of an offset or a path is its right end. */
export function cutLeft(text: string, columns: number): string {
  if (columns <= 0) return "";
  if (widthOf(text) <= columns) return text;
  const parts = [...graphemes.segment(text)].map(({ segment }) => segment);
  let width = 1;
  let first = parts.length;
  for (; first > 0; first--) {
    width += widthOf(parts[first - 1] ?? "");
    if (width > columns) break;
  }
  return `…${parts.slice(first).join("")}`;
}

function graphemeLength(text: string): number {
  for (const { segment } of graphemes.segment(text.slice(0, MAX_UNITS_PER_COLUMN))) return segment.length;
  return 1;
}

/** Rows of a text that may be longer than the screen is wide. */
export function wrapped(text: string, columns: number): readonly string[] {
  const rows: string[] = [];
  let rest = text;
  do {
    const [fits, after] = dividedAt(rest, columns);
    // A character that is wider than the whole screen must not hold up the rest.
    const isStuck = fits === "" && after !== "";
    rows.push(isStuck ? "…" : fits);
    rest = isStuck ? after.slice(graphemeLength(after)) : after;
  } while (rest !== "");
  return rows;
}

/** Rows of a sentence, divided between its words; a word that is longer than a row is divided as well. */
export function wordWrapped(text: string, columns: number): readonly string[] {
  const rows: string[] = [];
  let row = "";
  for (const word of text.split(" ")) {
    const longer = row === "" ? word : `${row} ${word}`;
    if (widthOf(longer) <= columns) {
      row = longer;
      continue;
    }
    const parts = wrapped(word, columns);
    if (row !== "") rows.push(row);
    rows.push(...parts.slice(0, -1));
    row = parts.at(-1) ?? "";
  }
  return row === "" && rows.length > 0 ? rows : [...rows, row];
}

export function padded(text: string, columns: number): string {
  const fits = cut(text, columns);
  return fits + " ".repeat(Math.max(0, columns - widthOf(fits)));
}
