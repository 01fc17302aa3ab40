import type { ConnectionState } from "../../client/follow.ts";
import { isRetryable } from "../../client/errors/client-error.ts";
import { RetryClock } from "../../client/retry.ts";
import type { SubscriptionsClient } from "../../client/subscriptions.ts";
import type { Lease } from "./lease.ts";
import { nextLease } from "./next-lease.ts";
import { Wakes, type WakesOptions } from "./wakes.ts";

/** How long an outage of the server is waited out. */
const GIVE_UP_AFTER_MS = 3_600_000;

export interface LoopOptions extends Omit<WakesOptions, "onState"> {
  readonly subscriptions: SubscriptionsClient;
  /** Told to other workers that meet the lease. */
  readonly worker: string;
  /** End when nothing is pending. */
  readonly once: boolean;
  /** Does the work of one lease, and tells whether there is to be another. */
  readonly work: (lease: Lease) => Promise<"go on" | "end">;
  readonly onRetry: (error: unknown, waitMs: number, leftMs: number) => void;
  readonly onHeld: (error: Error) => void;
}

/**
 * Claims a subscription whenever there is something to do, and works on it. Outages of the server are waited out. Ends
 * when the work says so, or with the signal's reason, or with a `ClientError` that waiting does not mend.
 */
export async function workLoop(options: LoopOptions): Promise<void> {
  const { client, url, subscription, signal, onBlind, subscriptions, worker, once, work, onRetry, onHeld } = options;
  const onState = (state: ConnectionState): void => {
    if (state.name === "waiting") onRetry(state.error, state.waitMs, state.leftMs);
  };
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  const wakes = await Wakes.open({ client, url, subscription, signal: either, onState, onBlind });
  const clock = new RetryClock({ giveUpAfterMs: GIVE_UP_AFTER_MS, signal, onRetry });
  const wish = { client: subscriptions, id: subscription, worker, wakes, once, signal, clock, onHeld };
  try {
    for (;;) {
      const lease = await nextLease(wish);
      if (lease === undefined) return;
      try {
        if ((await work(lease)) === "end") return;
      } catch (error) {
        if (!isRetryable(error)) throw error;
        await clock.failed(error);
      }
    }
  } finally {
    ended.abort();
  }
}
