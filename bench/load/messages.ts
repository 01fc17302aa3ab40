/** The messages of the bench: 100 bytes of JSON that carry their number. */

export const MESSAGE_BYTES = 100;
const DIGITS = 8;
const PREFIX = '{"i":"';
const SUFFIX = `","p":"${"x".repeat(MESSAGE_BYTES - PREFIX.length - DIGITS - '","p":""}'.length)}"}`;

function message(number: number): string {
  return PREFIX + String(number).padStart(DIGITS, "0") + SUFFIX;
}

/** Where the numbers are, in any text that holds messages. */
export const NUMBERS = /\{"i":"(\d{8})"/g;
/** Characters that the pattern above takes. */
export const NUMBER_LENGTH = PREFIX.length + DIGITS + 1;

export function oneMessage(number: number): Buffer {
  return Buffer.from(message(number), "latin1");
}

/** A JSON array of `count` messages, numbered from `first` on. */
export function batchOf(first: number, count: number): Buffer {
  const messages = Array.from({ length: count }, (_, i) => message(first + i));
  return Buffer.from(`[${messages.join(",")}]`, "latin1");
}

interface Parsed {
  readonly i: string;
  readonly p: string;
}

/** Throws unless JSON texts hold the messages 0 to `count` - 1, each exactly once; `inOrder` asks for their order too. */
export function checkMessages(texts: readonly string[], count: number, inOrder = false): void {
  const seen = new Uint8Array(count);
  let total = 0;
  for (const text of texts) {
    for (const { i, p } of JSON.parse(text) as Parsed[]) {
      const number = Number(i);
      if (number >= count || seen[number] === 1) throw new Error(`message ${i} should not be there, or not twice`);
      if (inOrder && number !== total) throw new Error(`message ${i} stands where ${total} should`);
      if (p.length !== SUFFIX.length - '","p":""}'.length) throw new Error(`message ${i} came back changed`);
      seen[number] = 1;
      total++;
    }
  }
  if (total !== count) throw new Error(`${count} messages were acknowledged, and ${total} came back`);
}

export const BLOCK_BYTES = 64 * 1024;
const BLOCK = Buffer.alloc(BLOCK_BYTES, "0123456789abcdef");

/** 64 KiB that begin with their number. */
export function block(number: number): Buffer {
  const bytes = Buffer.from(BLOCK);
  bytes.writeUInt32BE(number);
  return bytes;
}

/** Throws unless the bytes are the blocks 0 to `count` - 1, each exactly once, in any order. */
export function checkBlocks(bytes: Buffer, count: number): void {
  if (bytes.byteLength !== count * BLOCK_BYTES) {
    throw new Error(`${count * BLOCK_BYTES} bytes were acknowledged, and ${bytes.byteLength} came back`);
  }
  const seen = new Set<number>();
  for (let at = 0; at < bytes.byteLength; at += BLOCK_BYTES) {
    seen.add(bytes.readUInt32BE(at));
    if (BLOCK.compare(bytes, at + 4, at + BLOCK_BYTES, 4) !== 0)
      throw new Error(`the block at ${at} came back changed`);
  }
  if (seen.size !== count || Math.max(...seen) !== count - 1) throw new Error("a block is there twice, or missing");
}
