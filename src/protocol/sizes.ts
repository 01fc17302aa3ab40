/**
 * Message sizes as bytes: a LEB128 number each. A list of one is written as nothing at all, since the payload beside it
 * tells the size, and one message is what most appends hold.
 */
export function encodeSizes(sizes: readonly number[]): Uint8Array | null {
  if (sizes.length <= 1) return null;
  const bytes: number[] = [];
  for (let size of sizes) {
    // Division rather than shifts: sizes may pass 2^31.
    while (size >= 0x80) {
      bytes.push((size % 0x80) | 0x80);
      size = Math.floor(size / 0x80);
    }
    bytes.push(size);
  }
  return Uint8Array.from(bytes);
}

/** How many bytes {@link encodeSizes} takes for one size of a list. */
export function encodedSizeBytes(size: number): number {
  let bytes = 1;
  for (let rest = size; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}

/** The inverse of {@link encodeSizes}; `payloadBytes` is the size when nothing was written. */
export function decodeSizes(encoded: Uint8Array | null, payloadBytes: number): number[] {
  if (encoded === null) return [payloadBytes];
  const sizes: number[] = [];
  let size = 0;
  let weight = 1;
  for (const byte of encoded) {
    size += (byte & 0x7f) * weight;
    if (byte < 0x80) {
      sizes.push(size);
      size = 0;
      weight = 1;
    } else {
      weight *= 0x80;
    }
  }
  return sizes;
}
