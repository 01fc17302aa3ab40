import type { BlockName } from "./block-cache.ts";

/** Most bytes of blocks that are kept in one isolate, which has 128 MB for everything. */
const MEMORY_MAX_BYTES = 16 * 1024 * 1024;
/** What a block takes besides its bytes: small closed streams have blocks of a few bytes each. */
const OVERHEAD_BYTES = 2 * 1024;

/**
 * Blocks of segments that this isolate read last, each of which was found intact. Many readers of the same history mostly
 * find it here; what is not, is looked for in the cache of the data centre.
 */
export class BlockMemory {
  /** In the order of their last use. */
  readonly #blocks = new Map<BlockName, Uint8Array>();
  #bytes = 0;

  get(name: BlockName): Uint8Array | undefined {
    const bytes = this.#blocks.get(name);
    if (bytes === undefined) return undefined;
    this.#blocks.delete(name);
    this.#blocks.set(name, bytes);
    return bytes;
  }

  put(name: BlockName, bytes: Uint8Array): void {
    this.#remove(name);
    this.#blocks.set(name, bytes);
    this.#bytes += bytes.byteLength + OVERHEAD_BYTES;
    for (const oldest of this.#blocks.keys()) {
      if (this.#bytes <= MEMORY_MAX_BYTES) return;
      this.#remove(oldest);
    }
  }

  clear(): void {
    this.#blocks.clear();
    this.#bytes = 0;
  }

  #remove(name: BlockName): void {
    const bytes = this.#blocks.get(name);
    if (bytes === undefined) return;
    this.#bytes -= bytes.byteLength + OVERHEAD_BYTES;
    this.#blocks.delete(name);
  }
}

/** The one of this isolate, for all of its requests. */
export const BLOCK_MEMORY = new BlockMemory();
