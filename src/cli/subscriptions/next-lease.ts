import { isClientError } from "../../client/errors/client-error.ts";
import type { RetryClock } from "../../client/retry.ts";
import type { SubscriptionsClient } from "../../client/subscriptions.ts";
import { Lease } from "./lease.ts";
import type { Wakes } from "./wakes.ts";

/** How often a lease that another worker holds is asked for: it may end without an event, when nothing is pending. */
const HELD_POLL_MS = 2_000;

export interface LeaseWish {
  readonly client: SubscriptionsClient;
  readonly id: string;
  /** Told to other workers that meet the lease. */
  readonly worker: string;
  readonly wakes: Pick<Wakes, "next">;
  /** End when nothing is pending, instead of waiting for it. */
  readonly once: boolean;
  readonly signal: AbortSignal;
  /** Decides how long an outage is waited out. */
  readonly clock: RetryClock;
  /** Another worker holds the lease; called once for each time of waiting. */
  readonly onHeld: (error: Error) => void;
}

/**
 * Claims the subscription as soon as there is something to do; `undefined` when there is not and `once` is set. Throws the
 * signal's reason, or a `ClientError` that waiting does not mend.
 */
export async function nextLease(wish: LeaseWish): Promise<Lease | undefined> {
  const { client, id, worker, wakes, once, signal, clock, onHeld } = wish;
  let isHeld = false;
  for (;;) {
    signal.throwIfAborted();
    const claimedAtMs = performance.now();
    try {
      // Not broken off by the signal: a lease that was given unheard would keep the others out until it ends.
      const claim = await client.claim(id, worker);
      clock.succeeded();
      const lease = new Lease(client, id, claim, claimedAtMs);
      if (!signal.aborted) return lease;
      await lease.release();
    } catch (error) {
      if (!isClientError(error)) throw error;
      if (error.code === "NO_PENDING_WORK") {
        clock.succeeded();
        if (once) return undefined;
        isHeld = false;
        await wakes.next();
      } else if (error.code === "ALREADY_CLAIMED") {
        clock.succeeded();
        if (!isHeld) onHeld(error);
        isHeld = true;
        await wakes.next(HELD_POLL_MS);
      } else {
        await clock.failed(error);
      }
    }
  }
}
