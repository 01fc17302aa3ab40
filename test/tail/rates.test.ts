import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { advanced, counted, meanPerSecond, NO_RATES, RATE_SECONDS, summed } from "../../src/tail/model/rates.ts";
import { sparkline } from "../../src/screen/text/figures.ts";

describe("rates", () => {
  it("are the mean of the last five whole seconds", () => {
    const rates = [0, 1, 2, 3, 4].reduce((all, second) => counted(all, 100_000 + second * 1000, 10, 100), NO_RATES);
    expect(meanPerSecond(rates.messages)).toBe(8);
    expect(meanPerSecond(advanced(rates, 105_000).messages)).toBe(10);
    expect(meanPerSecond(advanced(rates, 105_000).bytes)).toBe(100);
  });

  it("go down as time passes, and what is older than a minute is gone", () => {
    const rates = counted(NO_RATES, 5_000, 7, 70);
    expect(advanced(rates, 64_999).messages).toEqual([7, ...Array.from({ length: RATE_SECONDS - 1 }, () => 0)]);
    expect(advanced(rates, 65_000).messages).toEqual(NO_RATES.messages);
  });

  it("count everything of the last minute once, whenever it came", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3_000), fc.nat(100))), (steps) => {
        let atMs = 0;
        let rates = NO_RATES;
        const arrivals: (readonly [number, number])[] = [];
        for (const [waitMs, count] of steps) {
          atMs += waitMs;
          arrivals.push([atMs, count]);
          rates = counted(rates, atMs, count, 0);
          expect(rates.messages).toHaveLength(RATE_SECONDS);
        }
        const oldest = Math.floor(atMs / 1000) - RATE_SECONDS;
        const recent = arrivals.filter(([at]) => Math.floor(at / 1000) > oldest);
        expect(rates.messages.reduce((a, b) => a + b, 0)).toBe(recent.reduce((sum, [, count]) => sum + count, 0));
      }),
    );
  });

  it("of several streams add up second by second, though one has been silent for a while", () => {
    const both = summed([counted(NO_RATES, 10_000, 3, 0), counted(NO_RATES, 12_000, 4, 0)]);
    expect(both.messages.slice(-3)).toEqual([3, 0, 4]);
  });
});

describe("the sparkline", () => {
  it("has the newest on the right, the tallest at full height, and a base line for nothing", () => {
    expect(sparkline([0, 1, 4, 8], 4)).toBe("▁▂▅█");
    expect(sparkline([0, 0], 2)).toBe("▁▁");
  });

  it("gathers seconds where there are fewer columns", () => {
    expect(sparkline([...NO_RATES.messages.slice(1), 9], 15)).toBe(`${"▁".repeat(14)}█`);
  });
});
