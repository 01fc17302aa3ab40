import { isSameBytes, sha256 } from "../../protocol/segment/blocks.ts";
import { SEGMENT_VERSION } from "../../protocol/segment/footer.ts";
import type { EncodedSegment, SegmentContent } from "../../protocol/segment/segment.ts";
import { withinTime } from "./within-time.ts";

const PUT_PATIENCE_MS = 60_000;

/**
 * Stores a segment's object. R2 checks the bytes that arrive against their SHA-256, and an object that is there already is
 * kept when it is the same: then an earlier attempt got this far. When it resolves the object is there, whole, since rows
 * are removed upon it: R2 was asked for what it has. Otherwise it throws, and the object may or may not be there.
 *
 * @param isRetry whether an attempt failed before. Only then what is there already may be replaced: R2 takes one write a
 *   second under the same key.
 */
export async function putSegment(
  bucket: R2Bucket,
  key: string,
  content: SegmentContent,
  encoded: EncodedSegment,
  isRetry: boolean,
): Promise<void> {
  const checksum = await sha256(encoded.object);
  const options: R2PutOptions = {
    sha256: checksum,
    customMetadata: customMetadata(content, encoded),
    httpMetadata: { contentType: "application/octet-stream" },
  };
  await withinTime(PUT_PATIENCE_MS, put(bucket, key, encoded.object, checksum, options, isRetry));
}

async function put(
  bucket: R2Bucket,
  key: string,
  object: Uint8Array,
  checksum: Uint8Array,
  options: R2PutOptions,
  isRetry: boolean,
): Promise<void> {
  if (isRetry) {
    if (isSame(await bucket.head(key), object, checksum)) return;
    // Nobody reads what is there: only a finished segment is ever referred to. It is what a broken attempt, another
    // version of this code, or a stream that was set back in time has left.
    await bucket.put(key, object, options);
  } else {
    await bucket.put(key, object, { ...options, onlyIf: { etagDoesNotMatch: "*" } });
  }
  if (isSame(await bucket.head(key), object, checksum)) return;
  throw new Error(`R2 does not hold ${key} as it was given`);
}

function isSame(stored: R2Object | null, object: Uint8Array, checksum: Uint8Array): boolean {
  if (stored?.size !== object.byteLength) return false;
  const { sha256: there } = stored.checksums;
  return there !== undefined && isSameBytes(new Uint8Array(there), checksum);
}

/** What a person or a tool sees of a segment without reading it. */
function customMetadata(
  { incarnation, contentType, start }: SegmentContent,
  { end, sizes, payloadBytes }: EncodedSegment,
): Record<string, string> {
  return {
    version: String(SEGMENT_VERSION),
    incarnation,
    "content-type": contentType,
    start: String(start),
    end: String(end),
    messages: String(sizes.length),
    bytes: String(payloadBytes),
  };
}
