import { segmentKey, segmentPrefix } from "../../protocol/segment/key.ts";
import type { StreamStorage } from "../storage/stream-storage.ts";
import type { StreamState } from "../stream/state.ts";
import { withinTime } from "./within-time.ts";

const PATIENCE_MS = 60_000;

/**
 * Removes every object of a stream that its manifest does not name; gives their keys. Sealing leaves none behind, since an
 * intent is stored before its object is: they come from a stream whose storage was set back to an earlier time, or from
 * other hands. For the same reason this may run while a segment is being made.
 */
export async function sweepObjects(
  bucket: R2Bucket,
  storage: StreamStorage,
  { name, incarnation }: StreamState,
): Promise<string[]> {
  const prefix = await segmentPrefix(name, incarnation);
  const removed: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await withinTime(PATIENCE_MS, bucket.list({ prefix, ...(cursor === undefined ? {} : { cursor }) }));
    const orphans = page.objects.map(({ key }) => key).filter((key) => !isNamed(storage, prefix, key));
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
  return segment !== undefined && segmentKey(prefix, segment.start, segment.tail) === key;
}
