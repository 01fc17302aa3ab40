import type { ContentKind } from "../../protocol/content-type.ts";

/** How much some pieces are in positions: messages of JSON, bytes otherwise. */
export function sizeOf(kind: ContentKind, pieces: readonly Uint8Array[]): number {
  return kind === "json" ? pieces.length : bytesOf(pieces);
}

export function bytesOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
}

/** The part of some pieces between two positions, counted from the first of them: messages for JSON, bytes otherwise. */
export function slice(
  kind: ContentKind,
  pieces: readonly Uint8Array[],
  from: number,
  to: number,
): readonly Uint8Array[] {
  if (kind === "json") return pieces.slice(from, to);
  const part: Uint8Array[] = [];
  let at = 0;
  for (const piece of pieces) {
    const kept = piece.subarray(Math.max(0, from - at), Math.max(0, to - at));
    if (kept.byteLength > 0) part.push(kept);
    at += piece.byteLength;
  }
  return part;
}
