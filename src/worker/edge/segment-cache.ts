import type { BlockCache } from "../segments/block-cache.ts";

/** Apart from everything else that is cached in the same zone: nothing but a Worker gets to see it. */
const CACHE_NAME = "durable-streams-segments";
/** No host: what is cached here can be asked for by no URL of the outside. */
const ORIGIN = "https://segments.durable-streams.invalid/";
const YEAR_SECONDS = 31_536_000;

/**
 * Blocks of segments in the cache of the data centre (the platform's Cache API). On workers.dev it keeps nothing; a cache
 * that fails counts as one that has nothing.
 */
export class SegmentCache implements BlockCache {
  readonly #waitUntil: (work: Promise<unknown>) => void;
  #cache: Promise<Cache> | undefined;

  /** @param waitUntil keeps the request's Worker alive for work that its answer does not wait for. */
  constructor(waitUntil: (work: Promise<unknown>) => void) {
    this.#waitUntil = waitUntil;
  }

  async get(key: string, block: number): Promise<Uint8Array | undefined> {
    try {
      const cache = await this.#open();
      const response = await cache.match(blockUrl(key, block));
      return response === undefined ? undefined : new Uint8Array(await response.arrayBuffer());
    } catch {
      return undefined;
    }
  }

  put(key: string, block: number, bytes: Uint8Array): void {
    this.#waitUntil(this.#put(blockUrl(key, block), bytes).catch(() => undefined));
  }

  async #put(url: string, bytes: Uint8Array): Promise<void> {
    const headers = {
      "Cache-Control": `public, max-age=${String(YEAR_SECONDS)}, immutable`,
      "Content-Length": String(bytes.byteLength),
    };
    const cache = await this.#open();
    await cache.put(url, new Response(bytes, { headers }));
  }

  #open(): Promise<Cache> {
    this.#cache ??= caches.open(CACHE_NAME);
    return this.#cache;
  }
}

function blockUrl(key: string, block: number): string {
  return `${ORIGIN}${encodeURIComponent(key)}?block=${String(block)}`;
}
