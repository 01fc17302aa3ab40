import type { SegmentRow } from "../../client/operator-types.ts";
import { visibleLine } from "../../client/visible-text.ts";
import { fitting, part, type Part } from "../../screen/parts.ts";
import { counted, humanBytes, humanDuration } from "../../client/figures.ts";
import { cutRow } from "../../screen/text/row-cut.ts";
import { segment, type Row } from "../../screen/text/segment.ts";
import { cutLeft, padded, widthOf } from "../../screen/text/width.ts";
import { browsingScreen, type Looks } from "../browsing-screen.ts";
import { cellsOf, fittingColumns, headingCells, type Column } from "../columns.ts";
import { barRows, GLYPHS } from "./bar.ts";
import { checkTone, detailRows } from "./details.ts";
import { INSPECT_BINDINGS } from "./keys.ts";
import {
  chosenPart,
  isLow,
  listRoom,
  partsOnScreen,
  positionOf,
  rangeOf,
  type Check,
  type InspectState,
  type Part as StreamPart,
} from "./state.ts";

const PART_COLUMNS = 9;
const GUTTER = "  ";

/** A line of the table. */
interface Listed {
  readonly start: string;
  readonly end: string;
  readonly messages: number | undefined;
  readonly bytes: number | undefined;
  readonly row: SegmentRow | undefined;
  readonly check: Check | undefined;
}

const COLUMNS: readonly Column<Listed>[] = [
  { name: "START", width: 12, weight: 60, isNumber: true, cell: ({ start }) => String(positionOf(start)) },
  { name: "END", width: 12, weight: 70, isNumber: true, cell: ({ end }) => String(positionOf(end)) },
  {
    name: "MESSAGES",
    width: 8,
    weight: 50,
    isNumber: true,
    cell: ({ messages }) => (messages === undefined ? "" : String(messages)),
  },
  {
    name: "BYTES",
    width: 8,
    weight: 40,
    isNumber: true,
    cell: ({ bytes }) => (bytes === undefined ? "" : humanBytes(bytes)),
  },
  {
    name: "AGE",
    width: 6,
    weight: 30,
    isNumber: true,
    cell: ({ row }, nowMs) => (row === undefined ? "" : humanDuration(nowMs - row.appendedAtMs)),
  },
  {
    name: "CHECKED",
    width: 8,
    weight: 20,
    isNumber: false,
    cell: ({ row, check }) => (row === undefined ? "" : (check?.state ?? "-")),
    tone: ({ check }) => checkTone(check),
  },
  {
    name: "OBJECT",
    width: 46,
    weight: 10,
    isNumber: false,
    cell: ({ row }) => (row === undefined ? "" : visibleLine(row.key.slice(row.key.lastIndexOf("/") + 1))),
    tone: () => "dim",
  },
];

function titleRow({ name, url, columns }: InspectState): Row {
  const shown = visibleLine(name);
  if (shown === visibleLine(url) || widthOf(shown) > columns - 12) return [segment(cutLeft(shown, columns), "strong")];
  return cutRow([segment(shown, "strong"), segment("  "), segment(visibleLine(url), "dim")], columns);
}

/** What the stream is as a whole. */
function factsRow({ map, columns, nowMs }: InspectState): Row {
  const { contentType, closed, softDeleted, createdAtMs, readers, expiry, producers } = map;
  const expires =
    expiry.ttlSeconds === undefined ? expiry.expiresAt : `${String(expiry.ttlSeconds)} s after its last use`;
  return fitting(
    [
      part(visibleLine(contentType), 80),
      part(
        softDeleted === true ? "deleted, kept for its forks" : closed ? "closed" : "open",
        90,
        closed ? "warn" : "plain",
      ),
      part(map.public ? "public" : "", 60, "warn"),
      part(`created ${humanDuration(nowMs - createdAtMs)} ago`, 50, "dim"),
      part(expires === undefined ? "" : `expires ${visibleLine(expires)}`, 40, "dim"),
      part(counted(readers, "reader"), 45, "dim"),
      part(producers.count === 0 ? "" : counted(producers.count, "producer"), 30, "dim"),
    ],
    columns,
  );
}

