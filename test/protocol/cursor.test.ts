import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextCursor } from "../../src/protocol/cursor.ts";

const EPOCH_MS = Date.UTC(2024, 9, 9);
const INTERVAL_MS = 20_000;
/** The jitter of at most 3,600 seconds, in intervals. */
const MAX_STEP = 180n;

const time = fc.integer({ min: EPOCH_MS, max: EPOCH_MS + 100 * 365 * 86_400_000 });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const anyCursor = fc.oneof(fc.nat(20_000_000), fc.maxSafeNat(), fc.bigInt({ min: 0n, max: 10n ** 31n })).map(String);

describe("cursor: the interval that time is in (section 10.1)", () => {
  test("cursor: without one of its own a client gets the number of 20-second intervals since October 9, 2024", () => {
    expect(nextCursor(EPOCH_MS, null, 0)).toBe("0");
    expect(nextCursor(EPOCH_MS + INTERVAL_MS - 1, null, 0.9)).toBe("0");
    expect(nextCursor(EPOCH_MS + INTERVAL_MS, null, 0)).toBe("1");
    expect(nextCursor(EPOCH_MS + 1000 * INTERVAL_MS, null, 0.5)).toBe("1000");
  });

  test("cursor: a client behind the current interval is brought up to it, without jitter", () => {
    for (const client of ["999", "0", "0001"]) {
      expect(nextCursor(EPOCH_MS + 1000 * INTERVAL_MS, client, 0.5)).toBe("1000");
    }
  });

  test.each(["", "abc", "-5", "+5", "1.5", "1e9", " 1001", "1001 ", "0x10", "1001\n", "٣", "9".repeat(33)])(
    "cursor: %j is no cursor and counts as none",
    (client) => {
      expect(nextCursor(EPOCH_MS + 1000 * INTERVAL_MS, client, 0.5)).toBe("1000");
    },
  );
});

describe("cursor: it never goes back (section 10.1)", () => {
  test("cursor: a client at or ahead of the current interval gets a greater one, by 1 to 3,600 seconds of jitter", () => {
    fc.assert(
      fc.property(time, anyCursor, random, (nowMs, client, chance) => {
        const current = BigInt(nextCursor(nowMs, null, 0));
        fc.pre(BigInt(client) >= current);
        const step = BigInt(nextCursor(nowMs, client, chance)) - BigInt(client);
        expect(step >= 1n && step <= MAX_STEP).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("cursor: the jitter reaches from one interval to an hour", () => {
    const nowMs = EPOCH_MS + 1000 * INTERVAL_MS;
    expect(nextCursor(nowMs, "1000", 0)).toBe("1001");
    expect(nextCursor(nowMs, "1000", 0.999_999)).toBe("1180");
  });

  test("cursor: a client that echoes what it was given sees it grow with every answer, however little time passes", () => {
    const steps = fc.array(fc.tuple(fc.nat(60_000), random), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(time, fc.option(anyCursor), steps, (startMs, first, rest) => {
        let nowMs = startMs;
        let cursor = nextCursor(nowMs, first, 0);
        for (const [passedMs, chance] of rest) {
          nowMs += passedMs;
          const following = nextCursor(nowMs, cursor, chance);
          expect(BigInt(following) > BigInt(cursor)).toBe(true);
          cursor = following;
        }
      }),
    );
  });

  test("cursor: numbers past 2^53 go on, up to 32 digits", () => {
    for (const client of ["999999999999999", "9007199254740991", "9007199254740992", "9".repeat(32)]) {
      expect(BigInt(nextCursor(EPOCH_MS, client, 0))).toBe(BigInt(client) + 1n);
    }
  });
});
