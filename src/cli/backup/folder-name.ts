import { createHash } from "node:crypto";

/** Longer ones are cut: file systems take 255 bytes, and some tools a good deal less of a whole path. */
const NAME_MAX_CHARACTERS = 120;

/** Whether a text can be the name of a stream's folder. */
export function isFolderName(text: string): boolean {
  return /^[a-z0-9_%~-]{1,120}$/.test(text);
}

/** Windows takes these names for devices, whatever the folder. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)$/;

const KEPT = /[a-z0-9_-]/;

/**
 * The name of a stream's folder. It is the stream's own name where that is plain; all else is percent-encoded, capital
 * letters and dots included: so no two streams share a folder where case does not count, and none leaves the backup. What
 * gets too long ends with `~` and a hash in the place of its end.
 */
export function folderName(stream: string): string {
  const encoded = Array.from(Buffer.from(stream), (byte) => {
    const character = String.fromCharCode(byte);
    return KEPT.test(character) ? character : `%${byte.toString(16).padStart(2, "0")}`;
  });
  const plain = encoded.join("");
  if (DEVICE.test(plain)) return `%${plain.charCodeAt(0).toString(16)}${plain.slice(1)}`;
  if (plain.length <= NAME_MAX_CHARACTERS) return plain;
  const hash = createHash("sha256").update(stream).digest("hex").slice(0, 32);
  let start = "";
  for (const part of encoded) {
    if (start.length + part.length + 1 + hash.length > NAME_MAX_CHARACTERS) break;
    start += part;
  }
  return `${start}~${hash}`;
}
