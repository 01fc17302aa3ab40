/** The map of a stream as a function: what happens goes in, the next state and what is to be done come out. */
import type { SegmentRow, StreamMap } from "../../client/operator-types.ts";
import { parseOffset } from "../../protocol/offset.ts";
import type { Notice, ScreenEvent } from "../../screen/scene.ts";
import { editedBy, withTyped } from "../../screen/typed-line.ts";
import { INSPECT_BINDINGS, inspectActionOf } from "./keys.ts";
import {
  chosenPart,
  choseIndex,
  indexOfPart,
  listRoom,
  partCount,
  partsOnScreen,
  type Check,
  type InspectState,
} from "./state.ts";

/** Rows that are remembered; those on the screen are, whatever else. */
const ROWS_MAX = 5_000;

export type InspectEvent =
  | ScreenEvent
  | { readonly type: "mapped"; readonly map: StreamMap; readonly atMs: number }
  | { readonly type: "rows"; readonly incarnation: string; readonly rows: readonly SegmentRow[] }
  | {
      readonly type: "checked";
      readonly incarnation: string;
      readonly number: number;
      readonly check: Check | undefined;
    }
  | { readonly type: "failed"; readonly problem: string }
  /** The segment that holds an offset was found. */
  | { readonly type: "found"; readonly number: number }
  | { readonly type: "told"; readonly notice: Notice };

export type InspectEffect =
  | { readonly type: "leave"; readonly interrupted: boolean }
  | { readonly type: "back" | "refresh" | "open-hot" }
  | { readonly type: "open" | "check"; readonly row: SegmentRow }
  | { readonly type: "find"; readonly offset: string };

interface Step {
  readonly state: InspectState;
  readonly effect?: InspectEffect | undefined;
}

function noticed(state: InspectState, text: string, isProblem = true): Step {
  return { state: { ...state, notice: { text, isProblem } } };
}

/** The stream as it is now. What was chosen stays chosen; of a stream that was replaced nothing is known any more. */
function mapped(state: InspectState, map: StreamMap, atMs: number): InspectState {
  const isOther = map.incarnation !== state.map.incarnation;
  const next: InspectState = {
    ...state,
    map,
    problem: undefined,
    nowMs: atMs,
    ...(isOther
      ? {
          rows: new Map(),
          checks: new Map(),
          notice: { text: "The stream was deleted and created again: this is the new one.", isProblem: true },
        }
      : {}),
  };
  return choseIndex(next, indexOfPart(map, chosenPart(state)));
}

function withRows(state: InspectState, added: readonly SegmentRow[]): InspectState {
  const onScreen = new Set(partsOnScreen(state).map(({ part }) => (part.kind === "segment" ? part.number : -1)));
  const kept =
    state.rows.size + added.length > ROWS_MAX
      ? [...state.rows].filter(([number]) => onScreen.has(number))
      : [...state.rows];
  // One that is just being sealed is still a part of the hot log.
  const sealed = added.filter((row) => row.state === "sealed");
  return { ...state, rows: new Map([...kept, ...sealed.map((row) => [row.number, row] as const)]) };
}

function checked(state: InspectState, number: number, check: Check | undefined): InspectState {
  const checks = new Map(state.checks);
  if (check === undefined) checks.delete(number);
  else checks.set(number, check);
  return { ...state, checks };
}

function withSegment(state: InspectState, then: (row: SegmentRow) => Step): Step {
  const part = chosenPart(state);
  if (part.kind === "hot") return noticed(state, "The hot log has no checksums: what is sealed does.");
  if (part.kind === "inherited") return inherited(state, part.index);
  const row = state.rows.get(part.number);
  return row === undefined ? noticed(state, "The segment is still being looked up.", false) : then(row);
}

function inherited(state: InspectState, index: number): Step {
  const holder = state.map.fork?.inherited[index]?.stream ?? "";
  return noticed(state, `This part is kept with ${holder}; tail and read show it here as well.`, false);
}

function opened(state: InspectState): Step {
  if (chosenPart(state).kind === "hot") return { state, effect: { type: "open-hot" } };
  return withSegment(state, (row) => ({ state, effect: { type: "open", row } }));
}

function checking(state: InspectState): Step {
  return withSegment(state, (row) => {
    if (state.checks.get(row.number)?.state === "checking") return { state };
    return { state: checked(state, row.number, { state: "checking" }), effect: { type: "check", row } };
  });
}

