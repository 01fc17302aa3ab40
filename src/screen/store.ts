import type { Press } from "./press.ts";
import type { Screen, ScreenEvent } from "./scene.ts";
import type { Row } from "./text/segment.ts";

/** What a terminal sends for keys that have names, or are held with Ctrl: in the middle of text they come without. */
const KEYS_IN_TEXT: Readonly<Record<string, string>> = {
  "\r": "return",
  "\n": "return",
  "\t": "tab",
  "\b": "backspace",
  "\u007f": "backspace",
};

function keyInText(character: string): string {
  const code = character.charCodeAt(0);
  const held = code > 0 && code <= 26 ? `ctrl-${String.fromCharCode(0x60 + code)}` : character;
  return KEYS_IN_TEXT[character] ?? held;
}

/** What an event makes of a state, and what is to be done. */
export interface Step<State, Effect> {
  readonly state: State;
  readonly effect?: Effect | undefined;
}

/** A screen as functions: no I/O, no clock. */
export interface Model<State, Event, Effect> {
  readonly initial: State;
  readonly reduce: (state: State, event: Event | ScreenEvent) => Step<State, Effect>;
  readonly rows: (state: State) => readonly Row[];
  /** Whether characters are text at present, and not keys. */
  readonly isTyping: (state: State) => boolean;
}

/** Holds the state of a screen, has effects carried out, and tells who shows it when it changes. */
export class Store<State, Event, Effect> implements Screen {
  readonly #model: Model<State, Event, Effect>;
  readonly #onEffect: (effect: Effect) => void;
  readonly #listeners = new Set<() => void>();
  #state: State;

  constructor(model: Model<State, Event, Effect>, onEffect: (effect: Effect) => void) {
    this.#model = model;
    this.#state = model.initial;
    this.#onEffect = onEffect;
  }

  readonly getState = (): State => this.#state;

  readonly rows = (): readonly Row[] => this.#model.rows(this.#state);

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  dispatch(event: Event | ScreenEvent): void {
    const { state, effect } = this.#model.reduce(this.#state, event);
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
      // eslint-disable-next-line no-control-regex -- these are keys
      const [text] = /^[^\u0000-\u001f\u007f]+/.exec(rest) ?? [];
      const isTyped = this.#model.isTyping(this.#state) && text !== undefined;
      const taken = isTyped ? text : String.fromCodePoint(rest.codePointAt(0) ?? 0);
      rest = rest.slice(taken.length);
      this.dispatch(isTyped ? { type: "text", text: taken } : { type: "key", key: keyInText(taken) });
    }
  }
}
