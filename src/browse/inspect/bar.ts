import { segment, type Row, type Tone } from "../../screen/text/segment.ts";
import {
  chosenPart,
  indexOfPart,
  partAt,
  partCount,
  positionOf,
  rangeOf,
  type InspectState,
  type Part,
} from "./state.ts";

/** What a part looks like in the bar; what is damaged must not need colours to be seen. */
export const GLYPHS = { inherited: "▒", segment: "█", hot: "░", damaged: "╳" } as const;

/** A cell of the bar: the part that it shows, nothing for the gap between two. */
type Cell = number | undefined;

/** How many cells each part gets: one, and its share of the rest by the messages or bytes that it holds. */
function shares(sizes: readonly number[], cells: number): readonly number[] {
  const rest = cells - sizes.length;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total === 0) return sizes.map((_, i) => 1 + (i === sizes.length - 1 ? rest : 0));
  let before = 0;
  let given = 0;
  return sizes.map((size) => {
    before += size;
    // By where it ends, so that all shares come to the rest exactly.
    const until = Math.round((before / total) * rest);
    const share = 1 + until - given;
    given = until;
    return share;
  });
}

function sizeOf(state: InspectState, part: Part): number {
  const range = rangeOf(state, part);
  if (range !== undefined) return positionOf(range[1]) - positionOf(range[0]);
  // Rows that are still to come are taken to be as large as they are on average.
  const { map } = state;
  const own = positionOf(map.hot.start) - positionOf(map.fork?.start ?? "");
  return own / Math.max(1, map.segments.count);
}

/** Which part stands in which cell. Of more parts than there are cells several share one. */
export function cellsOf(state: InspectState, columns: number): readonly Cell[] {
  const count = partCount(state.map);
  if (count > columns) {
    return Array.from({ length: columns }, (_, cell) => Math.floor((cell * (count - 1)) / Math.max(1, columns - 1)));
  }
  const hasGaps = count * 3 <= columns;
  const sizes = Array.from({ length: count }, (_, i) => sizeOf(state, partAt(state.map, i)));
  return shares(sizes, hasGaps ? columns - (count - 1) : columns).flatMap((cells, part): Cell[] => [
    ...(hasGaps && part > 0 ? [undefined] : []),
    ...Array.from({ length: cells }, () => part),
  ]);
}

/** The cell that shows a part: of cells that several share the one that begins nearest before it. */
function isOf(cell: Cell, next: Cell, chosen: number): boolean {
  if (cell === undefined || cell > chosen) return false;
  return cell === chosen || (next !== undefined && next > chosen);
}

function looksOf({ map, checks }: InspectState, index: number): readonly [string, Tone] {
  const part = partAt(map, index);
  if (part.kind === "inherited") return [GLYPHS.inherited, "dim"];
  if (part.kind === "hot") return [GLYPHS.hot, "warn"];
  const check = checks.get(part.number)?.state;
  if (check === "damaged") return [GLYPHS.damaged, "bad"];
  return [GLYPHS.segment, check === "intact" ? "good" : "plain"];
}

/** The stream as a bar, oldest first, and a mark below the chosen part. */
export function barRows(state: InspectState): readonly [bar: Row, mark: Row] {
  const cells = cellsOf(state, state.columns);
  const chosen = indexOfPart(state.map, chosenPart(state));
  const bar = cells.map((cell) => {
    if (cell === undefined) return segment(" ");
    const [glyph, tone] = looksOf(state, cell);
    return segment(glyph, tone);
  });
  const mark = cells.map((cell, i) => segment(isOf(cell, cells[i + 1], chosen) ? "▲" : " ", "strong"));
  return [merged(bar), merged(mark)];
}

/** Neighbours that look alike as one. */
function merged(row: Row): Row {
  const result: { text: string; tone: Tone }[] = [];
  for (const { text, tone } of row) {
    const last = result.at(-1);
    if (last?.tone === tone) last.text += text;
    else result.push({ text, tone });
  }
  return result;
}
