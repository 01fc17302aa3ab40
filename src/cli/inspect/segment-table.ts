import type { SegmentRow } from "../../client/operator-types.ts";
import { visibleLine } from "../../client/visible-text.ts";
import { humanBytes, humanDuration } from "../../client/figures.ts";

interface Column {
  readonly name: string;
  /** What it usually takes: rows are printed before the last one is known. */
  readonly width: number;
  readonly isNumber: boolean;
}

/** The whole offsets and the objects' names, for pipes and wide terminals. */
const FULL: readonly Column[] = [
  { name: "SEGMENT", width: 7, isNumber: true },
  { name: "START", width: 33, isNumber: false },
  { name: "END", width: 33, isNumber: false },
  { name: "MESSAGES", width: 8, isNumber: true },
  { name: "BYTES", width: 8, isNumber: true },
  { name: "AGE", width: 6, isNumber: true },
  { name: "STATE", width: 7, isNumber: false },
  { name: "OBJECT", width: 46, isNumber: false },
];

/** Positions for offsets, and no objects: it fits on 80 columns. */
const SHORT: readonly Column[] = FULL.filter(({ name }) => name !== "OBJECT").map((column) =>
  column.name === "START" || column.name === "END" ? { ...column, width: 10, isNumber: true } : column,
);

const GAP = "  ";
const FULL_WIDTH = FULL.reduce((sum, { width }) => sum + GAP.length + width, -GAP.length);

/** What the keys of a stream's segments have in common. */
export function keyPrefix(key: string): string {
  return key.slice(0, key.lastIndexOf("/") + 1);
}

/** The digits that tell one offset from another. */
function positionOf(offset: string): string {
  return /_0*(\d+)$/.exec(offset)?.[1] ?? offset;
}

/** Segments as lines, in the form that fits. */
export class SegmentTable {
  readonly #isShort: boolean;

  /** @param columns of the terminal; `undefined` where there is none. */
  constructor(columns: number | undefined) {
    this.#isShort = columns !== undefined && columns < FULL_WIDTH;
  }

  get heading(): string {
    return this.#line(this.#columns.map(({ name }) => name));
  }

  /** A segment as a line. Of a key below `prefix` only the rest is shown. */
  row({ number, start, end, messages, bytes, appendedAtMs, state, key }: SegmentRow, prefix: string, nowMs: number) {
    const offsets = this.#isShort ? [positionOf(start), positionOf(end)] : [start, end];
    const object = key.startsWith(prefix) ? key.slice(prefix.length) : key;
    const age = humanDuration(nowMs - appendedAtMs);
    return this.#line([String(number), ...offsets, String(messages), humanBytes(bytes), age, state, object]);
  }

  get #columns(): readonly Column[] {
    return this.#isShort ? SHORT : FULL;
  }

  #line(cells: readonly string[]): string {
    const padded = this.#columns.map(({ width, isNumber }, i) => {
      const cell = cells[i] ?? "";
      return isNumber ? cell.padStart(width) : cell.padEnd(width);
    });
    return `${visibleLine(padded.join(GAP).trimEnd())}\n`;
  }
}

/** Columns of the terminal that stdout is; `undefined` when it is none. */
export function terminalColumns(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}
