/** The list of streams as a function: what happens goes in, the next state and what is to be done come out. */
import type { ListedStream } from "../../client/directory.ts";
import { chose } from "../../screen/choice.ts";
import type { Notice, ScreenEvent } from "../../screen/scene.ts";
import { editedBy, withTyped } from "../../screen/typed-line.ts";
import { counted } from "../../screen/text/figures.ts";
import { containsText } from "../../tail/filter/match-filter.ts";
import { LIST_BINDINGS, listActionOf } from "./keys.ts";
import { chosenPath, listRoom, pathsOnScreen, positionIn, type Known, type ListState } from "./state.ts";

/** Of streams that are not on the screen no more than so many are remembered. */
const KNOWN_MAX = 2_000;

export type ListEvent =
  | ScreenEvent
  | { readonly type: "refreshing" }
  /** All names that there are now. */
  | { readonly type: "listed"; readonly names: readonly string[]; readonly atMs: number }
  /** What a stream is; one that is no more has gone since the list was made. */
  | { readonly type: "asked"; readonly stream: ListedStream; readonly atMs: number }
  | { readonly type: "failed"; readonly problem: string }
  | { readonly type: "told"; readonly notice: Notice };

export type ListEffect =
  | { readonly type: "leave"; readonly interrupted: boolean }
  | { readonly type: "open" | "inspect"; readonly path: string }
  | { readonly type: "refresh" };

interface Step {
  readonly state: ListState;
  readonly effect?: ListEffect | undefined;
}

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

function promptKey(state: ListState, key: string): Step {
  const { prompt } = state;
  if (prompt === undefined) return { state };
  const closed = { ...state, prompt: undefined };
  switch (key) {
    case "ctrl-c":
      return { state, effect: { type: "leave", interrupted: true } };
    case "escape":
      return { state: withFilter(closed, prompt.before) };
    case "return":
      return { state: closed };
    case "up":
    case "down":
    case "pageup":
    case "pagedown":
      // What is found can be walked through while it is narrowed down.
      return acted(state, key);
    default: {
      const text = editedBy(prompt.text, key);
      if (text !== undefined) return { state: withFilter(state, text) };
      return { state: key === "backspace" ? withFilter(closed, "") : state };
    }
  }
}

function helpKey(state: ListState, top: number, key: string): Step {
  const action = listActionOf(key);
  if (action === "interrupt") return { state, effect: { type: "leave", interrupted: true } };
  if (action === "down") return { state: { ...state, help: Math.min(LIST_BINDINGS.length - 1, top + 1) } };
  if (action === "up") return { state: { ...state, help: Math.max(0, top - 1) } };
  return { state: { ...state, help: undefined } };
}

/** Something that is done with the chosen stream. */
function withChosen(state: ListState, type: "open" | "inspect"): Step {
  const path = chosenPath(state);
  if (path !== undefined) return { state, effect: { type, path } };
  return { state: { ...state, notice: { text: "There is no stream to choose.", isProblem: true } } };
}

function acted(state: ListState, key: string): Step {
  const { choice, shown, filter } = state;
  const page = Math.max(1, listRoom(state) - 1);
  switch (listActionOf(key)) {
    case "up":
      return { state: choseIndex(state, choice.index - 1) };
    case "down":
      return { state: choseIndex(state, choice.index + 1) };
    case "pageUp":
      return { state: choseIndex(state, choice.index - page) };
    case "pageDown":
      return { state: choseIndex(state, choice.index + page) };
    case "first":
      return { state: choseIndex(state, 0) };
    case "last":
      return { state: choseIndex(state, shown.length - 1) };
    case "open":
      return withChosen(state, "open");
    case "inspect":
      return withChosen(state, "inspect");
    case "filter":
      return { state: { ...state, prompt: { text: filter, note: undefined, before: filter } } };
    case "refresh":
      return { state, effect: { type: "refresh" } };
    case "help":
      return { state: { ...state, help: 0 } };
    case "back":
      if (filter !== "") return { state: relisted(state, { filter: "" }) };
      return { state, effect: { type: "leave", interrupted: false } };
    case "leave":
      return { state, effect: { type: "leave", interrupted: false } };
    case "interrupt":
      return { state, effect: { type: "leave", interrupted: true } };
    case undefined:
      return { state };
  }
}

function pressed(state: ListState, key: string): Step {
  if (state.prompt !== undefined) return promptKey(state, key);
  if (state.help !== undefined) return helpKey(state, state.help, key);
  return acted(state.notice === undefined ? state : { ...state, notice: undefined }, key);
}

export function reduceList(state: ListState, event: ListEvent): Step {
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
    case "failed":
      return { state: choseIndex({ ...state, problem: event.problem, isRefreshing: false }, state.choice.index) };
    case "told":
      return { state: { ...state, notice: event.notice } };
    case "tick":
      return { state: { ...state, nowMs: event.atMs } };
    case "resized": {
      const sized = { ...state, columns: event.columns, rows: event.rows };
      return { state: choseIndex(sized, state.choice.index) };
    }
    case "key":
      return pressed(state, event.key);
    case "text":
      if (state.prompt === undefined) return { state };
      return { state: withFilter(state, withTyped(state.prompt.text, event.text)) };
  }
}
