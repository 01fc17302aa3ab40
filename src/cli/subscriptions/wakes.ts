import { setTimeout as wait } from "node:timers/promises";
import type { ConnectionState } from "../../client/follow.ts";
import { isClientError } from "../../client/errors/client-error.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import { jsonOrNothing } from "../checkpoint-file.ts";

/** How often the subscription is asked while its wake stream can be followed: in case that an event got lost. */
const SAFETY_POLL_MS = 5 * 60_000;

/** How often it is asked while the wake stream cannot be followed. */
const BLIND_POLL_MS = 5_000;

export interface WakesOptions {
  readonly client: StreamClient;
  /** The URL of the wake stream. */
  readonly url: string;
  readonly subscription: string;
  readonly signal: AbortSignal;
  readonly onState?: ((state: ConnectionState) => void) | undefined;
  /** Called once when the wake stream cannot be followed any more, or never could. */
  readonly onBlind: (error: Error) => void;
}

/**
 * The events of a wake stream (section 7.2) that are about one subscription. They are a hint to claim, no more: each claim
 * tells by itself whether there is something to do, and is tried now and then without one.
 */
export class Wakes {
  #isWoken = false;
  #isBlind = false;
  #alarm = new AbortController();
  readonly #options: WakesOptions;

  private constructor(options: WakesOptions) {
    this.#options = options;
  }

  /** Knows where the wake stream ends before it returns: of what is written after that, nothing is missed. */
  static async open(options: WakesOptions): Promise<Wakes> {
    const wakes = new Wakes(options);
    const { client, url, signal } = options;
    try {
      const { nextOffset, contentType, closed } = await client.describe(url, signal);
      if (closed) wakes.#goBlind(new Error(`The wake stream ${url} is closed.`));
      else void wakes.#follow(nextOffset, contentType);
    } catch (error) {
      if (!isClientError(error) || error.retryable || error.kind === "not-allowed") throw error;
      wakes.#goBlind(error);
    }
    return wakes;
  }

  /** Waits for an event, or for so long; the usual time is that after which one must have got lost. Throws the signal's reason. */
  async next(atMostMs = this.#isBlind ? BLIND_POLL_MS : SAFETY_POLL_MS): Promise<void> {
    const { signal } = this.#options;
    if (!this.#isWoken) {
      const either = AbortSignal.any([signal, this.#alarm.signal]);
      await wait(atMostMs, undefined, { signal: either }).catch(() => undefined);
    }
    signal.throwIfAborted();
    this.#isWoken = false;
    this.#alarm = new AbortController();
  }

  async #follow(offset: string, contentType: string): Promise<void> {
    const { client, url, signal, onState } = this.#options;
    try {
      for await (const { pieces } of client.follow(url, { offset, contentType, signal, onState })) {
        if (pieces.some((piece) => this.#isOurs(piece))) this.#wake();
      }
      this.#goBlind(new Error(`The wake stream ${url} is closed.`));
    } catch (error) {
      if (signal.aborted) return;
      this.#goBlind(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #isOurs(piece: Uint8Array): boolean {
    const event = jsonOrNothing(Buffer.from(piece).toString("utf8"));
    if (typeof event !== "object" || event === null || !("subscription_id" in event)) return false;
    return event.subscription_id === this.#options.subscription;
  }

  #wake(): void {
    this.#isWoken = true;
    this.#alarm.abort();
  }

  #goBlind(error: Error): void {
    this.#isBlind = true;
    this.#options.onBlind(error);
    // Whoever waits may wait for long.
    this.#wake();
  }
}
