import { segment, type Segment, type Tone } from "../screen/text/segment.ts";
import { cutLeft, padded, widthOf } from "../screen/text/width.ts";

/** A column of a table, and what an item has in it. */
export interface Column<Item> {
  readonly name: string;
  readonly width: number;
  /** Where there is no room for all columns, those of the least weight go first. */
  readonly weight: number;
  readonly isNumber: boolean;
  readonly cell: (item: Item, nowMs: number) => string;
  readonly tone?: (item: Item) => Tone;
}

const GAP = "  ";

/** What the columns take, each with a gap before it. */
export function widthOfColumns(columns: readonly Column<never>[]): number {
  return columns.reduce((sum, { width }) => sum + GAP.length + width, 0);
}

/** As many columns as fit, in their order. */
export function fittingColumns<Item>(columns: readonly Column<Item>[], room: number): readonly Column<Item>[] {
  const kept = [...columns];
  while (kept.length > 0 && widthOfColumns(kept) > room) {
    const least = Math.min(...kept.map(({ weight }) => weight));
    kept.splice(
      kept.findIndex(({ weight }) => weight === least),
      1,
    );
  }
  return kept;
}

export function headingCells(columns: readonly Column<never>[]): string {
  return columns.map((column) => `${GAP}${aligned(column.name, column)}`).join("");
}

export function cellsOf<Item>(columns: readonly Column<Item>[], item: Item, nowMs: number): readonly Segment[] {
  return columns.map((column) =>
    segment(`${GAP}${aligned(column.cell(item, nowMs), column)}`, column.tone?.(item) ?? "plain"),
  );
}

function aligned(text: string, { width, isNumber }: Column<never>): string {
  if (!isNumber) return padded(text, width);
  // What moves in a number that is too long is its right end.
  const fits = cutLeft(text, width);
  return " ".repeat(Math.max(0, width - widthOf(fits))) + fits;
}
