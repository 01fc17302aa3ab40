import { vi } from "vitest";

/**
 * Lets a test say what `Date.now()` is, in the Worker and in its objects alike. Timers and alarms of the platform keep
 * going by the real clock, so a test that wants an alarm runs it by hand.
 */
export class Clock {
  #nowMs = Date.now();

  constructor() {
    vi.useFakeTimers({ toFake: ["Date"], now: this.#nowMs });
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  advanceSeconds(seconds: number): void {
    this.#nowMs += seconds * 1000;
    vi.setSystemTime(this.#nowMs);
  }

  [Symbol.dispose](): void {
    vi.useRealTimers();
  }
}
