import { RESERVED_SEGMENT } from "../../protocol/path.ts";
import { withinTime } from "../segments/within-time.ts";
import type { BlockCache, BlockName } from "../segments/block-cache.ts";
import type { CacheTrial } from "./cache-trial.ts";

/** Apart from everything else that is cached in the same zone: nothing but a Worker gets to see it. */
const CACHE_NAME = "durable-streams-segments";
/** A path of this Worker's own host, as the platform asks for, that the Worker itself answers with 404. */
const PATH = `/v1/${RESERVED_SEGMENT}/blocks/`;
/** A cache that takes longer has nothing: R2 is asked instead. */
const PATIENCE_MS = 2_000;
/** Long enough for whoever reads the same history; what was deleted is gone from data centres after it too. */
const MAX_AGE_SECONDS = 86_400;

/**
 * Blocks of segments in the cache of the data centre (the platform's Cache API). Where it keeps nothing it is left alone; a
 * cache that fails counts as one that has nothing.
 */
export class SegmentCache implements BlockCache {
  readonly #origin: string;
  readonly #waitUntil: (work: Promise<unknown>) => void;
  readonly #trial: CacheTrial;
  #cache: Promise<Cache> | undefined;

  /**
   * @param origin of the Worker.
   * @param waitUntil keeps the request's Worker alive for work that its answer does not wait for.
   * @param trial remembers whether the cache of that origin is worth it.
   */
  constructor(origin: string, waitUntil: (work: Promise<unknown>) => void, trial: CacheTrial) {
    this.#origin = origin;
    this.#waitUntil = waitUntil;
    this.#trial = trial;
  }

  async get(name: BlockName): Promise<Uint8Array | undefined> {
    if (!this.#trial.isWorthwhile) return undefined;
    try {
      return await withinTime(PATIENCE_MS, this.#get(name));
    } catch {
      return undefined;
    }
  }

  async #get(name: BlockName): Promise<Uint8Array | undefined> {
    const cache = await this.#open();
    const response = await cache.match(this.#url(name));
    if (response === undefined) return undefined;
    this.#trial.found();
    return new Uint8Array(await response.arrayBuffer());
  }

  put(name: BlockName, bytes: Uint8Array): void {
    if (!this.#trial.isWorthwhile) return;
    this.#waitUntil(this.#put(this.#url(name), bytes).catch(() => undefined));
  }

  async #put(url: string, bytes: Uint8Array): Promise<void> {
    const headers = {
      "Cache-Control": `public, max-age=${String(MAX_AGE_SECONDS)}, immutable`,
      "Content-Length": String(bytes.byteLength),
    };
    const cache = await this.#open();
    await cache.put(url, new Response(bytes, { headers }));
    await withinTime(PATIENCE_MS, this.#trial.judge(cache, url));
  }

  #open(): Promise<Cache> {
    this.#cache ??= caches.open(CACHE_NAME);
    return this.#cache;
  }

  #url(name: BlockName): string {
    return `${this.#origin}${PATH}${encodeURIComponent(name)}`;
  }
}
