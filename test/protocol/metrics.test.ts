import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bucketEndMs,
  bucketOf,
  quantileMs,
  streamHash,
  toDataPoint,
  type OperationPoint,
} from "../../src/protocol/metrics.ts";

const POINT: OperationPoint = {
  project: "shop",
  operation: "append",
  status: 204,
  code: "",
  bytesIn: 12,
  bytesOut: 0,
  durationMs: 1.5,
  cache: "none",
  stream: streamHash("shop/orders"),
  version: "1.2.3",
};

describe("metrics: a data point", () => {
  test("its columns stand in the documented order", () => {
    expect(toDataPoint(POINT)).toEqual({
      indexes: ["shop"],
      blobs: ["append", "", "none", streamHash("shop/orders"), "1.2.3"],
      doubles: [204, 12, 0, 1.5],
    });
  });

  test("a stream's hash has 16 digits, is the same each time, and does not name the stream", () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(streamHash(name)).toMatch(/^[0-9a-f]{16}$/);
        expect(streamHash(name)).toBe(streamHash(name));
      }),
    );
  });

  test("ten thousand streams have ten thousand hashes", () => {
    const hashes = new Set(Array.from({ length: 10_000 }, (_, i) => streamHash(`shop/orders/${String(i)}`)));
    expect(hashes.size).toBe(10_000);
  });
});

describe("metrics: quantiles", () => {
  test("every duration lies in its bucket", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (durationMs) => {
        const bucket = bucketOf(durationMs);
        expect(durationMs).toBeLessThanOrEqual(bucketEndMs(bucket) * (1 + 1e-9));
        if (bucket > 0) expect(durationMs).toBeGreaterThan(bucketEndMs(bucket - 1) * (1 - 1e-9));
      }),
    );
  });

  test("a quantile is what a sorted list has there, or up to a fifth more", () => {
    const durations = fc.array(fc.double({ min: 0.1, max: 1e5, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(durations, fc.constantFrom(0.5, 0.9, 0.99, 1), (list, share) => {
        const buckets = new Map<number, number>();
        for (const ms of list) buckets.set(bucketOf(ms), (buckets.get(bucketOf(ms)) ?? 0) + 1);
        const sorted = list.toSorted((left, right) => left - right);
        const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
        const estimate = quantileMs(buckets, share);
        expect(estimate).toBeGreaterThanOrEqual(exact * (1 - 1e-9));
        expect(estimate).toBeLessThanOrEqual(exact * 1.2 * (1 + 1e-9));
      }),
    );
  });

  test("of nothing there is none", () => {
    expect(quantileMs(new Map(), 0.5)).toBe(0);
  });
});
