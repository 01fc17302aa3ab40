import { rowText, type Row, type Segment } from "./segment.ts";

/** Where a text is found, as the search itself finds it: letter case counts only once the needle has a capital. */
function occurrences(text: string, needle: string): readonly number[] {
  const searched = needle === needle.toLowerCase() ? text.toLowerCase() : text;
  // Where lower case is longer than the text itself, places in it would be wrong.
  if (needle === "" || searched.length !== text.length) return [];
  const found: number[] = [];
  for (let at = searched.indexOf(needle); at !== -1; at = searched.indexOf(needle, at + needle.length)) found.push(at);
  return found;
}

/** Gives what a search has found the tone of a match, across the segments of a row. */
export function highlighted(row: Row, needle: string): Row {
  const starts = occurrences(rowText(row), needle);
  if (starts.length === 0) return row;
  const result: Segment[] = [];
  let offset = 0;
  for (const { text, tone } of row) {
    let from = 0;
    for (const start of starts) {
      const begin = Math.max(start - offset, from);
      const end = Math.min(start + needle.length - offset, text.length);
      if (begin >= end) continue;
      if (begin > from) result.push({ text: text.slice(from, begin), tone });
      result.push({ text: text.slice(begin, end), tone: "match" });
      from = end;
    }
    if (from < text.length) result.push({ text: text.slice(from), tone });
    offset += text.length;
  }
  return result;
}

/** Of a long row that is cut, the stretch that has the first match in it. */
export function towardsMatch(text: string, needle: string, columns: number): string {
  const [first] = occurrences(text, needle);
  if (first === undefined || first + needle.length < columns) return text;
  return `…${text.slice(Math.max(0, first - Math.floor(columns / 3)))}`;
}
