import { containsText } from "../filter/match-filter.ts";
import { counted } from "../../client/figures.ts";
import { textOf } from "./message.ts";
import { choseIndex } from "./moves.ts";
import { selectedIndex, type ViewState } from "./state.ts";

function matches({ list }: ViewState, needle: string): readonly number[] {
  return list.flatMap((message, index) => (containsText(textOf(message), needle) ? [index] : []));
}

/** What has been typed so far: chooses the nearest match, above first, since what is new stands below. */
export function searchedFor(state: ViewState, needle: string): { readonly state: ViewState; readonly found: number } {
  if (needle === "") return { state: { ...state, search: undefined }, found: 0 };
  const found = matches(state, needle);
  const from = selectedIndex(state);
  const nearest = found.findLast((index) => index <= from) ?? found[0];
  const searching = { ...state, search: needle };
  return { state: nearest === undefined ? searching : choseIndex(searching, nearest), found: found.length };
}

/** The next match below or above; past the last one it begins again at the other end. */
export function matchAfter(state: ViewState, by: 1 | -1): ViewState {
  const { search } = state;
  if (search === undefined)
    return { ...state, notice: { text: "Nothing is searched for: / begins.", isProblem: false } };
  const found = matches(state, search);
  const from = selectedIndex(state);
  const beyond = by > 0 ? found.find((index) => index > from) : found.findLast((index) => index < from);
  const next = beyond ?? (by > 0 ? found[0] : found.at(-1));
  if (next === undefined) {
    return { ...state, notice: { text: `No message contains ${JSON.stringify(search)}.`, isProblem: true } };
  }
  const around = beyond === undefined ? ", around the end" : "";
  const text = `Match ${counted(found.indexOf(next) + 1, "")}of ${String(found.length)}${around}`.replace("  ", " ");
  return { ...choseIndex(state, next), notice: { text, isProblem: false } };
}
