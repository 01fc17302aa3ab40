import { bottomRows, problemRows } from "../../screen/bottom.ts";
import { unfoldedRows } from "../text/message-rows.ts";
import type { Message } from "./message.ts";
import { indexOf, isUnfolded, PROMPT_LABELS, selectedIndex, shownStreams, type ViewState } from "./state.ts";

/** The columns on the left that point at the chosen message. */
const GUTTER_COLUMNS = 2;

/** What is wrong with the shown streams, if anything. */
export function problemOf(state: ViewState): string | undefined {
  const shown = shownStreams(state).find(({ problem }) => problem !== undefined);
  if (shown?.problem === undefined) return undefined;
  return state.streams.length === 1 ? shown.problem : `${shown.name}: ${shown.problem}`;
}

/** Whether nothing more will come of what is shown. */
export function isOver(state: ViewState): boolean {
  return shownStreams(state).every(({ closed, connection }) => closed || connection === "ended");
}

/** As many rows as what there is to say may take: the smallest screen still has room for a message. */
export function wordRows({ rows }: ViewState): number {
  return 1 + Math.floor(rows / 3);
}

/** As many as a problem may take. */
export function troubleRows({ rows }: ViewState): number {
  return Math.floor(rows / 5);
}

export function promptLabel({ prompt }: ViewState): string {
  return prompt === undefined ? "" : PROMPT_LABELS[prompt.kind];
}

/** Rows for messages: all but the title, the status, the last lines, and a problem or the end where there is one. */
export function listRows(state: ViewState): number {
  const trouble = problemRows(problemOf(state), state.columns, troubleRows(state)).length;
  const bottom = bottomRows(state, promptLabel(state), [], wordRows(state)).length;
  const taken = 2 + bottom + trouble + (isOver(state) ? 1 : 0);
  return Math.max(1, state.rows - taken);
}

export function contentColumns({ columns }: ViewState): number {
  return columns - GUTTER_COLUMNS;
}

function heightOf(state: ViewState, message: Message | undefined): number {
  if (message === undefined) return 0;
  return isUnfolded(state, message) ? unfoldedRows(message, state.form, contentColumns(state)).length : 1;
}

/** A row of the list: which message, and which of its rows. */
export interface Place {
  readonly index: number;
  readonly row: number;
}

/** So many rows up. It ends at the first row of the first message. */
function above(state: ViewState, from: Place, rows: number): Place {
  let { index, row } = from;
  let left = rows;
  while (left > row && index > 0) {
    left -= row + 1;
    index--;
    row = heightOf(state, state.list[index]) - 1;
  }
  return { index, row: Math.max(0, row - left) };
}

function lastRowOf(state: ViewState, index: number): Place {
  return { index, row: Math.max(0, heightOf(state, state.list[index]) - 1) };
}

/** The top with which the list's end is at the bottom of the screen. */
function topOfEnd(state: ViewState): Place {
  return above(state, lastRowOf(state, state.list.length - 1), listRows(state) - 1);
}

function isBefore(a: Place, b: Place): boolean {
  return a.index < b.index || (a.index === b.index && a.row < b.row);
}

/** Where the screen begins. The list's end never leaves the screen half empty, as long as there is enough above. */
export function topPlace(state: ViewState): Place {
  if (state.list.length === 0) return { index: 0, row: 0 };
  const end = topOfEnd(state);
  if (state.reading.mode === "live") return end;
  const index = indexOf(state.list, state.top.number);
  const message = state.list[index];
  // A message that is gone leaves its place to the one after it.
  const row = message?.number === state.top.number ? Math.min(state.top.row, heightOf(state, message) - 1) : 0;
  const wanted = { index, row };
  return isBefore(end, wanted) ? end : wanted;
}

/** The rows that are on the screen, and no others. */
export function placesOnScreen(state: ViewState): readonly Place[] {
  const places: Place[] = [];
  const rows = listRows(state);
  let { index, row } = topPlace(state);
  for (; index < state.list.length && places.length < rows; index++, row = 0) {
    const height = heightOf(state, state.list[index]);
    for (; row < height && places.length < rows; row++) places.push({ index, row });
  }
  return places;
}

/** Whether the last row of the list is among these, or there is no list. */
export function hasListEnd(state: ViewState, places: readonly Place[]): boolean {
  const last = places.at(-1);
  if (last === undefined) return state.list.length === 0;
  const end = lastRowOf(state, state.list.length - 1);
  return last.index === end.index && last.row === end.row;
}

function withTop(state: ViewState, { index, row }: Place): ViewState {
  const number = state.list[index]?.number ?? -1;
  return { ...state, top: { number, row } };
}

/** Scrolls no further than it takes to have the chosen message on the screen, its beginning if it is taller than that. */
export function revealed(state: ViewState): ViewState {
  const chosen = selectedIndex(state);
  if (chosen < 0) return state;
  const top = topPlace(state);
  const first = { index: chosen, row: 0 };
  const lowest = above(state, lastRowOf(state, chosen), listRows(state) - 1);
  if (isBefore(top, lowest)) return withTop(state, isBefore(first, lowest) ? first : lowest);
  return withTop(state, isBefore(first, top) ? first : top);
}

/** Scrolls by rows; what stays chosen is the choice of who asks. */
export function scrolled(state: ViewState, rows: number): ViewState {
  const top = topPlace(state);
  if (rows < 0) return withTop(state, above(state, top, -rows));
  let { index, row } = top;
  let left = rows;
  for (; left > 0; left--) {
    if (row + 1 < heightOf(state, state.list[index])) row++;
    else if (index + 1 < state.list.length) {
      index++;
      row = 0;
    } else break;
  }
  const end = topOfEnd(state);
  return withTop(state, isBefore(end, { index, row }) ? end : { index, row });
}

/** Whether the chosen message goes on below the screen, or above it. */
export function overflow(state: ViewState): { readonly above: boolean; readonly below: boolean } {
  const chosen = selectedIndex(state);
  const places = placesOnScreen(state).filter(({ index }) => index === chosen);
  const height = heightOf(state, state.list[chosen]);
  return { above: (places[0]?.row ?? 0) > 0, below: (places.at(-1)?.row ?? height) < height - 1 };
}
