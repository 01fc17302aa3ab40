import { now } from "../screen/now.ts";
import type { Stagehand } from "../screen/scene.ts";
import { StoreScene } from "../screen/store-scene.ts";
import { carryOut } from "./carry-out.ts";
import { Frames } from "./io/frames.ts";
import { Reader, reasonOf } from "./io/reader.ts";
import type { ViewSource } from "./io/source.ts";
import { LiveStore } from "./live-store.ts";
import type { OwnEffect } from "./model/event.ts";
import { farewell } from "./view/sentences.ts";

/**
 * Streams as they grow. When they end by themselves the view stays, so that the last messages can be read; a failure ends
 * it.
 */
export class LiveScene extends StoreScene<LiveStore, OwnEffect> {
  readonly #sources: readonly ViewSource[];
  readonly #frames: Frames;
  readonly #readers: readonly Reader[];

  /** @param isNested Whether there is another scene to go back to. */
  constructor(sources: readonly ViewSource[], isNested = false) {
    super((onEffect) => new LiveStore(sources, onEffect, { isNested }));
    this.#sources = sources;
    this.#frames = new Frames((batches) => {
      this.screen.dispatch({ type: "arrived", batches, atMs: now() });
    });
    this.#readers = sources.map((source, stream) => {
      const readable = { store: this.screen, frames: this.#frames, source, stream };
      return new Reader(readable, (error) => this.stagehand?.fail(error, reasonOf(error, source)));
    });
  }

  override start(stagehand: Stagehand): void {
    super.start(stagehand);
    for (const [i, { start }] of this.#sources.entries()) this.#readers[i]?.start(start, 0);
  }

  override stop(): void {
    super.stop();
    for (const reader of this.#readers) reader.stop();
    this.#frames.flush();
  }

  override farewell(): string {
    return farewell(this.screen.getState());
  }

  protected override carryOut(effect: OwnEffect): void {
    switch (effect.type) {
      case "read":
        this.#readers[effect.stream]?.start({ at: "offset", offset: effect.offset }, effect.reading);
        return;
      case "copy":
      case "save":
        carryOut(effect, this.screen);
    }
  }
}
