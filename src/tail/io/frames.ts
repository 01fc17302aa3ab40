import type { Batch } from "../model/event.ts";

/** No more often than this is the screen made anew for what arrives: 20 times a second. */
const FRAME_MS = 50;

/** Past either of these a reader waits for the next frame, so that what is not shown yet stays bounded. */
const PENDING_MAX_MESSAGES = 5_000;
const PENDING_MAX_BYTES = 4 * 1_048_576;

/** Gathers what readers bring, and hands it on once a frame. */
export class Frames {
  readonly #onFrame: (batches: readonly Batch[]) => void;
  #pending: Batch[] = [];
  #messages = 0;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #waiting: (() => void)[] = [];

  constructor(onFrame: (batches: readonly Batch[]) => void) {
    this.#onFrame = onFrame;
  }

  /** Resolves when there is room for more. */
  async add(batch: Batch): Promise<void> {
    this.#pending.push(batch);
    this.#messages += batch.arrivals.length;
    this.#bytes += batch.progress.bytes;
    this.#timer ??= setTimeout(() => {
      this.flush();
    }, FRAME_MS);
    if (this.#messages < PENDING_MAX_MESSAGES && this.#bytes < PENDING_MAX_BYTES) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Hands on what there is now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batches = this.#pending;
    const waiting = this.#waiting;
    this.#pending = [];
    this.#waiting = [];
    this.#messages = 0;
    this.#bytes = 0;
    if (batches.length > 0) this.#onFrame(batches);
    for (const resume of waiting) resume();
  }
}
