import { relisted } from "./choose.ts";
import { listRows, overflow, placesOnScreen, revealed, scrolled, topPlace } from "./layout.ts";
import { selectedIndex, selectedMessage, type ViewState } from "./state.ts";

/** Stands still from now on; what was chosen and where the screen began stay. */
export function paused(state: ViewState): ViewState {
  if (state.reading.mode !== "live") return state;
  const { index, row } = topPlace(state);
  return {
    ...state,
    reading: { mode: "paused", frozen: state.ring.messages, missed: 0 },
    selected: selectedMessage(state)?.number ?? -1,
    top: { number: state.list[index]?.number ?? -1, row },
  };
}

export function goneLive(state: ViewState): ViewState {
  return relisted({ ...state, reading: { mode: "live" }, notice: undefined });
}

export function choseIndex(state: ViewState, index: number): ViewState {
  const message = state.list[Math.max(0, Math.min(index, state.list.length - 1))];
  // Where there is nothing to choose there is nothing to stand still for.
  return message === undefined ? state : revealed({ ...paused(state), selected: message.number });
}

/** A message up or down; one that is taller than the screen is scrolled through first. */
export function moved(state: ViewState, by: 1 | -1): ViewState {
  const beyond = overflow(state);
  if (by > 0 ? beyond.below : beyond.above) return scrolled(paused(state), by);
  if (by > 0 && state.reading.mode === "live") return state;
  return choseIndex(state, selectedIndex(state) + by);
}

/** A screen up or down; the chosen message comes along, at the edge that one goes towards. */
export function paged(state: ViewState, by: 1 | -1): ViewState {
  if (by > 0 && state.reading.mode === "live") return state;
  const before = paused(state);
  const after = scrolled(before, by * Math.max(1, listRows(state) - 1));
  const places = placesOnScreen(after);
  const isAtEdge = after.top.number === before.top.number && after.top.row === before.top.row;
  const edge = isAtEdge === by > 0 ? places.at(-1) : places[0];
  const number = after.list[edge?.index ?? 0]?.number;
  return number === undefined ? after : { ...after, selected: number };
}