/** What the bar's cells mean, and how much there is of each. */
function legendRow({ map, columns }: InspectState): Row {
  const { segments, hot, fork } = map;
  const sealed = `${GLYPHS.segment} ${counted(segments.count, "segment")}: ${counted(segments.messages, "message")}, ${humanBytes(segments.bytes)}`;
  const rest = `${GLYPHS.hot} hot log: ${counted(hot.messages, "message")}, ${humanBytes(hot.bytes)}`;
  const inherited = fork === undefined ? "" : `${GLYPHS.inherited} inherited up to ${String(positionOf(fork.start))}`;
  return cutRow(fitting([part(inherited, 50, "dim"), part(sealed, 90), part(rest, 80, "warn")], columns), columns);
}

function nameOf(item: StreamPart): string {
  return item.kind === "segment" ? String(item.number) : { inherited: "inherited", hot: "hot log" }[item.kind];
}

function listedOf(state: InspectState, item: StreamPart): Listed | undefined {
  const range = rangeOf(state, item);
  if (range === undefined) return undefined;
  const [start, end] = range;
  const row = item.kind === "segment" ? state.rows.get(item.number) : undefined;
  const check = item.kind === "segment" ? state.checks.get(item.number) : undefined;
  const extent = item.kind === "hot" ? state.map.hot : row;
  return { start, end, messages: extent?.messages, bytes: extent?.bytes, row, check };
}

function tableRows(state: InspectState): readonly Row[] {
  const { columns, nowMs, choice } = state;
  const kept = fittingColumns(COLUMNS, columns - GUTTER.length - PART_COLUMNS);
  const rows = partsOnScreen(state).map(({ index, part: item }): Row => {
    const gutter = segment(index === choice.index ? "> " : GUTTER, "strong");
    const listed = listedOf(state, item);
    const cells = listed === undefined ? [segment("  …", "dim")] : cellsOf(kept, listed, nowMs);
    return cutRow([gutter, segment(padded(nameOf(item), PART_COLUMNS)), ...cells], columns);
  });
  const blank = Array.from({ length: Math.max(0, listRoom(state) - rows.length) }, (): Row => []);
  return [
    cutRow([segment(`${GUTTER}${padded("SEGMENT", PART_COLUMNS)}${headingCells(kept)}`, "dim")], columns),
    ...rows,
    ...blank,
  ];
}

function statusRow(state: InspectState): Row {
  const { map, problem, columns } = state;
  const chosen = chosenPart(state);
  const where =
    chosen.kind === "segment"
      ? `segment ${String(chosen.number)} of 0..${String(map.segments.count - 1)}`
      : nameOf(chosen);
  return fitting(
    [
      part(problem === undefined ? "●" : "×", 100, problem === undefined ? "good" : "bad"),
      part(where, 90),
      part(`tail ${String(positionOf(map.tail))}`, 70),
      part(`sealing ${visibleLine(map.sealing.state)}`, 60, map.sealing.failures > 0 ? "warn" : "dim"),
      part(`${counted(map.messages, "message")}, ${humanBytes(map.bytes)}`, 50, "dim"),
    ],
    columns,
  );
}

function hints({ isNested }: InspectState): readonly Part[] {
  return [
    part("← → move", 60, "dim"),
    part("Enter messages", 80, "dim"),
    part("v check", 70, "dim"),
    part("o go to", 50, "dim"),
    part(isNested ? "Esc back" : "", 95, "dim"),
    part("? help", 90, "dim"),
    part("q leave", 100, "dim"),
  ];
}

const LOOKS: Looks<InspectState> = {
  name: "map of a stream",
  bindings: INSPECT_BINDINGS,
  content: (state) => [
    titleRow(state),
    ...(isLow(state) ? [] : [factsRow(state), legendRow(state)]),
    ...barRows(state),
    ...tableRows(state),
    ...(isLow(state) ? [] : [[]]),
    ...detailRows(state),
  ],
  status: statusRow,
  promptLabel: "segment or offset: ",
  hints,
};

export function inspectScreen(state: InspectState): readonly Row[] {
  return browsingScreen(state, LOOKS);
}
