import { DELIVERY_JITTER, DELIVERY_PAUSE_MAX_MS, DELIVERY_PAUSE_MIN_MS } from "../limits.ts";

/**
 * How long to wait after the n-th failed delivery in a row, counted from 1 (section 7.1): a second, doubled each time, up to
 * a minute, and up to a fifth more or less, so that subscriptions which failed together do not come back together.
 *
 * @param random from 0 to 1.
 */
export function deliveryPauseMs(failures: number, random: number): number {
  const pauseMs = Math.min(DELIVERY_PAUSE_MAX_MS, DELIVERY_PAUSE_MIN_MS * 2 ** (failures - 1));
  return Math.round(pauseMs * (1 + DELIVERY_JITTER * (2 * random - 1)));
}
