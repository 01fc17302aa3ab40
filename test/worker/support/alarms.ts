import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import type { Clock } from "./clock.ts";
import type { StreamClient } from "./stream-client.ts";

/** By default an object's alarm comes by the real clock. Set to a later day, it comes only when a test runs it. */
export function onlyByHand(clock: Clock): void {
  clock.advanceSeconds(30 * 86_400);
}

/** Longer than any backoff, and than the time until what was purged is looked through once more. */
export const LONG_SECONDS = 3600;

/** Runs the alarm as often as it is set, up to a bound, with the clock as it is. */
export async function runAlarms(stream: StreamClient, most: number): Promise<void> {
  for (let i = 0; i < most; i++) {
    if (!(await runDurableObjectAlarm(stream.object))) return;
  }
}

/** Runs the alarm handler whether an alarm is set or not, `times` times at once. */
export function runHandler(stream: StreamClient, times = 1): Promise<void> {
  return runInDurableObject(stream.object, async (instance) => {
    await Promise.all(Array.from({ length: times }, () => instance.alarm()));
  });
}

/** As an eviction, which would wait until nobody refers to the object any more: an RPC that failed does for long. */
export async function loseMemory(stream: StreamClient): Promise<void> {
  await runInDurableObject(stream.object, async (_instance, state) => {
    await state.storage.sync();
    state.abort("injected: out of memory");
  }).catch(() => undefined);
}

/** What the platform does with an alarm that failed too often: it is gone, and so, sooner or later, is the object's memory. */
export async function dropAlarm(stream: StreamClient): Promise<void> {
  await runInDurableObject(stream.object, (_instance, { storage }) => storage.deleteAlarm());
  await evictDurableObject(stream.object);
}
