import { setTimeout as wait } from "node:timers/promises";
import { Backoff, type BackoffOptions } from "./backoff.ts";
import { isRetryable } from "./errors/client-error.ts";

/** When to give up sending again. All times are milliseconds. */
export interface RetryOptions extends BackoffOptions {
  /** From the first failure in a row until no further try is made. Default 30,000; 0 tries once. */
  readonly giveUpAfterMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called before each wait, with how long there will be further tries. */
  readonly onRetry?: ((error: unknown, waitMs: number, leftMs: number) => void) | undefined;
}

const GIVE_UP_AFTER_MS = 30_000;

/** How long a server asked to wait with its error, if it did. */
function askedWaitMs(error: unknown): number {
  if (typeof error !== "object" || error === null || !("retryAfterMs" in error)) return 0;
  return typeof error.retryAfterMs === "number" ? error.retryAfterMs : 0;
}

/** Remembers the failures in a row and decides between waiting and giving up. */
export class RetryClock {
  readonly #options: RetryOptions;
  readonly #backoff: Backoff;
  #firstFailureMs: number | undefined;

  constructor(options: RetryOptions = {}) {
    this.#options = options;
    this.#backoff = new Backoff(options);
  }

  /** Waits for the next try, or throws the error when another try cannot help or comes too late. */
  async failed(error: unknown): Promise<void> {
    const { giveUpAfterMs = GIVE_UP_AFTER_MS, signal, onRetry } = this.#options;
    if (!isRetryable(error)) throw error;
    signal?.throwIfAborted();
    const nowMs = performance.now();
    this.#firstFailureMs ??= nowMs;
    const waitMs = this.#backoff.next(askedWaitMs(error));
    const leftMs = this.#firstFailureMs + giveUpAfterMs - nowMs;
    if (waitMs > leftMs) throw error;
    onRetry?.(error, waitMs, leftMs);
    await pause(waitMs, signal);
  }

  succeeded(): void {
    this.#firstFailureMs = undefined;
    this.#backoff.reset();
  }
}

/** Waits, and ends with the signal's own reason when that comes first. */
async function pause(waitMs: number, signal?: AbortSignal): Promise<void> {
  try {
    await wait(waitMs, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** Does something until it succeeds, fails for good, or has failed for too long. It has to be harmless when repeated. */
export async function withRetries<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const clock = new RetryClock(options);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      await clock.failed(error);
    }
  }
}
