import type { ContentKind } from "../../protocol/content-type.ts";

const LF = 0x0a;

/**
 * Divides what is read into records: messages of a JSON stream, lines of text with their ends, and of anything else the
 * pieces as they come. A line that is not finished waits for its end.
 */
export class RecordSplitter {
  readonly #kind: ContentKind;
  #held: Uint8Array[];

  /** `held` is what an earlier run was still waiting to see the end of. */
  constructor(kind: ContentKind, held: Uint8Array = new Uint8Array(0)) {
    this.#kind = kind;
    this.#held = held.byteLength === 0 ? [] : [held];
  }

  /** The beginning of a line whose end has not come yet. */
  get held(): Uint8Array {
    return Buffer.concat(this.#held);
  }

  push(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
    return this.#kind === "text" ? pieces.flatMap((piece) => this.#lines(piece)) : pieces;
  }

  /** What is left when nothing will follow: a last line without an end. */
  end(): readonly Uint8Array[] {
    const { held } = this;
    this.#held = [];
    return held.byteLength === 0 ? [] : [held];
  }

  #lines(piece: Uint8Array): Uint8Array[] {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = piece.indexOf(LF); end !== -1; end = piece.indexOf(LF, start)) {
      const tail = piece.subarray(start, end + 1);
      lines.push(this.#held.length === 0 ? tail : Buffer.concat([...this.#held, tail]));
      this.#held = [];
      start = end + 1;
    }
    if (start < piece.byteLength) this.#held.push(piece.subarray(start));
    return lines;
  }
}