/** What was typed to go to: a number, or an offset. */
function submitted(state: InspectState, typed: string): Step {
  const closed = { ...state, prompt: undefined };
  const { map } = state;
  const text = typed.trim();
  if (text === "") return { state: closed };
  if (parseOffset(text) === undefined) {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : -1;
    if (number >= 0 && number < map.segments.count) {
      return { state: choseIndex(closed, indexOfPart(map, { kind: "segment", number })) };
    }
    const range = map.segments.count === 0 ? "there is none yet" : `there are 0 to ${String(map.segments.count - 1)}`;
    const note = { text: `neither an offset nor a segment: ${range}`, isProblem: true };
    return { state: { ...state, prompt: { text: typed, note } } };
  }
  if (text >= map.hot.start) return { state: choseIndex(closed, indexOfPart(map, { kind: "hot" })) };
  const index = map.fork?.inherited.findIndex(({ until }) => text < until) ?? -1;
  if (index >= 0) return { state: choseIndex(closed, index) };
  return { state: closed, effect: { type: "find", offset: text } };
}

function promptKey(state: InspectState, text: string, key: string): Step {
  switch (key) {
    case "ctrl-c":
      return { state, effect: { type: "leave", interrupted: true } };
    case "escape":
      return { state: { ...state, prompt: undefined } };
    case "return":
      return submitted(state, text);
    default: {
      const edited = editedBy(text, key);
      if (edited !== undefined) return { state: { ...state, prompt: { text: edited, note: undefined } } };
      return { state: key === "backspace" ? { ...state, prompt: undefined } : state };
    }
  }
}

function helpKey(state: InspectState, top: number, key: string): Step {
  const action = inspectActionOf(key);
  if (action === "interrupt") return { state, effect: { type: "leave", interrupted: true } };
  if (action === "next") return { state: { ...state, help: Math.min(INSPECT_BINDINGS.length - 1, top + 1) } };
  if (action === "previous") return { state: { ...state, help: Math.max(0, top - 1) } };
  return { state: { ...state, help: undefined } };
}

function acted(state: InspectState, key: string): Step {
  const { index } = state.choice;
  const page = Math.max(1, listRoom(state) - 1);
  switch (inspectActionOf(key)) {
    case "previous":
      return { state: choseIndex(state, index - 1) };
    case "next":
      return { state: choseIndex(state, index + 1) };
    case "pageUp":
      return { state: choseIndex(state, index - page) };
    case "pageDown":
      return { state: choseIndex(state, index + page) };
    case "first":
      return { state: choseIndex(state, 0) };
    case "last":
      return { state: choseIndex(state, partCount(state.map) - 1) };
    case "open":
      return opened(state);
    case "check":
      return checking(state);
    case "goTo":
      return { state: { ...state, prompt: { text: "", note: undefined } } };
    case "refresh":
      return { state, effect: { type: "refresh" } };
    case "help":
      return { state: { ...state, help: 0 } };
    case "back":
      return { state, effect: { type: "back" } };
    case "leave":
      return { state, effect: { type: "leave", interrupted: false } };
    case "interrupt":
      return { state, effect: { type: "leave", interrupted: true } };
    case undefined:
      return { state };
  }
}

function pressed(state: InspectState, key: string): Step {
  if (state.prompt !== undefined) return promptKey(state, state.prompt.text, key);
  if (state.help !== undefined) return helpKey(state, state.help, key);
  return acted(state.notice === undefined ? state : { ...state, notice: undefined }, key);
}

export function reduceInspection(state: InspectState, event: InspectEvent): Step {
  switch (event.type) {
    case "mapped":
      return { state: mapped(state, event.map, event.atMs) };
    case "rows":
      // An answer about the stream that was there before.
      return { state: event.incarnation === state.map.incarnation ? withRows(state, event.rows) : state };
    case "checked":
      if (event.incarnation !== state.map.incarnation) return { state };
      return { state: checked(state, event.number, event.check) };
    case "failed":
      return { state: choseIndex({ ...state, problem: event.problem }, state.choice.index) };
    case "found":
      return { state: choseIndex(state, indexOfPart(state.map, { kind: "segment", number: event.number })) };
    case "told":
      return { state: { ...state, notice: event.notice } };
    case "tick":
      return { state: { ...state, nowMs: event.atMs } };
    case "resized": {
      const sized = { ...state, columns: event.columns, screenRows: event.rows };
      return { state: choseIndex(sized, state.choice.index) };
    }
    case "key":
      return pressed(state, event.key);
    case "text": {
      const { prompt } = state;
      if (prompt === undefined) return { state };
      return { state: { ...state, prompt: { text: withTyped(prompt.text, event.text), note: undefined } } };
    }
  }
}
