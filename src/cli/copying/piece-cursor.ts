import type { ContentKind } from "../../protocol/content-type.ts";
import { sizeOf, slice } from "./pieces.ts";
import type { Chunk, StreamMark } from "./stream-source.ts";

/** Chunks read at one's own pace, a message or some bytes at a time, with the mark of every place in between. */
export class PieceCursor {
  readonly kind: ContentKind;
  readonly #chunks: AsyncGenerator<Chunk>;
  #pieces: readonly Uint8Array[] = [];
  #from: StreamMark;
  #end: StreamMark;
  /** Positions of the chunk that were taken. */
  #taken = 0;
  #size = 0;
  #index = 0;
  /** Bytes taken of the piece at `#index`. */
  #inside = 0;
  #position: number;
  #closed = false;

  constructor(kind: ContentKind, chunks: AsyncGenerator<Chunk>, at: StreamMark, position: number) {
    this.kind = kind;
    this.#chunks = chunks;
    this.#from = at;
    this.#end = at;
    this.#position = position;
  }

  /** How far it is from the stream's start: messages of JSON, bytes otherwise. */
  get position(): number {
    return this.#position;
  }

  get mark(): StreamMark {
    if (this.#taken === this.#size) return this.#end;
    return { offset: this.#from.offset, skip: this.#from.skip + this.#taken };
  }

  /** The stream said at its end that nothing will follow. */
  get closed(): boolean {
    return this.#closed;
  }

  /** What is at hand: a whole message of JSON, or some bytes; `undefined` where more has to be read first. */
  peek(): Uint8Array | undefined {
    const piece = this.#pieces[this.#index];
    return this.#inside === 0 ? piece : piece?.subarray(this.#inside);
  }

  /** Makes sure that something is at hand; false at the end. */
  async fill(): Promise<boolean> {
    while (this.#index >= this.#pieces.length) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      const { pieces, from, end, closed } = next.value;
      this.#pieces = slice(this.kind, pieces, 0, Infinity);
      this.#from = from;
      this.#end = end;
      this.#taken = 0;
      this.#size = sizeOf(this.kind, pieces);
      this.#index = 0;
      this.#inside = 0;
      this.#closed = closed;
    }
    return true;
  }

  /** Takes a message, or so many of the bytes at hand. */
  take(bytes: number): void {
    const moved = this.kind === "json" ? 1 : bytes;
    this.#taken += moved;
    this.#position += moved;
    this.#inside += bytes;
    if (this.#inside < (this.#pieces[this.#index]?.byteLength ?? 0)) return;
    this.#index++;
    this.#inside = 0;
  }

  /** Drops the answer that is being read. */
  async close(): Promise<void> {
    await this.#chunks.return(undefined);
  }
}
