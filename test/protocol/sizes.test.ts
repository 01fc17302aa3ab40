import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeSizes, encodedSizeBytes, encodeSizes } from "../../src/protocol/sizes.ts";
import { bytesOf } from "./arbitraries.ts";

const size = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: 0, max: 2 ** 40 }),
  fc.constantFrom(0, 127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 35, 2 ** 40),
);

test("sizes: any list of two or more comes back as it was", () => {
  fc.assert(
    fc.property(fc.array(size, { minLength: 2, maxLength: 50 }), fc.nat(), (sizes, payloadBytes) => {
      expect(decodeSizes(encodeSizes(sizes), payloadBytes)).toEqual(sizes);
    }),
    { numRuns: 500 },
  );
});

test("sizes: what a list takes can be told from its sizes", () => {
  fc.assert(
    fc.property(fc.array(size, { minLength: 2, maxLength: 20 }), (sizes) => {
      const bytes = sizes.reduce((sum, one) => sum + encodedSizeBytes(one), 0);
      expect(encodeSizes(sizes)).toHaveLength(bytes);
    }),
    { numRuns: 300 },
  );
});

test("sizes: one size is written as nothing, since the payload tells it", () => {
  fc.assert(
    fc.property(size, (only) => {
      expect(encodeSizes([only])).toBeNull();
      expect(decodeSizes(null, only)).toEqual([only]);
    }),
  );
});

test("sizes: an empty list is written as nothing", () => {
  expect(encodeSizes([])).toBeNull();
});

test("sizes: the stored form is LEB128, a byte for each size below 128", () => {
  expect(encodeSizes([0, 127])).toEqual(bytesOf(0, 127));
  expect(encodeSizes([300, 1])).toEqual(bytesOf(0xac, 0x02, 1));
  expect(encodeSizes([2 ** 31, 0])).toEqual(bytesOf(0x80, 0x80, 0x80, 0x80, 0x08, 0));
});
