/** What views to browse have in common as a function: something chosen, a line to type, a help, and the ways out. */
import type { Choice } from "../screen/choice.ts";
import { scrolledHelp } from "../screen/help.ts";
import { actionFinder, type Binding } from "../screen/press.ts";
import type { Notice, ScreenEvent, Typed } from "../screen/scene.ts";
import type { Step } from "../screen/store.ts";
import type { Leaving } from "../screen/store-scene.ts";
import { editedBy, withTyped } from "../screen/typed-line.ts";
import type { BrowsingAction } from "./keys.ts";

export interface Browsing {
  readonly choice: Choice;
  readonly prompt: Typed | undefined;
  /** Why the last refresh failed. */
  readonly problem: string | undefined;
  readonly notice: Notice | undefined;
  /** The first line of the help that is shown, while it is. */
  readonly help: number | undefined;
  readonly columns: number;
  readonly screenRows: number;
  readonly nowMs: number;
}

export const INITIAL_BROWSING = {
  choice: { index: 0, top: 0 },
  prompt: undefined,
  problem: undefined,
  notice: undefined,
  help: undefined,
  columns: 80,
  screenRows: 24,
  nowMs: 0,
} satisfies Browsing;

export type BrowsingEvent =
  | ScreenEvent
  | { readonly type: "failed"; readonly problem: string }
  | { readonly type: "told"; readonly notice: Notice };

const COMMON_EVENTS: Readonly<Record<BrowsingEvent["type"], true>> = {
  tick: true,
  resized: true,
  key: true,
  text: true,
  failed: true,
  told: true,
};

export function isBrowsingEvent(event: { readonly type: string }): event is BrowsingEvent {
  return Object.hasOwn(COMMON_EVENTS, event.type);
}

/** Asks the server now. */
export interface Refresh {
  readonly type: "refresh";
}

/** What one view makes of what all have in common. */
interface Ways<State extends Browsing, Action extends string, Effect> {
  readonly bindings: readonly Binding<Action | BrowsingAction>[];
  /** How many there are to choose from. */
  readonly count: (state: State) => number;
  /** How many of them the screen has room for. */
  readonly room: (state: State) => number;
  /** Chooses another one, or the nearest that there is. */
  readonly choseIndex: (state: State, index: number) => State;
  /** Whether keys that walk do so while a line is typed. */
  readonly walksWhileTyping: boolean;
  /** Another text in the prompt. */
  readonly typed: (state: State, text: string) => State;
  /** Escape while a line is typed. */
  readonly cancelled: (state: State) => State;
  /** Enter: what was typed is meant. */
  readonly submitted: (state: State) => Step<State, Effect>;
  /** What a key does only in this view. */
  readonly acted: (state: State, action: Action) => Step<State, Effect>;
}

const WALKING: ReadonlySet<string> = new Set(["up", "down", "pageup", "pagedown"]);

export class BrowsingReducer<State extends Browsing, Action extends string, Effect> {
  readonly #ways: Ways<State, Action, Effect | Leaving | Refresh>;
  readonly #actionOf: (key: string) => Action | BrowsingAction | undefined;

  constructor(ways: Ways<State, Action, Effect | Leaving | Refresh>) {
    this.#ways = ways;
    this.#actionOf = actionFinder(ways.bindings);
  }

  reduce(state: State, event: BrowsingEvent): Step<State, Effect | Leaving | Refresh> {
    const { choseIndex } = this.#ways;
    switch (event.type) {
      case "failed":
        return { state: choseIndex({ ...state, problem: event.problem }, state.choice.index) };
      case "told":
        return { state: { ...state, notice: event.notice } };
      case "tick":
        return { state: { ...state, nowMs: event.atMs } };
      case "resized": {
        const sized = { ...state, columns: event.columns, screenRows: event.rows };
        return { state: choseIndex(sized, state.choice.index) };
      }
      case "key":
        return this.#pressed(state, event.key);
      case "text":
        if (state.prompt === undefined) return { state };
        return { state: this.#ways.typed(state, withTyped(state.prompt.text, event.text)) };
    }
  }

  #pressed(state: State, key: string): Step<State, Effect | Leaving | Refresh> {
    if (state.prompt !== undefined) return this.#promptKey(state, state.prompt, key);
    if (state.help !== undefined) return this.#helpKey(state, state.help, key);
    return this.#acted(state.notice === undefined ? state : { ...state, notice: undefined }, key);
  }

  #promptKey(state: State, { text }: Typed, key: string): Step<State, Effect | Leaving | Refresh> {
    const { typed, cancelled, submitted, walksWhileTyping } = this.#ways;
    if (key === "ctrl-c") return { state, effect: { type: "leave", interrupted: true } };
    if (key === "escape") return { state: cancelled(state) };
    if (key === "return") return submitted(state);
    if (walksWhileTyping && WALKING.has(key)) return this.#acted(state, key);
    const edited = editedBy(text, key);
    if (edited !== undefined) return { state: typed(state, edited) };
    // With nothing left to erase, the prompt itself goes.
    return { state: key === "backspace" ? { ...state, prompt: undefined } : state };
  }

  #helpKey(state: State, top: number, key: string): Step<State, Effect | Leaving | Refresh> {
    const action = this.#actionOf(key);
    if (action === "interrupt") return { state, effect: { type: "leave", interrupted: true } };
    return { state: { ...state, help: scrolledHelp(top, action, this.#ways.bindings.length) } };
  }

  #acted(state: State, key: string): Step<State, Effect | Leaving | Refresh> {
    const { choseIndex, count, room, acted } = this.#ways;
    const { index } = state.choice;
    const page = Math.max(1, room(state) - 1);
    const action = this.#actionOf(key);
    switch (action) {
      case undefined:
        return { state };
      case "up":
        return { state: choseIndex(state, index - 1) };
      case "down":
        return { state: choseIndex(state, index + 1) };
      case "pageUp":
        return { state: choseIndex(state, index - page) };
      case "pageDown":
        return { state: choseIndex(state, index + page) };
      case "first":
        return { state: choseIndex(state, 0) };
      case "last":
        return { state: choseIndex(state, count(state) - 1) };
      case "refresh":
        return { state, effect: { type: "refresh" } };
      case "help":
        return { state: { ...state, help: 0 } };
      case "leave":
      case "interrupt":
        return { state, effect: { type: "leave", interrupted: action === "interrupt" } };
      default:
        return acted(state, action);
    }
  }
}
