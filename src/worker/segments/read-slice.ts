import { encodeHex } from "../../protocol/hex.ts";
import { SEGMENT_BLOCK_BYTES } from "../../protocol/limits.ts";
import { joinPayloads } from "../../protocol/messages.ts";
import { CHECKSUM_BYTES, coveringBlocks, isSameBytes, sha256 } from "../../protocol/segment/blocks.ts";
import { segmentKey, segmentPrefix } from "../../protocol/segment/key.ts";
import type { SegmentSlice } from "../storage/stored-run.ts";
import type { BlockCache } from "./block-cache.ts";
import type { BlockMemory } from "./block-memory.ts";
import { fetchRange } from "./fetch-range.ts";
import { SegmentFault } from "./segment-fault.ts";

/** Where the edge reads sealed history, nearest first: its own memory, the data centre's cache, R2. */
export interface SegmentReader {
  readonly memory: BlockMemory;
  readonly cache: BlockCache;
  readonly bucket: R2Bucket;
}

/**
 * Reads a stretch of a segment in whole blocks, each checked against its checksum: what comes back is what was sealed.
 * What neither memory nor cache has, or has right, is fetched in one piece from R2. Throws a {@link SegmentFault}.
 */
export async function readSlice(reader: SegmentReader, slice: SegmentSlice): Promise<Uint8Array> {
  const prefix = await segmentPrefix(slice.stream, slice.incarnation);
  const key = segmentKey(prefix, slice.start, slice.end);
  const { first, end } = coveringBlocks(slice.from, slice.to);
  const numbers = Array.from({ length: end - first }, (_, i) => first + i);
  const near = await Promise.all(numbers.map((number) => nearBlock(reader, key, slice, number)));
  const missing = numbers.filter((_, i) => near[i] === undefined);
  const fetched = missing.length === 0 ? [] : await fetchBlocks(reader, key, slice, missing);
  const blocks = near.map((block, i) => block ?? fetched[first + i - (missing[0] ?? 0)] ?? NOTHING);
  const at = first * SEGMENT_BLOCK_BYTES;
  return joinPayloads("binary", blocks).subarray(slice.from - at, slice.to - at);
}

const NOTHING = new Uint8Array(0);

async function nearBlock(
  { memory, cache }: SegmentReader,
  key: string,
  slice: SegmentSlice,
  number: number,
): Promise<Uint8Array | undefined> {
  const remembered = memory.get(memoryKey(key, slice, number), number);
  if (remembered !== undefined) return remembered;
  const block = await cache.get(key, number);
  if (block === undefined || !(await isIntact(slice, number, block))) return undefined;
  memory.put(memoryKey(key, slice, number), number, block);
  return block;
}

/** The blocks from the first missing one to the last. */
async function fetchBlocks(
  { memory, cache, bucket }: SegmentReader,
  key: string,
  slice: SegmentSlice,
  missing: readonly number[],
): Promise<Uint8Array[]> {
  const first = missing[0] ?? 0;
  const last = missing.at(-1) ?? first;
  const from = first * SEGMENT_BLOCK_BYTES;
  const to = Math.min((last + 1) * SEGMENT_BLOCK_BYTES, slice.bytes);
  const bytes = await fetchRange(bucket, key, from, to);
  const blocks: Uint8Array[] = [];
  for (let number = first; number <= last; number++) {
    const at = number * SEGMENT_BLOCK_BYTES - from;
    // A copy: what is remembered must not keep the whole piece that it came in.
    const block = bytes.slice(at, at + SEGMENT_BLOCK_BYTES);
    if (!(await isIntact(slice, number, block))) {
      throw new SegmentFault("SEGMENT_CORRUPT", key, `block ${String(number)} does not have its checksum`);
    }
    memory.put(memoryKey(key, slice, number), number, block);
    cache.put(key, number, block);
    blocks.push(block);
  }
  return blocks;
}

/**
 * What is remembered was checked when it came, and is not checked again. So it goes by its checksum too: a stream that was
 * set back in time may seal other messages under a key that it had before.
 */
function memoryKey(key: string, slice: SegmentSlice, number: number): string {
  return `${key} ${encodeHex(checksumOf(slice, number))}`;
}

async function isIntact(slice: SegmentSlice, number: number, block: Uint8Array): Promise<boolean> {
  return isSameBytes(await sha256(block), checksumOf(slice, number));
}

function checksumOf(slice: SegmentSlice, number: number): Uint8Array {
  const at = (number - coveringBlocks(slice.from, slice.to).first) * CHECKSUM_BYTES;
  return slice.checksums.subarray(at, at + CHECKSUM_BYTES);
}
