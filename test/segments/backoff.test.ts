import { expect, test } from "vitest";
import { backoffMs } from "../../src/worker/segments/backoff.ts";

test("backoff: a second, doubled with every failure, up to five minutes, and up to a fifth more", () => {
  expect([1, 2, 3, 4, 9, 10, 1000].map((failures) => backoffMs(failures, 0))).toEqual([
    1000, 2000, 4000, 8000, 256_000, 300_000, 300_000,
  ]);
  expect(backoffMs(1, 1)).toBe(1200);
  expect(backoffMs(50, 0.5)).toBe(330_000);
});
