import { CHECKSUM_BYTES, isSameBytes, sha256 } from "./blocks.ts";
import type { Position } from "../offset.ts";

/** Version of the format that this code writes, and the only one it reads. */
export const SEGMENT_VERSION = 1;

/** With this the footer of a segment of any version begins. */
export const SEGMENT_MAGIC = "DSTRMSEG";
const MAGIC = new TextEncoder().encode(SEGMENT_MAGIC);
const FACTS_BYTES = 56;

/** What version 1 leaves zero. */
const RESERVED_AT = 52;

/**
 * Bounds on what a reader takes from a footer at its word. They are far above what a writer comes to, and keep the time
 * and memory that a hostile object costs in proportion to its length.
 */
export const BLOCK_MIN_BYTES = 4096;
export const SEGMENT_MESSAGES_BOUND = 2 ** 20;

/** Length of the footer: the last bytes of every segment. */
export const FOOTER_BYTES = FACTS_BYTES + 2 * CHECKSUM_BYTES;

/** What the footer of a segment says of the payload. */
export interface SegmentCounts {
  readonly start: Position;
  readonly end: Position;
  readonly messages: number;
  readonly runs: number;
  readonly payloadBytes: number;
  readonly blockBytes: number;
}

/** What the footer of a segment says. */
export interface SegmentFooter extends SegmentCounts {
  readonly indexBytes: number;
  /** SHA-256 of the index. */
  readonly indexChecksum: Uint8Array;
}

/** A footer as `docs/segment-format.md` lays it out: big-endian, closed by the SHA-256 of itself. */
export async function encodeFooter(footer: SegmentFooter): Promise<Uint8Array> {
  const bytes = new Uint8Array(FOOTER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC, 0);
  view.setUint32(8, SEGMENT_VERSION);
  view.setUint32(12, footer.blockBytes);
  view.setBigUint64(16, BigInt(footer.start));
  view.setBigUint64(24, BigInt(footer.end));
  view.setBigUint64(32, BigInt(footer.payloadBytes));
  view.setUint32(40, footer.indexBytes);
  view.setUint32(44, footer.messages);
  view.setUint32(48, footer.runs);
  bytes.set(footer.indexChecksum, FACTS_BYTES);
  bytes.set(await sha256(bytes.subarray(0, FACTS_BYTES + CHECKSUM_BYTES)), FACTS_BYTES + CHECKSUM_BYTES);
  return bytes;
}

/** Reads a footer; a string says what is wrong with it. */
export async function decodeFooter(bytes: Uint8Array): Promise<SegmentFooter | string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isSameBytes(bytes.subarray(0, MAGIC.byteLength), MAGIC)) {
    return "it does not end like a segment: it is cut off, or something else";
  }
  const version = view.getUint32(8);
  if (version !== SEGMENT_VERSION) {
    return `it is written in version ${String(version)} of the format, and this code reads version ${String(SEGMENT_VERSION)}`;
  }
  const checked = bytes.subarray(0, FACTS_BYTES + CHECKSUM_BYTES);
  if (!isSameBytes(bytes.subarray(FACTS_BYTES + CHECKSUM_BYTES), await sha256(checked))) {
    return "its footer does not have the checksum that it says";
  }
  if (view.getUint32(RESERVED_AT) !== 0)
    return "its footer says something that this version of the format does not know";
  const footer = {
    start: Number(view.getBigUint64(16)),
    end: Number(view.getBigUint64(24)),
    payloadBytes: Number(view.getBigUint64(32)),
    blockBytes: view.getUint32(12),
    indexBytes: view.getUint32(40),
    messages: view.getUint32(44),
    runs: view.getUint32(48),
    indexChecksum: bytes.slice(FACTS_BYTES, FACTS_BYTES + CHECKSUM_BYTES),
  };
  return implausible(footer) ?? footer;
}

/** What no segment's footer can say, and only a wrong or a hostile writer makes. */
export function implausible(footer: SegmentCounts): string | undefined {
  const { start, end, payloadBytes, blockBytes, messages, runs } = footer;
  if (![start, end, payloadBytes].every((number) => Number.isSafeInteger(number))) {
    return "its footer has numbers past 2^53 - 1";
  }
  if (blockBytes < BLOCK_MIN_BYTES) {
    return `its blocks have ${String(blockBytes)} bytes, and the shortest allowed have ${String(BLOCK_MIN_BYTES)}`;
  }
  if (messages > SEGMENT_MESSAGES_BOUND) {
    return `its footer counts ${String(messages)} messages, and a segment has at most ${String(SEGMENT_MESSAGES_BOUND)}`;
  }
  if (runs > messages) return `its footer counts ${String(runs)} runs of ${String(messages)} messages`;
  return undefined;
}
