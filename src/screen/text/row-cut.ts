import { segment, type Row, type Segment } from "./segment.ts";
import { dividedAt, widthOf } from "./width.ts";

/** A row that fits, with an ellipsis when that is not all of it. */
export function cutRow(row: Row, columns: number): Row {
  const width = row.reduce((sum, { text }) => sum + widthOf(text), 0);
  if (width <= columns) return row;
  return [...(rowParts(row, columns - 1)[0] ?? []), segment("…", "dim")];
}

/** A row divided into as many as it takes. */
export function wrapRow(row: Row, columns: number): readonly Row[] {
  return rowParts(row, columns);
}

function rowParts(row: Row, columns: number): readonly Row[] {
  const rows: Segment[][] = [[]];
  let room = columns;
  for (const { text, tone } of row) {
    let rest = text;
    while (rest !== "") {
      const [fits, after] = dividedAt(rest, room);
      if (fits !== "") rows.at(-1)?.push({ text: fits, tone });
      room -= widthOf(fits);
      rest = after;
      if (rest === "") break;
      // A character that is wider than a whole row must not hold up the rest.
      if (fits === "" && room === columns) rest = rest.slice(1);
      rows.push([]);
      room = columns;
    }
  }
  return rows;
}
