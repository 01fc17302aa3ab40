import type { PieceCursor } from "./piece-cursor.ts";

/** A body is not made longer than this, unless a single message is: larger ones were not faster. */
const BATCH_BYTES = 1024 * 1024;

/** Other servers may take fewer messages at a time than ours. */
const BATCH_MESSAGES = 10_000;

const OPEN = Buffer.from("[");
const COMMA = Buffer.from(",");
const CLOSE = Buffer.from("]");

/** An append's body, and how many bytes its messages have: of JSON without what makes an array of them. */
export interface Batch {
  readonly body: Uint8Array;
  readonly messageBytes: number;
}

/** The next append, from what there is up to the present end; `undefined` when there is nothing. */
export async function takeBatch(cursor: PieceCursor): Promise<Batch | undefined> {
  const pieces: Uint8Array[] = [];
  let messageBytes = 0;
  let bytes = 0;
  while (bytes < BATCH_BYTES && pieces.length < 2 * BATCH_MESSAGES) {
    const piece = cursor.peek() ?? ((await cursor.fill()) ? cursor.peek() : undefined);
    if (piece === undefined) break;
    if (cursor.kind === "json") {
      if (pieces.length > 0 && bytes + piece.byteLength >= BATCH_BYTES) break;
      pieces.push(pieces.length === 0 ? OPEN : COMMA, piece);
      bytes += piece.byteLength + 1;
      messageBytes += piece.byteLength;
      cursor.take(piece.byteLength);
    } else {
      const part = piece.subarray(0, BATCH_BYTES - bytes);
      pieces.push(part);
      bytes += part.byteLength;
      messageBytes += part.byteLength;
      cursor.take(part.byteLength);
    }
  }
  if (pieces.length === 0) return undefined;
  return { body: Buffer.concat(cursor.kind === "json" ? [...pieces, CLOSE] : pieces), messageBytes };
}
