import { describe, expect, it } from "vitest";
import { Backoff } from "../../src/client/backoff.ts";

describe("backoff", () => {
  it("doubles up to its cap, between half of the bound and the bound", () => {
    const longest = new Backoff({ firstMs: 100, maxMs: 1_000, random: () => 1 });
    expect([1, 2, 3, 4, 5, 6].map(() => longest.next())).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    const shortest = new Backoff({ firstMs: 100, maxMs: 1_000, random: () => 0 });
    expect([1, 2, 3].map(() => shortest.next())).toEqual([50, 100, 200]);
  });

  it("starts over after a success", () => {
    const backoff = new Backoff({ firstMs: 100, random: () => 1 });
    backoff.next();
    backoff.next();
    backoff.reset();
    expect(backoff.next()).toBe(100);
  });

  it("waits as long as the server asks, but not longer than a minute", () => {
    const backoff = new Backoff({ firstMs: 100, random: () => 1 });
    expect(backoff.next(3_000)).toBe(3_000);
    expect(backoff.next(3_600_000)).toBe(60_000);
  });
});
