import { now } from "../screen/now.ts";
import type { Scene, Stagehand } from "../screen/scene.ts";
import { carryOut } from "./carry-out.ts";
import { LiveStore } from "./live-store.ts";
import type { Effect } from "./model/event.ts";
import type { Arrival } from "./model/message.ts";

/** Messages that are all there, and none will follow. */
export interface StillContent {
  /** What they are: it names the files that messages are saved to as well. */
  readonly name: string;
  /** Which part of what. */
  readonly about: string;
  /** What is said after the last one. */
  readonly end: string;
  readonly messages: readonly Arrival[];
}

export class StillScene implements Scene {
  readonly screen: LiveStore;
  readonly #messages: readonly Arrival[];
  #stagehand: Stagehand | undefined;

  /** @param isNested Whether there is another scene to go back to. */
  constructor({ name, about, end, messages }: StillContent, isNested = false) {
    this.#messages = messages;
    this.screen = new LiveStore(
      [{ name, url: about }],
      (effect) => {
        this.#carryOut(effect);
      },
      { isNested, stillEnd: end },
    );
  }

  start(stagehand: Stagehand): void {
    this.#stagehand = stagehand;
    const bytes = this.#messages.reduce((sum, { size }) => sum + size, 0);
    const progress = { count: this.#messages.length, bytes, offset: undefined, upToDate: true, closed: true };
    const batches = [{ stream: 0, reading: 0, arrivals: this.#messages, progress }];
    this.screen.dispatch({ type: "arrived", atMs: now(), batches });
  }

  stop(): void {
    this.#stagehand = undefined;
  }

  /** Nothing is opened from here. */
  resumed(): void {
    return;
  }

  farewell(): undefined {
    return undefined;
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case "leave":
        this.#stagehand?.leave(effect.interrupted);
        return;
      case "back":
        this.#stagehand?.back();
        return;
      case "read":
        return;
      case "copy":
      case "save":
        carryOut(effect, this.screen);
    }
  }
}
