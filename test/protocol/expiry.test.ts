import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  accessGranularityMs,
  deadlineMs,
  NEVER,
  parseExpiry,
  sameExpiry,
  type Expiry,
} from "../../src/protocol/expiry.ts";
import { TTL_MAX_SECONDS } from "../../src/protocol/limits.ts";

const NOON = "2030-01-31T12:00:00Z";
const NOON_MS = Date.UTC(2030, 0, 31, 12);

describe("expiry: Stream-TTL (section 5.1)", () => {
  test("expiry: without headers a stream never ends", () => {
    expect(parseExpiry(null, null)).toEqual({ ok: true, value: NEVER });
  });

  test("expiry: any whole number of seconds in plain decimal is read", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: TTL_MAX_SECONDS }), (ttlSeconds) => {
        expect(parseExpiry(String(ttlSeconds), null)).toEqual({ ok: true, value: { kind: "ttl", ttlSeconds } });
      }),
    );
  });

  test.each([
    "+3600",
    "03600",
    "3600.0",
    "3.6e3",
    "-1",
    "-0",
    "00",
    "",
    " ",
    " 60",
    "60 ",
    "60s",
    "0x10",
    "1_000",
    "1,000",
    "٦٠",
    "abc",
    "NaN",
    "Infinity",
    "60\n",
  ])("expiry: the TTL %j is refused", (ttl) => {
    expect(parseExpiry(ttl, null)).toMatchObject({ ok: false, error: { code: "INVALID_TTL" } });
  });

  test("expiry: the TTL may be as long as the limit, and not longer", () => {
    expect(parseExpiry(String(TTL_MAX_SECONDS), null).ok).toBe(true);
    for (const ttl of [String(TTL_MAX_SECONDS + 1), "9".repeat(400)]) {
      expect(parseExpiry(ttl, null)).toMatchObject({ ok: false, error: { code: "INVALID_TTL" } });
    }
  });

  test("expiry: a TTL together with an instant is refused, whatever they say", () => {
    for (const [ttl, at] of [
      ["60", NOON],
      ["x", "y"],
      ["", ""],
    ] as const) {
      expect(parseExpiry(ttl, at)).toMatchObject({ ok: false, error: { code: "TTL_AND_EXPIRES_AT" } });
    }
  });
});

describe("expiry: Stream-Expires-At (section 5.1)", () => {
  test.each([
    [NOON, NOON_MS],
    ["2030-01-31t12:00:00z", NOON_MS],
    ["2030-01-31T13:30:00+01:30", NOON_MS],
    ["2030-01-31T04:00:00-08:00", NOON_MS],
    ["2030-01-31T12:00:00-00:00", NOON_MS],
    ["2030-01-31T12:00:00.5Z", NOON_MS + 500],
    ["2030-01-31T12:00:00.123456789Z", NOON_MS + 123],
    ["2028-02-29T00:00:00Z", Date.UTC(2028, 1, 29)],
    ["1999-12-31T23:59:59Z", Date.UTC(1999, 11, 31, 23, 59, 59)],
  ])("expiry: %s is read, and kept as it was written", (expiresAt, expiresAtMs) => {
    expect(parseExpiry(null, expiresAt)).toEqual({ ok: true, value: { kind: "at", expiresAt, expiresAtMs } });
  });

  test("expiry: every instant from the year 0 to 9999 comes back from its RFC 3339 form", () => {
    const instant = fc.date({
      min: new Date("0000-01-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(instant, (date) => {
        const expiresAt = date.toISOString();
        expect(parseExpiry(null, expiresAt)).toEqual({
          ok: true,
          value: { kind: "at", expiresAt, expiresAtMs: date.getTime() },
        });
      }),
    );
  });

  test.each([
    ["nothing", ""],
    ["a word", "tomorrow"],
    ["a Unix time", "1900000000"],
    ["a date alone", "2030-01-31"],
    ["no zone", "2030-01-31T12:00:00"],
    ["no seconds", "2030-01-31T12:00Z"],
    ["a space in the place of T", "2030-01-31 12:00:00Z"],
    ["a zone without a colon", "2030-01-31T12:00:00+0100"],
    ["a zone by name", "2030-01-31T12:00:00 GMT"],
    ["an HTTP date", "Thu, 31 Jan 2030 12:00:00 GMT"],
    ["a fraction of ten digits", "2030-01-31T12:00:00.1234567890Z"],
    ["a dot without digits", "2030-01-31T12:00:00.Z"],
    ["white space around it", ` ${NOON} `],
    ["a line break at the end", `${NOON}\n`],
    ["a year of six digits", "+002030-01-31T12:00:00Z"],
    ["month 13", "2030-13-01T12:00:00Z"],
    ["month 0", "2030-00-01T12:00:00Z"],
    ["day 0", "2030-01-00T12:00:00Z"],
    ["day 32", "2030-01-32T12:00:00Z"],
    ["February 30", "2030-02-30T12:00:00Z"],
    ["February 29 of a year without one", "2030-02-29T12:00:00Z"],
    ["April 31", "2030-04-31T12:00:00Z"],
    ["hour 24", "2030-01-31T24:00:00Z"],
    ["minute 60", "2030-01-31T12:60:00Z"],
    ["second 61", "2030-01-31T12:00:61Z"],
    ["a zone of 24 hours", "2030-01-31T12:00:00+24:00"],
    ["a zone of 60 minutes", "2030-01-31T12:00:00+01:60"],
  ])("expiry: %s is refused", (_, expiresAt) => {
    expect(parseExpiry(null, expiresAt)).toMatchObject({ ok: false, error: { code: "INVALID_EXPIRES_AT" } });
  });
});

