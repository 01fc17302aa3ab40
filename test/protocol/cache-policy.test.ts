import { describe, expect, test } from "vitest";
import { NO_STORE, readCacheControl, SSE_CACHE_CONTROL } from "../../src/protocol/cache-policy.ts";

describe("cache: reads (sections 10.1 and 12.7)", () => {
  test("cache: messages of a stream that never ends are shared as the specification says", () => {
    expect(readCacheControl({ sharing: "open", hasMessages: true, remainingMs: undefined })).toBe(
      "public, max-age=60, stale-while-revalidate=300",
    );
  });

  test.each([undefined, 0, 5000, 1_000_000])(
    "cache: an answer without messages is never kept (%s ms left)",
    (remainingMs) => {
      expect(readCacheControl({ sharing: "open", hasMessages: false, remainingMs })).toBe("no-store");
    },
  );

  test.each([
    [3_600_000, "public, max-age=60"],
    [60_000, "public, max-age=60"],
    [59_999, "public, max-age=59"],
    [1999, "public, max-age=1"],
    [1000, "public, max-age=1"],
    [999, "no-store"],
    [0, "no-store"],
    [-5000, "no-store"],
  ])(
    "cache: with %i ms to live, messages are kept no longer than that, and never served stale",
    (remainingMs, value) => {
      expect(readCacheControl({ sharing: "open", hasMessages: true, remainingMs })).toBe(value);
    },
  );

  test.each([undefined, 0, 60_000])(
    "cache: what an authorisation let through is kept by nobody (%s ms left)",
    (remainingMs) => {
      for (const hasMessages of [true, false]) {
        expect(readCacheControl({ sharing: "private", hasMessages, remainingMs })).toBe("private, no-store");
      }
    },
  );

  test.each([undefined, 0, 60_000])(
    "cache: a public stream among private ones may be kept, and is asked about each time (%s ms left)",
    (remainingMs) => {
      expect(readCacheControl({ sharing: "public", hasMessages: true, remainingMs })).toBe("public, no-cache");
      expect(readCacheControl({ sharing: "public", hasMessages: false, remainingMs })).toBe("no-store");
    },
  );

  test("cache: live events and reports are not stored", () => {
    expect(NO_STORE).toBe("no-store");
    expect(SSE_CACHE_CONTROL.split(", ")).toContain("no-store");
  });
});
