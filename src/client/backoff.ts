/** How long to wait between tries. All waits are milliseconds. */
export interface BackoffOptions {
  /** Upper bound of the first wait. Default 100. */
  readonly firstMs?: number;
  /** Upper bound of every wait. Default 5,000. */
  readonly maxMs?: number;
  /** Random number in [0, 1). Default `Math.random`; tests pass their own. */
  readonly random?: () => number;
}

/**
 * Capped exponential backoff with jitter: a wait between half of the bound and the bound, which doubles with each
 * failure. The jitter keeps many clients of one server from coming back in the same instant.
 */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #failures = 0;

  constructor({ firstMs = 100, maxMs = 5_000, random = Math.random }: BackoffOptions = {}) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /** How many failures there were since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** The wait before the next try. A server that asked for a longer one gets it, up to a minute. */
  next(askedMs = 0): number {
    const bound = Math.min(this.#maxMs, this.#firstMs * 2 ** Math.min(this.#failures, 30));
    this.#failures++;
    return Math.max(Math.min(askedMs, LONGEST_ASKED_MS), bound / 2 + (this.#random() * bound) / 2);
  }

  reset(): void {
    this.#failures = 0;
  }
}

/** A server may not put a client to sleep for longer than this. */
const LONGEST_ASKED_MS = 60_000;
