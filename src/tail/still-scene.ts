import { now } from "../screen/now.ts";
import type { Stagehand } from "../screen/scene.ts";
import { StoreScene } from "../screen/store-scene.ts";
import { carryOut } from "./carry-out.ts";
import { LiveStore } from "./live-store.ts";
import type { OwnEffect } from "./model/event.ts";
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

export class StillScene extends StoreScene<LiveStore, OwnEffect> {
  readonly #messages: readonly Arrival[];

  /** @param isNested Whether there is another scene to go back to. */
  constructor({ name, about, end, messages }: StillContent, isNested = false) {
    super((onEffect) => new LiveStore([{ name, url: about }], onEffect, { isNested, stillEnd: end }));
    this.#messages = messages;
  }

  override start(stagehand: Stagehand): void {
    super.start(stagehand);
    const bytes = this.#messages.reduce((sum, { size }) => sum + size, 0);
    const progress = { count: this.#messages.length, bytes, offset: undefined, upToDate: true, closed: true };
    const batches = [{ stream: 0, reading: 0, arrivals: this.#messages, progress }];
    this.screen.dispatch({ type: "arrived", atMs: now(), batches });
  }

  protected override carryOut(effect: OwnEffect): void {
    // There is nothing to read.
    if (effect.type !== "read") carryOut(effect, this.screen);
  }
}
