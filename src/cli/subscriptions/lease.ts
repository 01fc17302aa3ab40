import { setTimeout as wait } from "node:timers/promises";
import { isClientError, isRetryable } from "../../client/errors/client-error.ts";
import type { Claim } from "../../client/subscription-types.ts";
import type { Ack, SubscriptionsClient } from "../../client/subscriptions.ts";

/** Heartbeats in the time of one lease: two may be lost, and the third still comes in time. */
const HEARTBEATS_PER_LEASE = 3;

/** How long giving a lease back may take: it ends by itself, too. */
const RELEASE_MS = 5_000;

/** Codes with which a server says that a wake is not ours any more (section 7.3). */
const LOST: ReadonlySet<string> = new Set(["FENCED", "TOKEN_INVALID", "TOKEN_EXPIRED"]);

/** Whether an error says that the lease is another's, or nobody's: nothing that was done under it may be acked. */
export function isLeaseLost(error: unknown): boolean {
  return isClientError(error) && LOST.has(error.code);
}

/**
 * The lease of a claim (section 7.2), kept alive by heartbeats while somebody works. It is over when it was finished or
 * released, and lost when the server says so or has not been heard of for the time of a lease.
 */
export class Lease {
  readonly claim: Claim;
  readonly #client: SubscriptionsClient;
  readonly #id: string;
  readonly #lost = new AbortController();
  #heartbeats: AbortController | undefined;
  /** By our clock, counted from before the request: the server's lease ends no sooner. */
  #expiresAtMs: number;
  #isOver = false;
  /** Its end was asked for: a heartbeat that comes later is fenced, and means nothing. */
  #isEnding = false;

  /** `claimedAtMs` is `performance.now()` when the claim was sent. */
  constructor(client: SubscriptionsClient, id: string, claim: Claim, claimedAtMs: number) {
    this.#client = client;
    this.#id = id;
    this.claim = claim;
    this.#expiresAtMs = claimedAtMs + claim.leaseTtlMs;
  }

  /** Aborted when the lease is lost. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  get isLost(): boolean {
    return this.#lost.signal.aborted;
  }

  /** Finished, released or lost. */
  get isOver(): boolean {
    return this.#isOver || this.isLost;
  }

  startHeartbeats(): void {
    if (this.#heartbeats !== undefined || this.isOver) return;
    this.#heartbeats = new AbortController();
    void this.#beat(this.#heartbeats.signal);
  }

  stopHeartbeats(): void {
    this.#heartbeats?.abort();
    this.#heartbeats = undefined;
  }

  /** Acks what was processed and extends the lease. Throws a `ClientError`; with a code of `isLeaseLost` nothing was acked. */
  async ack(acks: readonly Ack[]): Promise<void> {
    await this.#send(acks, false);
  }

  /** Acks, and gives the lease back. Tells whether there is more to do. */
  async finish(acks: readonly Ack[]): Promise<boolean> {
    this.stopHeartbeats();
    this.#isEnding = true;
    const more = await this.#send(acks, true);
    this.#isOver = true;
    return more;
  }

  /** Gives the lease back as it is. Where that fails, it ends by itself. */
  async release(): Promise<void> {
    this.stopHeartbeats();
    if (this.isOver) return;
    this.#isOver = true;
    await this.#client.release(this.#id, this.claim, AbortSignal.timeout(RELEASE_MS)).catch(() => undefined);
  }

  /** Waits until the lease has run out, unless it is extended; ends at once when the signal aborts. */
  async untilExpired(signal: AbortSignal): Promise<void> {
    for (;;) {
      const leftMs = this.#expiresAtMs - performance.now();
      if (leftMs <= 0 || signal.aborted) return;
      await wait(leftMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #send(acks: readonly Ack[], done: boolean): Promise<boolean> {
    const sentAtMs = performance.now();
    const giveUpAfterMs = Math.max(0, this.#expiresAtMs - sentAtMs);
    try {
      const more = await this.#client.ack(this.#id, this.claim, { acks, done, giveUpAfterMs });
      this.#expiresAtMs = Math.max(this.#expiresAtMs, sentAtMs + this.claim.leaseTtlMs);
      return more;
    } catch (error) {
      const isUnheard = isRetryable(error) && performance.now() >= this.#expiresAtMs;
      if (this.#isEnding === done && !this.#isOver && (isLeaseLost(error) || isUnheard)) this.#lose(error);
      throw error;
    }
  }

  #lose(error: unknown): void {
    this.stopHeartbeats();
    this.#lost.abort(error);
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const everyMs = this.claim.leaseTtlMs / HEARTBEATS_PER_LEASE;
    const isDone = (): boolean => signal.aborted || this.isOver;
    while (!isDone()) {
      await wait(everyMs, undefined, { signal }).catch(() => undefined);
      if (isDone()) return;
      try {
        await this.ack([]);
      } catch (error) {
        // What does not mean the end of the lease is told by the next request that matters.
        if (!isRetryable(error)) return;
      }
    }
  }
}
