import { pathPrefix, segmentKey, segmentPrefix } from "../../protocol/segment/key.ts";
import type { StreamStorage } from "../storage/stream-storage.ts";
import type { StreamState } from "../stream/state.ts";
import { withinTime } from "./within-time.ts";

const PATIENCE_MS = 60_000;

/** Whose objects are swept. The stream goes on changing meanwhile. */
export interface Swept {
  /** `project/path`. */
  readonly name: string;
  readonly storage: StreamStorage;
  /** The stream as it is at the moment; `undefined` when there is none. */
  readonly state: () => StreamState | undefined;
}

/**
 * Removes every object of a name that no manifest names, of this incarnation or another; gives their keys. Sealing leaves
 * none behind, since an intent is stored before its object is: they come from storage that was set back to an earlier time,
 * or from other hands. It may run while a segment is being made: that one is in the manifest as an intent, and no segment
 * is ever made under a key that was there before.
 */
export async function sweepObjects(bucket: R2Bucket, swept: Swept): Promise<string[]> {
  const prefix = await pathPrefix(swept.name);
  const removed: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await withinTime(PATIENCE_MS, bucket.list({ prefix, ...(cursor === undefined ? {} : { cursor }) }));
    const state = swept.state();
    const own = state === undefined ? undefined : await segmentPrefix(swept.name, state.incarnation);
    const isStill = swept.state()?.incarnation === state?.incarnation;
    // A stream that was only just created has objects that are not in this page.
    const orphans = page.objects
      .map(({ key }) => key)
      .filter((key) => own === undefined || !key.startsWith(own) || (isStill && !isNamed(swept.storage, own, key)));
    if (orphans.length > 0) await withinTime(PATIENCE_MS, bucket.delete(orphans));
    removed.push(...orphans);
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return removed;
}

function isNamed(storage: StreamStorage, prefix: string, key: string): boolean {
  const start = Number(key.slice(prefix.length, key.indexOf("-", prefix.length)));
  if (!Number.isSafeInteger(start)) return false;
  const [segment] = storage.segments.list(start, 1);
  return segment !== undefined && segmentKey(prefix, segment.start, segment.tail, segment.nonce) === key;
}
