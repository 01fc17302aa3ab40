import { afterEach, describe, expect, test, vi } from "vitest";
import { CacheTrials } from "../../src/worker/edge/cache-trial.ts";
import { SegmentCache } from "../../src/worker/edge/segment-cache.ts";
import { Clock } from "../worker/support/clock.ts";

const ORIGIN = "https://history.example";
const NAME = "segments/a/0 0 00";
const BYTES = new TextEncoder().encode("a block");

afterEach(() => {
  vi.restoreAllMocks();
});

/** What the requests of one isolate do with the cache of their data centre. */
class Isolate {
  readonly #trials = new CacheTrials();

  async put(origin = ORIGIN, times = 1): Promise<void> {
    const background: Promise<unknown>[] = [];
    for (let i = 0; i < times; i++) this.#request(origin, (work) => background.push(work)).put(NAME, BYTES);
    await Promise.all(background);
  }

  get(origin = ORIGIN): Promise<Uint8Array | undefined> {
    return this.#request(origin, () => undefined).get(NAME);
  }

  #request(origin: string, waitUntil: (work: Promise<unknown>) => void): SegmentCache {
    return new SegmentCache(origin, waitUntil, this.#trials.at(origin));
  }
}

/** A cache as it is on workers.dev, in the place of the real one: it takes everything and has nothing. */
class Forgetful {
  readonly match = vi.fn(() => Promise.resolve<Response | undefined>(undefined));
  readonly put = vi.fn(async (_url: string, response: Response) => {
    await response.arrayBuffer();
  });
  readonly delete = () => Promise.resolve(false);

  /** From now on it is the one that the Worker finds. */
  static install(): Forgetful {
    const cache: unknown = new Forgetful();
    vi.spyOn(caches, "open").mockResolvedValue(cache as Cache);
    return cache as Forgetful;
  }

  /** How often it was asked and given something since the last look. */
  take(): { asked: number; given: number } {
    const counts = { asked: this.match.mock.calls.length, given: this.put.mock.calls.length };
    vi.clearAllMocks();
    return counts;
  }
}

describe("cache: one that keeps nothing", () => {
  test("is given three blocks, is asked for them, and is then left alone", async () => {
    const cache = Forgetful.install();
    const isolate = new Isolate();
    expect(await isolate.get()).toBeUndefined();
    await isolate.put();
    await isolate.put();
    expect(await isolate.get()).toBeUndefined();
    await isolate.put();
    expect(cache.take()).toEqual({ asked: 5, given: 3 });
    for (let i = 0; i < 5; i++) {
      expect(await isolate.get()).toBeUndefined();
      await isolate.put();
    }
    expect(cache.take()).toEqual({ asked: 0, given: 0 });
  });

  test("is tried again after ten minutes, and used when it keeps something by then", async () => {
    using clock = new Clock();
    const cache = Forgetful.install();
    const isolate = new Isolate();
    await isolate.put(ORIGIN, 3);
    clock.advanceSeconds(599);
    await isolate.put();
    expect(cache.take()).toEqual({ asked: 3, given: 3 });
    clock.advanceSeconds(1);
    for (let i = 0; i < 5; i++) await isolate.put();
    expect(cache.take()).toEqual({ asked: 3, given: 3 });
    clock.advanceSeconds(600);
    vi.restoreAllMocks();
    await isolate.put();
    expect(await isolate.get()).toEqual(BYTES);
  });

  test("and one that fails is not taken for it: what failed is tried with the next block", async () => {
    const cache = Forgetful.install();
    cache.put.mockRejectedValueOnce(new Error("not now"));
    const isolate = new Isolate();
    for (let i = 0; i < 5; i++) await isolate.put();
    expect(cache.take()).toEqual({ asked: 3, given: 4 });
  });

  test("and one that does not answer does not hold up the request's end", async () => {
    const cache = Forgetful.install();
    cache.match.mockReturnValue(new Promise(() => undefined));
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const isolate = new Isolate();
      const over = isolate.put();
      await vi.advanceTimersByTimeAsync(2_000);
      await over;
      expect(cache.take()).toEqual({ asked: 1, given: 1 });
    } finally {
      vi.useRealTimers();
    }
  });

  test("at one host of the Worker is used at another one, where it keeps everything", async () => {
    const cache = Forgetful.install();
    const isolate = new Isolate();
    await isolate.put("https://name.workers.dev", 3);
    cache.match.mockImplementation(() => Promise.resolve(new Response(BYTES)));
    expect(await isolate.get("https://name.workers.dev")).toBeUndefined();
    expect(await isolate.get()).toEqual(BYTES);
  });
});

describe("cache: one that keeps what it is given", () => {
  test("is used although it has lost two blocks of the first three", async () => {
    const cache = Forgetful.install();
    cache.match.mockResolvedValueOnce(undefined).mockResolvedValueOnce(undefined);
    cache.match.mockResolvedValueOnce(new Response(BYTES));
    const isolate = new Isolate();
    for (let i = 0; i < 5; i++) await isolate.put();
    expect(cache.take()).toEqual({ asked: 3, given: 5 });
  });

  test("is used although three that ask at the same time as the one that finds something find nothing", async () => {
    const cache = Forgetful.install();
    const [asked, found] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    const body = () =>
      new ReadableStream({
        cancel: () => {
          found.resolve(undefined);
        },
      });
    cache.match.mockImplementation(() => {
      if (cache.match.mock.calls.length === 1) return asked.promise.then(() => new Response(body()));
      if (cache.match.mock.calls.length === 4) asked.resolve(undefined);
      return found.promise;
    });
    const isolate = new Isolate();
    await isolate.put(ORIGIN, 4);
    for (let i = 0; i < 5; i++) await isolate.put();
    expect(cache.take()).toEqual({ asked: 4, given: 9 });
  });

  test("is not asked for what it is given when it has had something for others", async () => {
    const cache = Forgetful.install();
    const isolate = new Isolate();
    cache.match.mockResolvedValueOnce(new Response(BYTES));
    expect(await isolate.get()).toEqual(BYTES);
    for (let i = 0; i < 5; i++) await isolate.put();
    expect(cache.take()).toEqual({ asked: 1, given: 5 });
  });

  test("is asked for the first block only to see that it does", async () => {
    const cache = await caches.open("durable-streams-segments");
    const [match, put] = [vi.spyOn(cache, "match"), vi.spyOn(cache, "put")];
    vi.spyOn(caches, "open").mockResolvedValue(cache);
    const isolate = new Isolate();
    for (let i = 0; i < 3; i++) await isolate.put();
    expect([match.mock.calls.length, put.mock.calls.length]).toEqual([1, 3]);
    expect(await isolate.get()).toEqual(BYTES);
  });
});
