/** The list of streams as a function: what happens goes in, the next state and what is to be done come out. */
import type { ListedStream } from "../../client/directory.ts";
import { chose } from "../../screen/choice.ts";
import type { Step as AnyStep } from "../../screen/store.ts";
import type { Leaving } from "../../screen/store-scene.ts";
import { counted } from "../../client/figures.ts";
import { containsText } from "../../tail/filter/match-filter.ts";
import { BrowsingReducer, isBrowsingEvent, type BrowsingEvent, type Refresh } from "../browsing.ts";
import { LIST_BINDINGS, type ListAction } from "./keys.ts";
import { chosenPath, listRoom, pathsOnScreen, positionIn, type Known, type ListState } from "./state.ts";

/** Of streams that are not on the screen no more than so many are remembered. */
const KNOWN_MAX = 2_000;

export type ListEvent =
  | BrowsingEvent
  | { readonly type: "refreshing" }
  /** All names that there are now. */
  | { readonly type: "listed"; readonly names: readonly string[]; readonly atMs: number }
  /** What a stream is; one that is no more has gone since the list was made. */
  | { readonly type: "asked"; readonly stream: ListedStream; readonly atMs: number };

export interface OwnEffect {
  readonly type: "open" | "inspect";
  readonly path: string;
}

export type ListEffect = OwnEffect | Leaving | Refresh;

type Step = AnyStep<ListState, ListEffect>;

function choseIndex(state: ListState, index: number): ListState {
  return { ...state, choice: chose(state.choice, index, state.shown.length, listRoom(state)) };
}

/** The list made anew. What was chosen stays chosen, as long as it is there. */
function relisted(state: ListState, changes: Partial<Pick<ListState, "names" | "filter">>): ListState {
  const next = { ...state, ...changes };
  const { names = [], filter } = next;
  const shown = filter === "" ? names : names.filter((name) => containsText(name, filter));
  const path = chosenPath(state);
  const index = path === undefined ? -1 : shown.indexOf(path);
  return choseIndex({ ...next, shown }, index < 0 ? state.choice.index : index);
}

/** Drops what is known of streams that are gone, or were on the screen long ago. */
function forgetful(state: ListState, names: readonly string[]): ReadonlyMap<string, Known> {
  const there = new Set(state.known.size > KNOWN_MAX ? pathsOnScreen(state) : names);
  return new Map([...state.known].filter(([path]) => there.has(path)));
}

function asked(state: ListState, stream: ListedStream, atMs: number): ListState {
  const before = state.known.get(stream.path);
  const known = new Map(state.known).set(stream.path, { stream, atMs, perSecond: rateSince(before, stream, atMs) });
  return { ...state, known };
}

function rateSince(before: Known | undefined, stream: ListedStream, atMs: number): number | undefined {
  // One that was deleted and created again has not moved: it is another.
  if (before?.stream.createdAt !== stream.createdAt || atMs <= before.atMs) return undefined;
  const [from, to] = [positionIn(before.stream), positionIn(stream)];
  return from === undefined || to === undefined ? undefined : ((to - from) * 1000) / (atMs - before.atMs);
}

function withFilter(state: ListState, text: string): ListState {
  const filtered = relisted(state, { filter: text });
  if (state.prompt === undefined) return filtered;
  const note = {
    text: counted(filtered.shown.length, "stream"),
    isProblem: text !== "" && filtered.shown.length === 0,
  };
  return { ...filtered, prompt: { ...state.prompt, text, note } };
}

/** Escape while the filter is typed: back to what it was before. */
function cancelled(state: ListState): ListState {
  const { prompt } = state;
  return prompt === undefined ? state : relisted({ ...state, prompt: undefined }, { filter: prompt.before });
}

/** Something that is done with the chosen stream. */
function withChosen(state: ListState, type: OwnEffect["type"]): Step {
  const path = chosenPath(state);
  if (path !== undefined) return { state, effect: { type, path } };
  return { state: { ...state, notice: { text: "There is no stream to choose.", isProblem: true } } };
}

function acted(state: ListState, action: ListAction): Step {
  const { filter } = state;
  switch (action) {
    case "open":
    case "inspect":
      return withChosen(state, action);
    case "filter":
      return { state: { ...state, prompt: { text: filter, note: undefined, before: filter } } };
    case "back":
      if (filter !== "") return { state: relisted(state, { filter: "" }) };
      return { state, effect: { type: "leave", interrupted: false } };
  }
}

const browsing = new BrowsingReducer<ListState, ListAction, OwnEffect>({
  bindings: LIST_BINDINGS,
  count: ({ shown }) => shown.length,
  room: listRoom,
  choseIndex,
  // What is found can be walked through while it is narrowed down.
  walksWhileTyping: true,
  typed: withFilter,
  cancelled,
  submitted: (state) => ({ state: { ...state, prompt: undefined } }),
  acted,
});

export function reduceList(state: ListState, event: ListEvent): Step {
  if (isBrowsingEvent(event)) {
    return browsing.reduce(event.type === "failed" ? { ...state, isRefreshing: false } : state, event);
  }
  switch (event.type) {
    case "refreshing":
      return { state: { ...state, isRefreshing: true } };
    case "listed": {
      const { names, atMs } = event;
      const known = forgetful(state, names);
      const fresh = { ...state, known, problem: undefined, isRefreshing: false, refreshedAtMs: atMs, nowMs: atMs };
      return { state: relisted(fresh, { names }) };
    }
    case "asked":
      return { state: asked(state, event.stream, event.atMs) };
  }
}
