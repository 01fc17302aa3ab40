import { createHash, type Hash } from "node:crypto";
import type { ContentKind } from "../../protocol/content-type.ts";
import { sizeOf } from "../copying/pieces.ts";
import type { TailProbe } from "./stream-manifest.ts";

/** What is read again to see that a stream is the one it was is not longer than this, and a message. */
const PROBE_BYTES = 1024 * 1024;

const LINE_END = Buffer.from("\n");

/** Hashes the beginning of what an offset is followed by. */
export class ProbeHash {
  readonly #kind: ContentKind;
  readonly #offset: string;
  readonly #hash: Hash = createHash("sha256");
  #bytes = 0;
  #positions = 0;

  constructor(kind: ContentKind, offset: string) {
    this.#kind = kind;
    this.#offset = offset;
  }

  add(pieces: readonly Uint8Array[], most = Infinity): void {
    for (const piece of pieces) {
      if (this.#bytes >= PROBE_BYTES || this.#positions >= most) return;
      const part =
        this.#kind === "json" ? piece : piece.subarray(0, Math.min(PROBE_BYTES - this.#bytes, most - this.#positions));
      this.#hash.update(part);
      // Where messages end matters.
      if (this.#kind === "json") this.#hash.update(LINE_END);
      this.#bytes += part.byteLength;
      this.#positions += sizeOf(this.#kind, [part]);
    }
  }

  get positions(): number {
    return this.#positions;
  }

  /** `undefined` where nothing was hashed. */
  result(): TailProbe | undefined {
    if (this.#positions === 0) return undefined;
    return { offset: this.#offset, positions: this.#positions, sha256: this.#hash.copy().digest("hex") };
  }
}
