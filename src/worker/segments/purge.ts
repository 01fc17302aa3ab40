import { segmentPrefix } from "../../protocol/segment/key.ts";
import type { Purge } from "../storage/purge-rows.ts";
import { backoffMs } from "./backoff.ts";
import { withinTime } from "./within-time.ts";

/** Objects that one call of R2 lists, and the next one deletes. */
const LIST_MAX = 1000;
/** Most lists of one attempt; the rest is done in the next one. */
const LISTS_MAX = 20;
const PATIENCE_MS = 60_000;
/** A put that was on its way when the stream ended may arrive late: everything is looked through once more after this. */
const SECOND_PASS_AFTER_MS = 10 * 60_000;
const PASSES = 2;

/**
 * What became of an entry of the queue: what to put in its place, or `undefined` when nothing is left to do.
 *
 * @param endsAtMs when to leave the rest for the next time, in Unix milliseconds.
 */
export async function advancePurge(bucket: R2Bucket, purge: Purge, endsAtMs: number): Promise<Purge | undefined> {
  try {
    const isEmpty = await removeObjects(bucket, await segmentPrefix(purge.stream, purge.incarnation), endsAtMs);
    if (!isEmpty) return { ...purge, dueAtMs: Date.now(), failures: 0 };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.error(`Segments of the ended stream ${purge.stream} could not be removed, and will be later: ${reason}`);
    const failures = purge.failures + 1;
    return { ...purge, failures, dueAtMs: Date.now() + backoffMs(failures, Math.random()) };
  }
  const passes = purge.passes + 1;
  return passes === PASSES ? undefined : { ...purge, passes, failures: 0, dueAtMs: Date.now() + SECOND_PASS_AFTER_MS };
}

/** Whether all of them are gone. */
async function removeObjects(bucket: R2Bucket, prefix: string, endsAtMs: number): Promise<boolean> {
  for (let lists = 0; lists < LISTS_MAX; lists++) {
    const { objects, truncated } = await withinTime(PATIENCE_MS, bucket.list({ prefix, limit: LIST_MAX }));
    const keys = objects.map(({ key }) => key);
    if (keys.length > 0) await withinTime(PATIENCE_MS, bucket.delete(keys));
    if (!truncated) return true;
    if (Date.now() >= endsAtMs) return false;
  }
  return false;
}
