import { visibleLine } from "../../client/visible-text.ts";
import { humanBytes, humanDuration } from "../../client/figures.ts";
import { shortNumber } from "../../screen/text/figures.ts";
import { segment, type Segment } from "../../screen/text/segment.ts";
import { cutLeft, padded, widthOf } from "../../screen/text/width.ts";
import { cellsOf, fittingColumns, headingCells, widthOfColumns, type Column } from "../columns.ts";
import { countsMessages, positionIn, type Known } from "./state.ts";

/** Names keep at least so much. */
const NAME_MIN_COLUMNS = 18;

/** A content type with its parameters, where there is room. */
const TYPE_MAX_COLUMNS = 40;

function rateText({ perSecond, stream }: Known): string {
  if (perSecond === undefined) return "";
  return `${countsMessages(stream) ? shortNumber(perSecond) : humanBytes(perSecond)}/s`;
}

function expiryText({ stream: { expiresAt } }: Known, nowMs: number): string {
  return expiresAt === undefined ? "never" : humanDuration(Date.parse(expiresAt) - nowMs);
}

function tailText({ stream }: Known): string {
  const position = positionIn(stream);
  // Offsets are opaque; those of our own server count messages or bytes.
  return position === undefined ? visibleLine(stream.nextOffset) : String(position);
}

const TYPE: Column<Known> = {
  name: "TYPE",
  width: 16,
  weight: 30,
  isNumber: false,
  cell: ({ stream }) => visibleLine(stream.contentType),
  tone: () => "dim",
};

const OTHERS: readonly Column<Known>[] = [
  { name: "TAIL", width: 10, weight: 60, isNumber: true, cell: tailText },
  {
    name: "RATE",
    width: 9,
    weight: 50,
    isNumber: true,
    cell: rateText,
    tone: ({ perSecond = 0 }) => (perSecond > 0 ? "good" : "dim"),
  },
  {
    name: "CLOSED",
    width: 6,
    weight: 40,
    isNumber: false,
    cell: ({ stream }) => (stream.closed ? "closed" : ""),
    tone: () => "warn",
  },
  { name: "EXPIRES", width: 7, weight: 20, isNumber: false, cell: expiryText, tone: () => "dim" },
];

/** The table of streams on a screen that is so wide, with the names that are on it. */
export class StreamTable {
  readonly #columns: readonly Column<Known>[];
  readonly #names: number;

  constructor(room: number, names: readonly string[]) {
    const longest = Math.max(NAME_MIN_COLUMNS, ...names.map((name) => widthOf(visibleLine(name))));
    const kept = fittingColumns([TYPE, ...OTHERS], room - NAME_MIN_COLUMNS);
    this.#names = Math.min(longest, room - widthOfColumns(kept));
    // What the names leave goes to the content types.
    const spare = room - this.#names - widthOfColumns(kept);
    const width = Math.min(TYPE_MAX_COLUMNS, TYPE.width + spare);
    this.#columns = kept.map((column) => (column === TYPE ? { ...TYPE, width } : column));
  }

  heading(): Segment {
    return segment(`${padded("STREAM", this.#names)}${headingCells(this.#columns)}`, "dim");
  }

  name(path: string): Segment {
    return segment(padded(cutLeft(visibleLine(path), this.#names), this.#names));
  }

  cells(known: Known, nowMs: number): readonly Segment[] {
    return cellsOf(this.#columns, known, nowMs);
  }
}
