import type { Notices } from "../notices.ts";

/** Says of every step what it does, and then what came of it and how long it took. */
export class Steps {
  readonly #notices: Notices;

  constructor(notices: Notices) {
    this.#notices = notices;
  }

  /** `outcome` makes a sentence of the result. */
  async run<T>(title: string, action: () => Promise<T>, outcome: (result: T) => string): Promise<T> {
    this.#notices.note(`${title}...`);
    const startedMs = performance.now();
    const result = await action();
    const tookSeconds = (performance.now() - startedMs) / 1000;
    this.#notices.note(`  ${outcome(result)} (${tookSeconds.toFixed(1)} s)`);
    return result;
  }
}
