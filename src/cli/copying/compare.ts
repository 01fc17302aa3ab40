import type { PieceCursor } from "./piece-cursor.ts";
import type { StreamMark } from "./stream-source.ts";

/** A place of an original, and the same of its copy. */
export interface Place {
  /** From the start: messages of JSON, bytes otherwise. */
  readonly position: number;
  readonly original: StreamMark;
  readonly copy: StreamMark;
}

export function placeOf(original: PieceCursor, copy: PieceCursor): Place {
  return { position: original.position, original: original.mark, copy: copy.mark };
}

/** How a copy compares with what it is to be a copy of. */
export interface Comparison {
  /** `end`: the copy ended, and was the same until there. `different`: at the message or byte where the cursors are now. */
  readonly kind: "end" | "different" | "copy-is-longer";
  /** JSON messages whose value is the same while their bytes are not: their server writes them anew. */
  readonly rewritten: number;
  /** The first of these. */
  readonly rewrittenAt?: Place | undefined;
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
  let rewrittenAt: Place | undefined;
  for (;;) {
    const theirs = copy.peek() ?? ((await copy.fill()) ? copy.peek() : undefined);
    if (theirs === undefined) return { kind: "end", rewritten, rewrittenAt };
    const ours = original.peek() ?? ((await original.fill()) ? original.peek() : undefined);
    if (ours === undefined) return { kind: "copy-is-longer", rewritten, rewrittenAt };
    if (original.kind === "json") {
      if (Buffer.compare(ours, theirs) !== 0) {
        if (!isRewritten(ours, theirs)) return { kind: "different", rewritten, rewrittenAt };
        rewrittenAt ??= placeOf(original, copy);
        rewritten++;
      }
      original.take(ours.byteLength);
      copy.take(theirs.byteLength);
      continue;
    }
    const length = Math.min(ours.byteLength, theirs.byteLength);
    const isSame = Buffer.compare(ours.subarray(0, length), theirs.subarray(0, length)) === 0;
    const same = isSame ? length : ours.findIndex((byte, i) => byte !== theirs[i]);
    if (same > 0) {
      original.take(same);
      copy.take(same);
    }
    if (!isSame) return { kind: "different", rewritten };
  }
}
