import { setTimeout as wait } from "node:timers/promises";

/** Waits; the signal ends it early and is no failure. Says whether it was waited to the end. */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  if (ms <= 0) return !signal.aborted;
  try {
    await wait(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
