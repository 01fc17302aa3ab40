/** Cuts bytes that arrive in any pieces into lines. A line without end is cut where it becomes longer than it can be. */
export class LineCutter {
  readonly #maxBytes: number;
  #held = "";

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(piece: Uint8Array): string[] {
    // Messages are ASCII; what is not is damage, and must not become longer or shorter by decoding.
    const lines = (this.#held + Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString("latin1")).split(
      "\n",
    );
    this.#held = lines.pop() ?? "";
    if (this.#held.length > this.#maxBytes) {
      lines.push(this.#held);
      this.#held = "";
    }
    return lines;
  }
}
