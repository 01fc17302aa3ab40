/** Most bytes of blocks that are kept in one isolate, which has 128 MB for everything. */
const MEMORY_MAX_BYTES = 16 * 1024 * 1024;

/**
 * Blocks of segments that this isolate read last, each of which was found intact. Many readers of the same history mostly
 * find it here; what is not, is looked for in the cache of the data centre. The same rule holds for both: the key of a
 * block's segment names its incarnation, and only who was let in to the stream is ever told the key.
 */
export class BlockMemory {
  /** In the order of their last use. */
  readonly #blocks = new Map<string, Uint8Array>();
  #bytes = 0;

  get(key: string, block: number): Uint8Array | undefined {
    const name = nameOf(key, block);
    const bytes = this.#blocks.get(name);
    if (bytes === undefined) return undefined;
    this.#blocks.delete(name);
    this.#blocks.set(name, bytes);
    return bytes;
  }

  put(key: string, block: number, bytes: Uint8Array): void {
    const name = nameOf(key, block);
    this.#remove(name);
    this.#blocks.set(name, bytes);
    this.#bytes += bytes.byteLength;
    for (const oldest of this.#blocks.keys()) {
      if (this.#bytes <= MEMORY_MAX_BYTES) return;
      this.#remove(oldest);
    }
  }

  clear(): void {
    this.#blocks.clear();
    this.#bytes = 0;
  }

  #remove(name: string): void {
    this.#bytes -= this.#blocks.get(name)?.byteLength ?? 0;
    this.#blocks.delete(name);
  }
}

/** The one of this isolate, for all of its requests. */
export const BLOCK_MEMORY = new BlockMemory();

function nameOf(key: string, block: number): string {
  return `${key} ${String(block)}`;
}
