import type { ContentKind } from "../../../protocol/content-type.ts";
import type { Position } from "../../../protocol/offset.ts";

/** A stretch of a stream that becomes one line of an export, or one row of its table. */
export interface CutRow {
  /** Messages (JSON) or bytes before this one, from the start of the stream. */
  readonly position: Position;
  /** The position after it. */
  readonly end: Position;
  readonly bytes: Uint8Array;
}

/** How a stream is divided into rows: JSON by messages, text by lines, anything else by size or not at all. */
export type RowShape = "messages" | "lines" | "blocks" | "pieces";

/** Bytes that have no boundaries are cut into rows of this size, whatever pieces they arrive in. */
export const BLOCK_BYTES = 64 * 1024;

/** A longer line goes on in the next row, so that memory stays bounded. */
export const LINE_MAX_BYTES = 16 * 1024 * 1024;

const LF = 0x0a;

/** Where rows do not show (`raw`), bytes are copied as they come; messages need something between them all the same. */
export function rowShape(kind: ContentKind, hasRows: boolean): RowShape {
  if (kind === "json") return "messages";
  if (!hasRows) return "pieces";
  return kind === "text" ? "lines" : "blocks";
}

/** Cuts what is read into rows. Except for `pieces`, the cuts depend on the stream's bytes alone, not on how they arrive. */
export class RowCutter {
  readonly #shape: RowShape;
  #position: Position;
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  /** @param start position of the first row. */
  constructor(shape: RowShape, start: Position) {
    this.#shape = shape;
    this.#position = start;
  }

  /** Where the next row begins: with what is held, if anything is. */
  get position(): Position {
    return this.#position;
  }

  /** The rows that these pieces complete. Pieces of messages are whole messages. */
  push(pieces: readonly Uint8Array[]): CutRow[] {
    const rows: CutRow[] = [];
    for (const piece of pieces) {
      if (this.#shape === "messages") rows.push(this.#row(piece, 1));
      else if (this.#shape === "pieces") rows.push(this.#row(piece, piece.byteLength));
      else this.#cut(piece, rows);
    }
    return rows;
  }

  /** The last row, where nothing will follow. */
  end(): CutRow[] {
    return this.#heldBytes === 0 ? [] : [this.#finish([])];
  }

  #cut(piece: Uint8Array, rows: CutRow[]): void {
    let rest = piece;
    while (rest.byteLength > 0) {
      const size = this.#missing(rest);
      if (size === undefined) {
        this.#held.push(rest);
        this.#heldBytes += rest.byteLength;
        return;
      }
      rows.push(this.#finish([rest.subarray(0, size)]));
      rest = rest.subarray(size);
    }
  }

  /** How many bytes of the piece end the row, or `undefined` when it does not end there. */
  #missing(piece: Uint8Array): number | undefined {
    const most = (this.#shape === "lines" ? LINE_MAX_BYTES : BLOCK_BYTES) - this.#heldBytes;
    const lineEnd = this.#shape === "lines" ? piece.subarray(0, most).indexOf(LF) : -1;
    if (lineEnd !== -1) return lineEnd + 1;
    return piece.byteLength >= most ? most : undefined;
  }

  #finish(last: readonly Uint8Array[]): CutRow {
    const parts = [...this.#held, ...last];
    this.#held = [];
    this.#heldBytes = 0;
    const bytes = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    return this.#row(bytes, bytes.byteLength);
  }

  #row(bytes: Uint8Array, size: number): CutRow {
    const position = this.#position;
    this.#position += size;
    return { position, end: this.#position, bytes };
  }
}
