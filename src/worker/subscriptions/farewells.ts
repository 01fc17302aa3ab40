import { backoffMs } from "../segments/backoff.ts";
import type { Peers } from "./peers.ts";
import type { StoredRecord } from "./record.ts";
import type { Subscription } from "./subscription.ts";

/** How soon the alarm takes up what should have been told at once. */
const SAFETY_MS = 10_000;

/**
 * Ends a subscription, and promises in the same commit that the directory will hear of it. Streams hear of it when they next
 * have something to tell.
 */
export function endSubscription(
  subscription: Subscription,
  { project, id, incarnation }: Pick<StoredRecord, "project" | "id" | "incarnation">,
): void {
  subscription.commit(() => {
    subscription.remove();
    subscription.storage.putFarewell({ project, id, incarnation, failures: 0, dueAtMs: Date.now() + SAFETY_MS });
  });
}

/** Keeps the promises, due or not, as far as the directory answers; the alarm goes on with the rest. Never rejects. */
export async function sayFarewells(subscription: Subscription, peers: Peers, which: "due" | "all"): Promise<void> {
  const { storage } = subscription;
  const nowMs = Date.now();
  for (const farewell of storage.farewells().filter(({ dueAtMs }) => which === "all" || dueAtMs <= nowMs)) {
    const { incarnation, id, failures } = farewell;
    try {
      await peers.removeSubscription(farewell, { id, incarnation });
      subscription.commit(() => {
        storage.removeFarewell(incarnation);
      });
    } catch (error) {
      console.error("The directory could not be told that a subscription ended, and will be later:", error);
      const dueAtMs = Date.now() + backoffMs(failures + 1, Math.random());
      subscription.commit(() => {
        storage.putFarewell({ ...farewell, failures: failures + 1, dueAtMs });
      });
    }
  }
  await subscription.tidy();
}
