/** How long a cache that kept nothing is left alone. An isolate may live for days, and a custom domain may come meanwhile. */
const REST_MS = 10 * 60_000;
/** After so many blocks that were not there a cache counts as one that keeps nothing. One may have failed: `put` does not say so. */
const MISSES = 3;

/**
 * Whether the data centre's cache keeps anything. On workers.dev and on the local server it takes whatever it is given,
 * reads it to the end and forgets it, and says nothing of that: giving it each block costs more than fetching the block
 * did. So the first blocks that are given to it are asked for again, until it has had one.
 */
export class CacheTrial {
  #hasKept = false;
  #misses = 0;
  #restsUntilMs = 0;

  /** Whether it is worth being asked and given anything. */
  get isWorthwhile(): boolean {
    if (this.#hasKept || this.#misses < MISSES) return true;
    if (Date.now() < this.#restsUntilMs) return false;
    this.#misses = 0;
    return true;
  }

  /** It had something. That is known for good, whatever others find that ask at the same time. */
  found(): void {
    this.#hasKept = true;
  }

  /** Asks for what was just given, unless it is known what comes of that. */
  async judge(cache: Pick<Cache, "match">, url: string): Promise<void> {
    if (this.#hasKept || !this.isWorthwhile) return;
    const kept = await cache.match(url);
    await kept?.body?.cancel();
    if (kept !== undefined) this.found();
    else if (++this.#misses === MISSES) this.#restsUntilMs = Date.now() + REST_MS;
  }
}

/** Most hosts that are told apart. A Worker has one or two, unless it takes all that its zone has. */
const HOSTS_MAX = 64;

/** The trials of an isolate, for all of its requests. One Worker may be reached at a custom domain and at workers.dev. */
export class CacheTrials {
  readonly #trials = new Map<string, CacheTrial>();

  at(origin: string): CacheTrial {
    const known = this.#trials.get(origin);
    if (known !== undefined) return known;
    if (this.#trials.size >= HOSTS_MAX) this.#trials.clear();
    const trial = new CacheTrial();
    this.#trials.set(origin, trial);
    return trial;
  }
}

/** Those of this isolate. */
export const CACHE_TRIALS = new CacheTrials();
