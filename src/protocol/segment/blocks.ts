import { SEGMENT_BLOCK_BYTES } from "../limits.ts";

/** Bytes of a SHA-256. */
export const CHECKSUM_BYTES = 32;

/** The whole blocks of a segment's payload that a stretch of it lies in. */
export interface BlockRange {
  /** Number of the first of them, counted from 0. */
  readonly first: number;
  /** Number after the last of them. */
  readonly end: number;
}

/**
 * A segment's payload is divided into blocks of {@link SEGMENT_BLOCK_BYTES}, of which the last may be shorter. Each has a
 * checksum, so what is read of a segment is read in whole blocks.
 *
 * @param from first byte of the stretch. @param to byte after its last.
 */
export function coveringBlocks(from: number, to: number): BlockRange {
  return { first: Math.floor(from / SEGMENT_BLOCK_BYTES), end: Math.ceil(to / SEGMENT_BLOCK_BYTES) };
}

/** SHA-256 of every block, one after another. */
export async function blockChecksums(payload: Uint8Array): Promise<Uint8Array> {
  const blocks = Math.ceil(payload.byteLength / SEGMENT_BLOCK_BYTES);
  const checksums = new Uint8Array(blocks * CHECKSUM_BYTES);
  for (let block = 0; block < blocks; block++) {
    const bytes = payload.subarray(block * SEGMENT_BLOCK_BYTES, (block + 1) * SEGMENT_BLOCK_BYTES);
    checksums.set(await sha256(bytes), block * CHECKSUM_BYTES);
  }
  return checksums;
}

export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

export function isSameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && left.every((byte, i) => byte === right[i]);
}
