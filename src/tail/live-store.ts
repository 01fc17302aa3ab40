import type { Press } from "./keys.ts";
import { initialState, type Named, type ViewState } from "./model/state.ts";
import type { Effect, ViewEvent } from "./model/event.ts";
import { reduce } from "./model/reduce.ts";

/** What a terminal sends in the middle of pasted text for keys that would otherwise have names. */
const KEYS_IN_TEXT: Readonly<Record<string, string>> = { "\r": "return", "\n": "return", "\t": "tab" };

/** Holds the state that the view shows, has effects carried out, and tells the view when the state changes. */
export class LiveStore {
  #state: ViewState;
  readonly #onEffect: (effect: Effect) => void;
  readonly #listeners = new Set<() => void>();

  constructor(streams: readonly Named[], onEffect: (effect: Effect) => void) {
    this.#state = initialState(streams);
    this.#onEffect = onEffect;
  }

  readonly getState = (): ViewState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  dispatch(event: ViewEvent): void {
    const { state, effect } = reduce(this.#state, event);
    this.#state = state;
    for (const listener of this.#listeners) listener();
    if (effect !== undefined) this.#onEffect(effect);
  }

  /**
   * A key, or text that came at once: a paste, or keys that were pressed while the process was busy. In a prompt text is
   * text; elsewhere every character is a key.
   */
  press(press: Press): void {
    if ("name" in press) {
      this.dispatch({ type: "key", key: press.name });
      return;
    }
    for (let rest = press.text; rest !== "";) {
      const [text] = /^[^\r\n\t]+/.exec(rest) ?? [];
      const isTyped = this.#state.prompt !== undefined && text !== undefined;
      const taken = isTyped ? text : String.fromCodePoint(rest.codePointAt(0) ?? 0);
      rest = rest.slice(taken.length);
      this.dispatch(isTyped ? { type: "text", text: taken } : { type: "key", key: KEYS_IN_TEXT[taken] ?? taken });
    }
  }
}
