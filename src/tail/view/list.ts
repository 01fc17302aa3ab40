import { visibleLine } from "../../client/visible-text.ts";
import { contentColumns, hasListEnd, isOver, listRows, placesOnScreen, type Place } from "../model/layout.ts";
import { isUnfolded, selectedIndex, type ViewState } from "../model/state.ts";
import { highlighted } from "../../screen/text/highlight.ts";
import { foldedRow, unfoldedRows } from "../text/message-rows.ts";
import { cutRow } from "../../screen/text/row-cut.ts";
import { segment, type Row, type Segment } from "../../screen/text/segment.ts";
import { cutLeft, padded, widthOf } from "../../screen/text/width.ts";

/** Of a stream's name before its messages. */
const NAME_MAX_COLUMNS = 16;

/** Names stand before messages only where streams are mixed. */
function nameColumns({ streams, tab, columns }: ViewState): number {
  if (tab !== undefined) return 0;
  const longest = Math.max(...streams.map(({ name }) => widthOf(visibleLine(name))));
  return Math.min(longest, NAME_MAX_COLUMNS, Math.floor(columns / 4));
}

function nameSegments(state: ViewState, stream: number, columns: number): readonly Segment[] {
  if (columns === 0) return [];
  const name = visibleLine(state.streams[stream]?.name ?? "");
  return [segment(padded(cutLeft(name, columns), columns), { name: stream }), segment(" ")];
}

function messageRow(state: ViewState, { index, row }: Place, names: number): Row {
  const message = state.list[index];
  if (message === undefined) return [];
  const columns = contentColumns(state);
  if (isUnfolded(state, message)) {
    const whole = unfoldedRows(message, state.form, columns)[row] ?? [];
    if (row > 0) return whole;
    return cutRow([...nameSegments(state, message.stream, names), ...whole], columns);
  }
  const room = columns - (names === 0 ? 0 : names + 1);
  return [...nameSegments(state, message.stream, names), ...foldedRow(message, state.form, room, state.search)];
}

function emptyWord(state: ViewState): string {
  if (state.filter !== undefined && state.ring.messages.length > 0) return "no message at hand passes the filter";
  return isOver(state) ? "no messages" : "waiting for messages";
}

function endWord({ reading }: ViewState): string {
  return reading.mode === "still" ? reading.end : "closed: nothing will follow";
}

/** The rows of the messages that are on the screen. */
export function listRowsOnScreen(state: ViewState): readonly Row[] {
  const names = nameColumns(state);
  const chosen = state.reading.mode === "live" ? -1 : selectedIndex(state);
  const places = placesOnScreen(state);
  const rows: Row[] = places.map((place) => {
    const gutter = place.index === chosen ? segment(place.row === 0 ? "> " : "│ ", "strong") : segment("  ");
    const row = messageRow(state, place, names);
    return [gutter, ...(state.search === undefined ? row : highlighted(row, state.search))];
  });
  if (rows.length === 0) rows.push([segment("  "), segment(emptyWord(state), "dim")]);
  const isEnd = isOver(state) && state.list.length > 0 && hasListEnd(state, places);
  const atEnd = isEnd ? [[segment(`  ${endWord(state)}`, "dim")]] : [];
  const room = listRows(state);
  const blank = Array.from(
    { length: Math.max(0, room + (isOver(state) ? 1 : 0) - rows.length - atEnd.length) },
    () => [],
  );
  return [...rows, ...atEnd, ...blank];
}
