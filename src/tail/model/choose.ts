import { matcher } from "../filter/match-filter.ts";
import type { Message } from "./message.ts";
import { indexOf, type ViewState } from "./state.ts";

function chooser({ tab, filter }: ViewState): (message: Message) => boolean {
  const matches = matcher(filter?.filter);
  return (message) => (tab === undefined || message.stream === tab) && matches(message);
}

/** Whether every message is shown: then the list is the ring itself. */
function showsAll({ streams, tab, filter }: ViewState): boolean {
  return filter === undefined && (tab === undefined || streams.length === 1);
}

/** The state with its list made anew: the tab, the filter or what is read has changed. */
export function relisted(state: ViewState): ViewState {
  const source = state.reading.mode === "paused" ? state.reading.frozen : state.ring.messages;
  return { ...state, list: showsAll(state) ? source : source.filter(chooser(state)) };
}

/** The state with its list brought up to its ring. Only what is new is looked at. */
export function extended(state: ViewState, added: readonly Message[]): ViewState {
  const { reading, ring } = state;
  if (reading.mode === "paused") {
    const missed = reading.missed + (showsAll(state) ? added.length : added.filter(chooser(state)).length);
    return { ...state, reading: { ...reading, missed } };
  }
  if (showsAll(state)) return { ...state, list: ring.messages };
  const oldest = ring.messages[0]?.number ?? state.nextNumber;
  // Of very many at once the first may be gone from the ring again.
  const chosen = added.slice(indexOf(added, oldest)).filter(chooser(state));
  const first = indexOf(state.list, oldest);
  if (first === 0 && chosen.length === 0) return state;
  return { ...state, list: [...state.list.slice(first), ...chosen] };
}
