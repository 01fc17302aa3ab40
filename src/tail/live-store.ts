import { initialState, reduce, type LiveEvent, type LiveState } from "./live-state.ts";

/** Holds the state that the view shows and tells the view when it changes. */
export class LiveStore {
  #state: LiveState;
  readonly #listeners = new Set<() => void>();

  constructor(stream: string) {
    this.#state = initialState(stream);
  }

  readonly getState = (): LiveState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  dispatch(event: LiveEvent): void {
    this.#state = reduce(this.#state, event);
    for (const listener of this.#listeners) listener();
  }
}
