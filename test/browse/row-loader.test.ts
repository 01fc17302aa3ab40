import fc from "fast-check";
import { expect, it } from "vitest";
import { pageWith } from "../../src/browse/inspect/row-loader.ts";
import type { SegmentPage, SegmentRow } from "../../src/client/operator-types.ts";
import { forkOf, INCARNATION, mapOf, rowsOf } from "./support/inspect-view.ts";

/** A manifest that answers as the server does, and counts how often it is asked. */
function manifest(rows: readonly SegmentRow[], incarnation = INCARNATION) {
  const asked: string[] = [];
  return {
    asked,
    async segmentPage(_stream: string, { from = "", limit = 1_000 } = {}): Promise<SegmentPage> {
      asked.push(from);
      const first = rows.findIndex(({ end }) => end > from);
      const segments = first < 0 ? [] : rows.slice(first, first + limit);
      return { incarnation, segments, next: null };
    },
  };
}

const signal = AbortSignal.timeout(60_000);

it("row loader: a segment of 20,000 is found by a request or two, where they are alike", async () => {
  const rows = rowsOf(Array.from({ length: 20_000 }, () => 100));
  for (const number of [0, 1, 777, 10_000, 19_998, 19_999]) {
    const operator = manifest(rows);
    const page = await pageWith(operator, "s", mapOf(rows), number, signal);
    expect(page?.segments.some((row) => row.number === number)).toBe(true);
    expect(operator.asked.length).toBeLessThanOrEqual(2);
  }
});

it("row loader: every segment is found, however different they are, of a fork too", async () => {
  const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 1_000_000 })), {
    minLength: 1,
    maxLength: 900,
  });
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(), fc.nat({ max: 500 }), async (all, pick, start) => {
      const rows = rowsOf(all, start);
      const map = mapOf(rows, start === 0 ? {} : { fork: forkOf(start) });
      const number = pick % rows.length;
      const page = await pageWith(manifest(rows), "s", map, number, signal);
      expect(page?.segments.some((row) => row.number === number)).toBe(true);
    }),
  );
});

it("row loader: small segments before large ones are found, and large ones before small ones", async () => {
  const small = Array.from({ length: 1_000 }, () => 1);
  const large = Array.from({ length: 1_000 }, () => 1_000_000);
  for (const rows of [rowsOf([...small, ...large]), rowsOf([...large, ...small])]) {
    for (const number of [500, 999, 1_000, 1_500]) {
      const page = await pageWith(manifest(rows), "s", mapOf(rows), number, signal);
      expect(page?.segments.some((row) => row.number === number)).toBe(true);
    }
  }
});

it("row loader: one that is not there, and a stream that was replaced, are nothing", async () => {
  const rows = rowsOf([5, 5]);
  expect(await pageWith(manifest(rows), "s", mapOf(rows), 7, signal)).toBeUndefined();
  expect(await pageWith(manifest([]), "s", mapOf(rows), 1, signal)).toBeUndefined();
  expect(await pageWith(manifest(rows, "another"), "s", mapOf(rows), 1, signal)).toBeUndefined();
});
