const CR = 0x0d;

/**
 * How many bytes at the end of a text cannot be told to a reader yet (0 to 3): a character that is not finished, or a CR,
 * which is one line break together with an LF that may follow. So what a live reader gets does not depend on where the
 * appends were cut.
 */
export function unfinishedTextBytes(bytes: Uint8Array): number {
  return bytes.at(-1) === CR ? 1 : unfinishedUtf8Bytes(bytes);
}

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
    const isFinished = characterBytes(byte) <= back;
    const second = back > 1 ? bytes[bytes.byteLength - back + 1] : undefined;
    return isFinished || (second !== undefined && !mayFollow(byte, second)) ? 0 : back;
  }
  return 0;
}

/** Four of the leads allow only some continuations; others would be overlong, a surrogate, or past U+10FFFF. */
function mayFollow(lead: number, second: number): boolean {
  if (lead === 0xe0) return second >= 0xa0;
  if (lead === 0xed) return second <= 0x9f;
  if (lead === 0xf0) return second >= 0x90;
  if (lead === 0xf4) return second <= 0x8f;
  return true;
}

/** How long the character that starts with this byte is; 1 for bytes that start none. */
function characterBytes(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 1;
}
