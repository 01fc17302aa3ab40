const FIRST_MS = 1000;
const MOST_MS = 5 * 60_000;
const JITTER = 0.2;

/**
 * How long to wait after the n-th failure in a row (counted from 1): a second, doubled each time, up to five minutes, and
 * up to a fifth more, so that streams that failed together do not come back together.
 *
 * @param random from 0 to 1.
 */
export function backoffMs(failures: number, random: number): number {
  return Math.round(Math.min(MOST_MS, FIRST_MS * 2 ** (failures - 1)) * (1 + JITTER * random));
}
