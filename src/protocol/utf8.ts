/** The most bytes that a character cut short can leave at the end. */
const LONGEST_PARTIAL = 3;

/**
 * How many bytes at the end begin a UTF-8 character that is not finished yet (0 to 3). An SSE event must hold whole
 * characters, so these wait for the append that finishes them; bytes that no append could finish do not wait.
 */
export function unfinishedUtf8Bytes(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(LONGEST_PARTIAL, bytes.byteLength); back++) {
    const byte = bytes[bytes.byteLength - back] ?? 0;
    const isContinuation = (byte & 0xc0) === 0x80;
    if (isContinuation) continue;
    return characterBytes(byte) > back ? back : 0;
  }
  return 0;
}

/** How long the character that starts with this byte is; 1 for bytes that start none. */
function characterBytes(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 1;
}
