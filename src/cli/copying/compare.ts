import type { PieceCursor } from "./piece-cursor.ts";

/** How a copy compares with what it is to be a copy of. */
export interface Comparison {
  /** `end`: the copy ended, and was the same until there. `different`: at the positions where the cursors are now. */
  readonly kind: "end" | "different" | "copy-is-longer";
  /** JSON messages whose value is the same while their bytes are not: their server writes them anew. */
  readonly rewritten: number;
}

/** Whether a server that reads JSON and writes it again, as JavaScript does, makes this of it. */
function isRewritten(original: Uint8Array, copy: Uint8Array): boolean {
  try {
    return JSON.stringify(JSON.parse(Buffer.from(original).toString())) === Buffer.from(copy).toString();
  } catch {
    return false;
  }
}

/**
 * Reads both side by side until the copy ends or they differ. Then the original's cursor is where the copy ends, which is
 * where copying goes on.
 */
export async function compare(original: PieceCursor, copy: PieceCursor): Promise<Comparison> {
  let rewritten = 0;
  for (;;) {
    const theirs = copy.peek() ?? ((await copy.fill()) ? copy.peek() : undefined);
    if (theirs === undefined) return { kind: "end", rewritten };
    const ours = original.peek() ?? ((await original.fill()) ? original.peek() : undefined);
    if (ours === undefined) return { kind: "copy-is-longer", rewritten };
    if (original.kind === "json") {
      if (Buffer.compare(ours, theirs) !== 0) {
        if (!isRewritten(ours, theirs)) return { kind: "different", rewritten };
        rewritten++;
      }
      original.take(ours.byteLength);
      copy.take(theirs.byteLength);
      continue;
    }
    const length = Math.min(ours.byteLength, theirs.byteLength);
    if (Buffer.compare(ours.subarray(0, length), theirs.subarray(0, length)) !== 0)
      return { kind: "different", rewritten };
    original.take(length);
    copy.take(length);
  }
}
