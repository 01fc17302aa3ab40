import { now } from "../screen/now.ts";
import type { Scene, Stagehand } from "../screen/scene.ts";
import { carryOut } from "./carry-out.ts";
import { Frames } from "./io/frames.ts";
import { Reader, reasonOf } from "./io/reader.ts";
import type { ViewSource } from "./io/source.ts";
import { LiveStore } from "./live-store.ts";
import type { Effect } from "./model/event.ts";
import { farewell } from "./view/sentences.ts";

/**
 * Streams as they grow. When they end by themselves the view stays, so that the last messages can be read; a failure ends
 * it.
 */
export class LiveScene implements Scene {
  readonly screen: LiveStore;
  readonly #sources: readonly ViewSource[];
  readonly #frames: Frames;
  readonly #readers: readonly Reader[];
  #stagehand: Stagehand | undefined;

  /** @param isNested Whether there is another scene to go back to. */
  constructor(sources: readonly ViewSource[], isNested = false) {
    this.#sources = sources;
    this.screen = new LiveStore(
      sources,
      (effect) => {
        this.#carryOut(effect);
      },
      { isNested },
    );
    this.#frames = new Frames((batches) => {
      this.screen.dispatch({ type: "arrived", batches, atMs: now() });
    });
    this.#readers = sources.map((source, stream) => {
      const readable = { store: this.screen, frames: this.#frames, source, stream };
      return new Reader(readable, (error) => this.#stagehand?.fail(error, reasonOf(error, source)));
    });
  }

  start(stagehand: Stagehand): void {
    this.#stagehand = stagehand;
    for (const [i, { start }] of this.#sources.entries()) this.#readers[i]?.start(start, 0);
  }

  stop(): void {
    for (const reader of this.#readers) reader.stop();
    this.#frames.flush();
  }

  /** Nothing is opened from here. */
  resumed(): void {
    return;
  }

  farewell(): string {
    return farewell(this.screen.getState());
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
        this.#readers[effect.stream]?.start({ at: "offset", offset: effect.offset }, effect.reading);
        return;
      case "copy":
      case "save":
        carryOut(effect, this.screen);
    }
  }
}
