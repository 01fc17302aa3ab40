import { encodeHex } from "../../protocol/hex.ts";
import { SEGMENT_BLOCK_BYTES } from "../../protocol/limits.ts";
import { joinPayloads } from "../../protocol/messages.ts";
import { CHECKSUM_BYTES, coveringBlocks, isSameBytes, sha256 } from "../../protocol/segment/blocks.ts";
import { segmentKey, segmentPrefix } from "../../protocol/segment/key.ts";
import type { SegmentSlice } from "../storage/stored-run.ts";
import type { BlockCache, BlockName } from "./block-cache.ts";
import type { BlockMemory } from "./block-memory.ts";
import { fetchRange } from "./fetch-range.ts";
import { SegmentFault } from "./segment-fault.ts";

/** Where the edge reads sealed history, nearest first: its own memory, the data centre's cache, R2. */
export interface SegmentReader {
  readonly memory: BlockMemory;
  readonly cache: BlockCache;
  readonly bucket: R2Bucket;
  /** Is told where blocks were found. */
  readonly seen?: (where: "memory" | "edge" | "bucket") => void;
}

/** A stretch of more blocks is one large message. It is neither kept nor copied: it would push out what many read. */
const KEPT_MAX_BLOCKS = 4;

/** A block that is needed. */
interface Block {
  readonly number: number;
  readonly checksum: Uint8Array;
  readonly name: BlockName;
}

/**
 * Reads a stretch of a segment in whole blocks, each checked against its checksum: what comes back is what was sealed.
 * What neither memory nor cache has, or has right, is fetched in one piece from R2. Throws a {@link SegmentFault}.
 */
export async function readSlice(reader: SegmentReader, slice: SegmentSlice): Promise<Uint8Array> {
  const key = segmentKey(await segmentPrefix(slice.stream, slice.incarnation), slice.start, slice.end, slice.nonce);
  const blocks = neededBlocks(key, slice);
  const first = blocks[0]?.number ?? 0;
  const whole =
    blocks.length > KEPT_MAX_BLOCKS
      ? await fetchBlocks(reader, key, slice, blocks)
      : joinPayloads("binary", await gatherBlocks(reader, key, slice, blocks));
  const at = first * SEGMENT_BLOCK_BYTES;
  return whole.subarray(slice.from - at, slice.to - at);
}

function neededBlocks(key: string, { from, to, checksums }: SegmentSlice): Block[] {
  const { first, end } = coveringBlocks(from, to);
  return Array.from({ length: end - first }, (_, i) => {
    const checksum = checksums.subarray(i * CHECKSUM_BYTES, (i + 1) * CHECKSUM_BYTES);
    const number = first + i;
    return { number, checksum, name: `${key} ${number} ${encodeHex(checksum)}` };
  });
}

/** The blocks from wherever they are, and from now on from nearby. */
async function gatherBlocks(
  reader: SegmentReader,
  key: string,
  slice: SegmentSlice,
  blocks: readonly Block[],
): Promise<Uint8Array[]> {
  const near = await Promise.all(blocks.map((block) => nearBlock(reader, block)));
  const firstMissing = near.indexOf(undefined);
  if (firstMissing === -1) return near.filter((block) => block !== undefined);
  const missing = blocks.slice(firstMissing, near.lastIndexOf(undefined) + 1);
  const fetched = await fetchBlocks(reader, key, slice, missing);
  for (const [i, { name }] of missing.entries()) {
    // A copy: what is remembered must not keep the whole piece that it came in.
    const bytes = fetched.slice(i * SEGMENT_BLOCK_BYTES, (i + 1) * SEGMENT_BLOCK_BYTES);
    reader.memory.put(name, bytes);
    reader.cache.put(name, bytes);
  }
  const before = near.slice(0, firstMissing);
  const after = near.slice(firstMissing + missing.length);
  return [...before, fetched, ...after].filter((bytes) => bytes !== undefined);
}

async function nearBlock({ memory, cache, seen }: SegmentReader, block: Block): Promise<Uint8Array | undefined> {
  const remembered = memory.get(block.name);
  if (remembered !== undefined) {
    seen?.("memory");
    return remembered;
  }
  const cached = await cache.get(block.name);
  if (cached === undefined || !(await isIntact(block, cached))) return undefined;
  seen?.("edge");
  memory.put(block.name, cached);
  return cached;
}

/** Blocks that follow each other, in one piece. */
async function fetchBlocks(
  { bucket, seen }: SegmentReader,
  key: string,
  slice: SegmentSlice,
  blocks: readonly Block[],
): Promise<Uint8Array> {
  const from = (blocks[0]?.number ?? 0) * SEGMENT_BLOCK_BYTES;
  const to = Math.min(from + blocks.length * SEGMENT_BLOCK_BYTES, slice.bytes);
  seen?.("bucket");
  const bytes = await fetchRange(bucket, key, from, to);
  for (const [i, block] of blocks.entries()) {
    if (await isIntact(block, bytes.subarray(i * SEGMENT_BLOCK_BYTES, (i + 1) * SEGMENT_BLOCK_BYTES))) continue;
    throw new SegmentFault("SEGMENT_CORRUPT", key, `block ${String(block.number)} does not have its checksum`);
  }
  return bytes;
}

async function isIntact({ checksum }: Block, bytes: Uint8Array): Promise<boolean> {
  return isSameBytes(await sha256(bytes), checksum);
}
