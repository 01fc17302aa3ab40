/** Cursors (section 10.1): numbers of 20-second intervals, which give live requests new cache keys as time goes on. */

const EPOCH_MS = Date.UTC(2024, 9, 9);
const INTERVAL_MS = 20_000;
const MAX_JITTER_SECONDS = 3600;
const CURSOR = /^\d{1,32}$/;

/**
 * The cursor of a live answer. It never goes back: a client that is at or ahead of the current interval gets one that
 * is strictly greater than its own.
 *
 * @param clientCursor the `cursor` query parameter; anything but a decimal number counts as none.
 * @param random a number from 0 (inclusive) to 1 (exclusive).
 */
export function nextCursor(nowMs: number, clientCursor: string | null, random: number): string {
  const interval = Math.floor((nowMs - EPOCH_MS) / INTERVAL_MS);
  if (clientCursor === null || !CURSOR.test(clientCursor)) return String(interval);
  // A client may send any number, and past 2^53 adding to a double could give the same one back.
  const client = BigInt(clientCursor);
  if (client < interval) return String(interval);
  const jitterSeconds = 1 + Math.floor(random * MAX_JITTER_SECONDS);
  return String(client + BigInt(Math.max(1, Math.ceil((jitterSeconds * 1000) / INTERVAL_MS))));
}
