/** How long a cache that kept nothing is left alone. An isolate may live for days, and a custom domain may come meanwhile. */
const REST_MS = 10 * 60_000;

/**
 * Whether the data centre's cache keeps anything. On workers.dev and on the local server it takes whatever it is given,
 * reads it to the end and forgets it, and says nothing of that: giving it each block costs more than fetching the block
 * did. So the first block that is given to it is asked for again.
 */
export class CacheTrial {
  #verdict: "open" | "keeps" | "keeps-nothing" = "open";
  #restsUntilMs = 0;

  /** Whether it is worth being asked and given anything. */
  get isWorthwhile(): boolean {
    if (this.#verdict === "keeps-nothing" && Date.now() >= this.#restsUntilMs) this.#verdict = "open";
    return this.#verdict !== "keeps-nothing";
  }

  /** Asks for what was just given, unless it is known what comes of that. */
  async judge(cache: Pick<Cache, "match">, url: string): Promise<void> {
    if (this.#verdict !== "open") return;
    const kept = await cache.match(url);
    await kept?.body?.cancel();
    this.#verdict = kept === undefined ? "keeps-nothing" : "keeps";
    this.#restsUntilMs = Date.now() + REST_MS;
  }
}

/** That of this isolate, for all of its requests. */
export const CACHE_TRIAL = new CacheTrial();
