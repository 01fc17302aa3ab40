// The state of a screen, driven by events as the program drives it.
import type { ScreenEvent } from "../../../src/screen/scene.ts";
import type { Model } from "../../../src/screen/store.ts";
import { rowText } from "../../../src/screen/text/segment.ts";

/** A view in the hands of a test. Its clock stands still unless `after` moves it. */
export class Driven<State, Event, Effect> {
  state: State;
  readonly effects: Effect[] = [];
  protected atMs: number;
  readonly #model: Omit<Model<State, Event, Effect>, "isTyping">;

  constructor(model: Omit<Model<State, Event, Effect>, "isTyping">, atMs: number) {
    this.#model = model;
    this.state = model.initial;
    this.atMs = atMs;
  }

  send(event: Event | ScreenEvent): this {
    const { state, effect } = this.#model.reduce(this.state, event);
    this.state = state;
    if (effect !== undefined) this.effects.push(effect);
    return this;
  }

  /** Time passes, in milliseconds. */
  after(ms: number): this {
    this.atMs += ms;
    return this.send({ type: "tick", atMs: this.atMs });
  }

  press(...keys: readonly string[]): this {
    for (const key of keys) this.send({ type: "key", key });
    return this;
  }

  type(text: string): this {
    return this.send({ type: "text", text });
  }

  get screen(): readonly string[] {
    return this.#model.rows(this.state).map((row) => rowText(row).trimEnd());
  }
}
