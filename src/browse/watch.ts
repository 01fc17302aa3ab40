import { now } from "../screen/now.ts";
import type { Scene, Stagehand } from "../screen/scene.ts";

/** What went wrong, as a sentence for the screen. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface WatchOptions {
  /** Asks the server. It throws nothing. */
  readonly refresh: (signal: AbortSignal) => Promise<void>;
  /** How long to leave the server alone after a refresh that took so long, in milliseconds. */
  readonly pauseMs: (tookMs: number) => number;
  /** Shows what became of something that was to be opened. */
  readonly onProblem: (text: string) => void;
}

/** Keeps a scene up to date while it is looked at, and opens others from it, one at a time. */
export class Watch {
  readonly #options: WatchOptions;
  readonly #ended = new AbortController();
  #isCovered = false;
  #isOpening = false;
  /** Ends the pause between refreshes. */
  #endPause: () => void = () => undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Aborted when the scene closes. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Another scene is in front of this one: nobody looks, and nothing is asked. */
  get isCovered(): boolean {
    return this.#isCovered;
  }

  async run(): Promise<void> {
    while (!this.signal.aborted) {
      const beganMs = now();
      if (!this.#isCovered) await this.#options.refresh(this.signal);
      await this.#pause(this.#options.pauseMs(now() - beganMs));
    }
  }

  /** Refreshes now. */
  wake(): void {
    this.#endPause();
  }

  resume(): void {
    this.#isCovered = false;
    this.wake();
  }

  stop(): void {
    this.#ended.abort();
    this.wake();
  }

  async open(stagehand: Stagehand | undefined, make: (signal: AbortSignal) => Promise<Scene>): Promise<void> {
    if (this.#isOpening) return;
    this.#isOpening = true;
    try {
      const scene = await make(this.signal);
      if (this.signal.aborted) return;
      this.#isCovered = true;
      stagehand?.open(scene);
    } catch (error) {
      if (!this.signal.aborted) this.#options.onProblem(reasonOf(error));
    } finally {
      this.#isOpening = false;
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.signal.aborted) this.#endPause();
    });
  }
}
