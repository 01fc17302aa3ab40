/**
 * What a block is kept under: the key of its segment, its number, and its checksum in hexadecimal. The key names the
 * incarnation, so what is found may be given to whoever was let in to that stream; and the checksum names the very bytes,
 * so a stream whose storage was set back and went on otherwise never meets what it was before.
 */
export type BlockName = `${string} ${number} ${string}`;

/**
 * Keeps blocks of segments near their readers. A cache may forget everything at any time, and it may be wrong: what comes
 * out of it is checked.
 */
export interface BlockCache {
  get(name: BlockName): Promise<Uint8Array | undefined>;
  /** Returns at once; whether anything is kept is the cache's own business. */
  put(name: BlockName, bytes: Uint8Array): void;
}
