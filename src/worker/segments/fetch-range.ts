import { SegmentFault } from "./segment-fault.ts";
import { withinTime } from "./within-time.ts";

/** A read that failed is tried once more at once: R2 answers most of what it failed over at the second attempt. */
const ATTEMPTS = 2;
const PATIENCE_MS = 15_000;

/** Bytes `from` to `to` of an object. Throws a {@link SegmentFault} that says why there are none. */
export async function fetchRange(bucket: R2Bucket, key: string, from: number, to: number): Promise<Uint8Array> {
  let failure: unknown;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      return await withinTime(PATIENCE_MS, getRange(bucket, key, from, to));
    } catch (error) {
      if (error instanceof SegmentFault) throw error;
      failure = error;
    }
  }
  throw await explain(bucket, key, to, failure);
}

async function getRange(bucket: R2Bucket, key: string, from: number, to: number): Promise<Uint8Array> {
  const object = await bucket.get(key, { range: { offset: from, length: to - from } });
  if (object === null) throw new SegmentFault("SEGMENT_MISSING", key, "it is not in the bucket");
  const bytes = new Uint8Array(await object.arrayBuffer());
  if (bytes.byteLength === to - from) return bytes;
  throw new SegmentFault("SEGMENT_CORRUPT", key, tooShort(object.size, to));
}

/** R2 fails over a range past an object's end just as it does over anything else. */
async function explain(bucket: R2Bucket, key: string, to: number, cause: unknown): Promise<SegmentFault> {
  const object = await withinTime(PATIENCE_MS, bucket.head(key)).catch(() => undefined);
  if (object === null) return new SegmentFault("SEGMENT_MISSING", key, "it is not in the bucket");
  if (object !== undefined && object.size < to)
    return new SegmentFault("SEGMENT_CORRUPT", key, tooShort(object.size, to));
  return new SegmentFault("SEGMENT_UNAVAILABLE", key, "R2 did not give it", { cause });
}

function tooShort(bytes: number, wanted: number): string {
  return `it has ${String(bytes)} bytes, and ${String(wanted)} were sealed`;
}
