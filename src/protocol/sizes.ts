import { decodeNumbers, encodedNumberBytes, encodeNumbers } from "./numbers.ts";

/**
 * Message sizes as bytes: a LEB128 number each. A list of one is written as nothing at all, since the payload beside it
 * tells the size, and one message is what most appends hold.
 */
export function encodeSizes(sizes: readonly number[]): Uint8Array | null {
  return sizes.length <= 1 ? null : encodeNumbers(sizes);
}

/** How many bytes {@link encodeSizes} takes for one size of a list. */
export const encodedSizeBytes = encodedNumberBytes;

/** The inverse of {@link encodeSizes}; `payloadBytes` is the size when nothing was written. */
export function decodeSizes(encoded: Uint8Array | null, payloadBytes: number): number[] {
  return encoded === null ? [payloadBytes] : decodeNumbers(encoded);
}