describe("expiry: deadlines", () => {
  const instant: Expiry = { kind: "at", expiresAt: NOON, expiresAtMs: NOON_MS };

  test("expiry: a window begins anew at every access, an instant stays, and never is never", () => {
    expect(deadlineMs({ kind: "ttl", ttlSeconds: 60 }, 1000)).toBe(61_000);
    expect(deadlineMs({ kind: "ttl", ttlSeconds: 60 }, 5000)).toBe(65_000);
    expect(deadlineMs({ kind: "ttl", ttlSeconds: 0 }, 1000)).toBe(1000);
    expect(deadlineMs(instant, 0)).toBe(NOON_MS);
    expect(deadlineMs(instant, NOON_MS + 1)).toBe(NOON_MS);
    expect(deadlineMs(NEVER, 1000)).toBeUndefined();
  });

  test("expiry: two ends are the same when their kind and time are, however they were written", () => {
    const inAnotherZone: Expiry = { ...instant, expiresAt: "2030-01-31T13:00:00+01:00" };
    const ends: readonly Expiry[] = [
      NEVER,
      { kind: "ttl", ttlSeconds: 60 },
      { kind: "ttl", ttlSeconds: 61 },
      instant,
      { ...instant, expiresAtMs: NOON_MS + 1 },
    ];
    expect(sameExpiry(instant, inAnotherZone)).toBe(true);
    for (const [i, left] of ends.entries()) {
      for (const [j, right] of ends.entries()) expect(sameExpiry(left, right)).toBe(i === j);
    }
  });

  test("expiry: accesses are written down once in a tenth of the window, and at most once a second", () => {
    expect(accessGranularityMs({ kind: "ttl", ttlSeconds: 600 })).toBe(60_000);
    expect(accessGranularityMs({ kind: "ttl", ttlSeconds: 10 })).toBe(1000);
    expect(accessGranularityMs({ kind: "ttl", ttlSeconds: 0 })).toBe(1000);
    expect(accessGranularityMs(NEVER)).toBe(0);
    expect(accessGranularityMs(instant)).toBe(0);
  });

  test("expiry: however accesses fall, what is written down never ends a stream early, nor late by more than the granularity", () => {
    const ttlSeconds = fc.integer({ min: 0, max: 100_000 });
    const gaps = fc.array(fc.integer({ min: 0, max: 20_000_000 }), { maxLength: 20 });
    fc.assert(
      fc.property(ttlSeconds, gaps, (seconds, gapsMs) => {
        const window: Expiry = { kind: "ttl", ttlSeconds: seconds };
        const granularity = accessGranularityMs(window);
        let nowMs = 1_000_000;
        let writtenMs = nowMs;
        for (const gap of gapsMs) {
          nowMs += gap;
          if (nowMs - writtenMs >= granularity) writtenMs = nowMs;
        }
        const truth = deadlineMs(window, nowMs) ?? Number.NaN;
        const afterEviction = deadlineMs(window, writtenMs + granularity) ?? Number.NaN;
        expect(afterEviction).toBeGreaterThanOrEqual(truth);
        expect(afterEviction).toBeLessThanOrEqual(truth + granularity);
      }),
    );
  });
});
