import { afterEach, describe, expect, test, vi } from "vitest";
import { CacheTrial } from "../../src/worker/edge/cache-trial.ts";
import { SegmentCache } from "../../src/worker/edge/segment-cache.ts";
import { Clock } from "../worker/support/clock.ts";

const NAME = "segments/a/0 0 00";
const BYTES = new TextEncoder().encode("a block");

afterEach(() => {
  vi.restoreAllMocks();
});

/** What the requests of one isolate do with the cache of their data centre. */
class Isolate {
  readonly #trial = new CacheTrial();

  async put(): Promise<void> {
    const background: Promise<unknown>[] = [];
    this.#request((work) => background.push(work)).put(NAME, BYTES);
    await Promise.all(background);
  }

  get(): Promise<Uint8Array | undefined> {
    return this.#request(() => undefined).get(NAME);
  }

  #request(waitUntil: (work: Promise<unknown>) => void): SegmentCache {
    return new SegmentCache("https://history.example", waitUntil, this.#trial);
  }
}

/** A cache as it is on workers.dev, in the place of the real one: it takes everything and has nothing. */
class Forgetful {
  readonly match = vi.fn(() => Promise.resolve(undefined));
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
  test("is given one block, is asked for it, and is then left alone", async () => {
    const cache = Forgetful.install();
    const isolate = new Isolate();
    expect(await isolate.get()).toBeUndefined();
    await isolate.put();
    expect(cache.take()).toEqual({ asked: 2, given: 1 });
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
    await isolate.put();
    clock.advanceSeconds(599);
    await isolate.put();
    expect(cache.take()).toEqual({ asked: 1, given: 1 });
    clock.advanceSeconds(1);
    await isolate.put();
    expect(cache.take()).toEqual({ asked: 1, given: 1 });
    clock.advanceSeconds(600);
    vi.restoreAllMocks();
    await isolate.put();
    expect(await isolate.get()).toEqual(BYTES);
  });

  test("and one that fails is not taken for it: what failed is tried with the next block", async () => {
    const cache = Forgetful.install();
    cache.put.mockRejectedValueOnce(new Error("not now"));
    const isolate = new Isolate();
    await isolate.put();
    await isolate.put();
    expect(cache.take()).toEqual({ asked: 1, given: 2 });
  });
});

describe("cache: one that keeps what it is given", () => {
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
