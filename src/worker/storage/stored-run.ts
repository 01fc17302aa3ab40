import type { Position } from "../../protocol/offset.ts";

/** A stretch of a sealed segment: where its bytes are, and how to tell that they are the right ones. */
export interface SegmentSlice {
  /** `project/path` of the stream that the segment was sealed by, and its incarnation: with both ends and the nonce, the object's key. */
  readonly stream: string;
  readonly incarnation: string;
  readonly start: Position;
  readonly end: Position;
  readonly nonce: string;
  /** Length of the segment's whole payload. */
  readonly bytes: number;
  /** The wanted bytes of the payload; `to` is exclusive. */
  readonly from: number;
  readonly to: number;
  /** SHA-256 of each block that the wanted bytes lie in, 32 bytes each. */
  readonly checksums: Uint8Array;
}

/** Payload on its way to a reader: the bytes themselves, or where in R2 they lie. */
export type Piece =
  { readonly kind: "bytes"; readonly bytes: Uint8Array } | { readonly kind: "segment"; readonly slice: SegmentSlice };

/** Messages stored together, in the hot log or in a segment; only as much is fetched as a reader needs. */
export interface StoredRun {
  readonly start: Position;
  readonly positions: number;
  /** Length of the whole payload. */
  readonly bytes: number;
  sizes(): number[];
  /** Bytes `from` (inclusive) to `to` (exclusive) of the payload. */
  piece(from: number, to: number): Piece;
}
