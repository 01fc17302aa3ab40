import { SEGMENT_BLOCK_BYTES } from "../../protocol/limits.ts";
import { joinPayloads } from "../../protocol/messages.ts";
import { CHECKSUM_BYTES, coveringBlocks, isSameBytes, sha256 } from "../../protocol/segment/blocks.ts";
import { segmentKey, segmentPrefix } from "../../protocol/segment/key.ts";
import type { SegmentSlice } from "../storage/stored-run.ts";
import type { BlockCache } from "./block-cache.ts";
import { fetchRange } from "./fetch-range.ts";
import { SegmentFault } from "./segment-fault.ts";

/** Where the edge reads sealed history. */
export interface SegmentReader {
  readonly bucket: R2Bucket;
  readonly cache: BlockCache;
}

/**
 * Reads a stretch of a segment in whole blocks, each checked against its checksum: what comes back is what was sealed.
 * Blocks come from the cache, and what it lacks, or has wrong, in one piece from R2. Throws a {@link SegmentFault}.
 */
export async function readSlice({ bucket, cache }: SegmentReader, slice: SegmentSlice): Promise<Uint8Array> {
  const prefix = await segmentPrefix(slice.stream, slice.incarnation);
  const key = segmentKey(prefix, slice.start, slice.end);
  const { first, end } = coveringBlocks(slice.from, slice.to);
  const numbers = Array.from({ length: end - first }, (_, i) => first + i);
  const blocks = await Promise.all(numbers.map((number) => cachedBlock(cache, key, slice, number)));
  const missing = numbers.filter((_, i) => blocks[i] === undefined);
  const [firstMissing] = missing;
  const lastMissing = missing.at(-1);
  if (firstMissing !== undefined && lastMissing !== undefined) {
    const fetched = await fetchBlocks(bucket, key, slice, firstMissing, lastMissing);
    for (const [i, block] of fetched.entries()) {
      const number = firstMissing + i;
      if (blocks[number - first] === undefined) cache.put(key, number, block);
      blocks[number - first] = block;
    }
  }
  const whole = joinPayloads(
    "binary",
    blocks.filter((block) => block !== undefined),
  );
  const wholeFrom = first * SEGMENT_BLOCK_BYTES;
  return whole.subarray(slice.from - wholeFrom, slice.to - wholeFrom);
}

async function cachedBlock(
  cache: BlockCache,
  key: string,
  slice: SegmentSlice,
  number: number,
): Promise<Uint8Array | undefined> {
  const block = await cache.get(key, number);
  return block !== undefined && (await isIntact(slice, number, block)) ? block : undefined;
}

async function fetchBlocks(
  bucket: R2Bucket,
  key: string,
  slice: SegmentSlice,
  first: number,
  last: number,
): Promise<Uint8Array[]> {
  const from = first * SEGMENT_BLOCK_BYTES;
  const to = Math.min((last + 1) * SEGMENT_BLOCK_BYTES, slice.bytes);
  const bytes = await fetchRange(bucket, key, from, to);
  const blocks: Uint8Array[] = [];
  for (let number = first; number <= last; number++) {
    const at = number * SEGMENT_BLOCK_BYTES - from;
    const block = bytes.subarray(at, at + SEGMENT_BLOCK_BYTES);
    if (!(await isIntact(slice, number, block))) {
      throw new SegmentFault("SEGMENT_CORRUPT", key, `block ${String(number)} does not have its checksum`);
    }
    blocks.push(block);
  }
  return blocks;
}

async function isIntact(slice: SegmentSlice, number: number, block: Uint8Array): Promise<boolean> {
  const at = (number - coveringBlocks(slice.from, slice.to).first) * CHECKSUM_BYTES;
  return isSameBytes(await sha256(block), slice.checksums.subarray(at, at + CHECKSUM_BYTES));
}
