/** The map of a stream as a function: what happens goes in, the next state and what is to be done come out. */
import type { SegmentRow, StreamMap } from "../../client/operator-types.ts";
import { parseOffset } from "../../protocol/offset.ts";
import type { Step as AnyStep } from "../../screen/store.ts";
import type { Leaving } from "../../screen/store-scene.ts";
import { BrowsingReducer, isBrowsingEvent, type BrowsingEvent, type Refresh } from "../browsing.ts";
import { INSPECT_BINDINGS, type InspectAction } from "./keys.ts";
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
  | BrowsingEvent
  | { readonly type: "mapped"; readonly map: StreamMap; readonly atMs: number }
  | { readonly type: "rows"; readonly incarnation: string; readonly rows: readonly SegmentRow[] }
  | {
      readonly type: "checked";
      readonly incarnation: string;
      readonly number: number;
      readonly check: Check | undefined;
    }
  /** The segment that holds an offset was found. */
  | { readonly type: "found"; readonly number: number };

export type OwnEffect =
  | { readonly type: "open-hot" }
  | { readonly type: "open" | "check"; readonly row: SegmentRow }
  | { readonly type: "find"; readonly offset: string };

export type InspectEffect = OwnEffect | Leaving | Refresh;

type Step = AnyStep<InspectState, InspectEffect>;

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
function submitted(state: InspectState): Step {
  const closed = { ...state, prompt: undefined };
  const { map, prompt } = state;
  const typed = prompt?.text ?? "";
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

function acted(state: InspectState, action: InspectAction): Step {
  switch (action) {
    case "open":
      return opened(state);
    case "check":
      return checking(state);
    case "goTo":
      return { state: { ...state, prompt: { text: "", note: undefined } } };
    case "back":
      return { state, effect: { type: "back" } };
  }
}

const browsing = new BrowsingReducer<InspectState, InspectAction, OwnEffect>({
  bindings: INSPECT_BINDINGS,
  count: ({ map }) => partCount(map),
  room: listRoom,
  choseIndex,
  walksWhileTyping: false,
  typed: (state, text) => ({ ...state, prompt: { text, note: undefined } }),
  cancelled: (state) => ({ ...state, prompt: undefined }),
  submitted,
  acted,
});

export function reduceInspection(state: InspectState, event: InspectEvent): Step {
  if (isBrowsingEvent(event)) return browsing.reduce(state, event);
  switch (event.type) {
    case "mapped":
      return { state: mapped(state, event.map, event.atMs) };
    case "rows":
      // An answer about the stream that was there before.
      return { state: event.incarnation === state.map.incarnation ? withRows(state, event.rows) : state };
    case "checked":
      if (event.incarnation !== state.map.incarnation) return { state };
      return { state: checked(state, event.number, event.check) };
    case "found":
      return { state: choseIndex(state, indexOfPart(state.map, { kind: "segment", number: event.number })) };
  }
}
