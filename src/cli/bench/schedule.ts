/**
 * When appends are due. The writers share it: whoever is free takes the next one. An append that is late stays due at its
 * time, so that a server that stalls is seen to have kept all those waiting that came meanwhile (no coordinated omission).
 */
export class Schedule {
  readonly #rate: number;
  readonly #durationMs: number;
  #taken = 0;

  /** `rate` is in appends a second; 0 means that the next append is due at once. */
  constructor(rate: number, durationMs: number) {
    this.#rate = rate;
    this.#durationMs = durationMs;
  }

  /** How many appends are due in all; `undefined` when there is no rate. */
  get planned(): number | undefined {
    return this.#rate === 0 ? undefined : Math.ceil((this.#rate * this.#durationMs) / 1_000);
  }

  /** When the next append is due, in milliseconds from the start; `undefined` when there is none any more. */
  take(nowMs: number): number | undefined {
    if (nowMs >= this.#durationMs) return undefined;
    if (this.#rate === 0) return nowMs;
    const dueMs = (this.#taken * 1_000) / this.#rate;
    if (dueMs >= this.#durationMs) return undefined;
    this.#taken++;
    return dueMs;
  }
}

/** What an append took. */
export interface AppendTimes {
  /** From sending it to its answer. */
  readonly serviceMs: number;
  /** From the time at which it was due to its answer. */
  readonly intendedMs: number;
}

export function appendTimes(dueMs: number, sentMs: number, answeredMs: number): AppendTimes {
  return { serviceMs: answeredMs - sentMs, intendedMs: answeredMs - Math.min(dueMs, sentMs) };
}
