/**
 * Keeps blocks of segments near their readers. A block never changes, and the key of its segment names the incarnation
 * that it belongs to; so whatever is found under a key and a number may be given to whoever was let in to that stream.
 * A cache may forget everything at any time, and it may be wrong: what comes out of it is checked.
 */
export interface BlockCache {
  get(key: string, block: number): Promise<Uint8Array | undefined>;
  /** Returns at once; whether anything is kept is the cache's own business. */
  put(key: string, block: number, bytes: Uint8Array): void;
}
