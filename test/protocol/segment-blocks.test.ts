import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { SEGMENT_BLOCK_BYTES } from "../../src/protocol/limits.ts";
import { blockChecksums, CHECKSUM_BYTES, coveringBlocks, isSameBytes } from "../../src/protocol/segment/blocks.ts";
import { bytesOf, concat } from "./arbitraries.ts";

const B = SEGMENT_BLOCK_BYTES;

test.each([
  [0, 1, 0, 1],
  [0, B - 1, 0, 1],
  [0, B, 0, 1],
  [0, B + 1, 0, 2],
  [B - 1, B, 0, 1],
  [B - 1, B + 1, 0, 2],
  [B, B + 1, 1, 2],
  [B, 2 * B, 1, 2],
  [B + 1, 2 * B + 1, 1, 3],
  [5 * B, 5 * B + 1, 5, 6],
])("segment blocks: bytes %d to %d lie in the blocks %d to %d", (from, to, first, end) => {
  expect(coveringBlocks(from, to)).toEqual({ first, end });
});

test("segment blocks: no bytes at a boundary lie in no block", () => {
  for (const at of [0, B, 7 * B]) {
    const { first, end } = coveringBlocks(at, at);
    expect(end - first).toBe(0);
  }
});

test("segment blocks: the blocks of a stretch hold all of it, and none could be left out", () => {
  const place = fc.oneof(
    fc.nat(20 * B),
    fc.tuple(fc.nat(20), fc.integer({ min: -2, max: 2 })).map(([block, off]) => Math.max(0, block * B + off)),
    fc
      .maxSafeInteger()
      .map((number) => Math.abs(number) - 20 * B)
      .filter((number) => number >= 0),
  );
  fc.assert(
    fc.property(
      place,
      fc.oneof(fc.integer({ min: 1, max: 3 * B }), fc.constantFrom(1, B - 1, B, B + 1)),
      (from, length) => {
        const to = from + length;
        const { first, end } = coveringBlocks(from, to);
        expect(first * B <= from && from < (first + 1) * B).toBe(true);
        expect((end - 1) * B < to && to <= end * B).toBe(true);
      },
    ),
    { numRuns: 1000 },
  );
});

test("segment blocks: every block has its SHA-256, the shorter last one too", async () => {
  for (const length of [0, 1, B - 1, B, B + 1, 2 * B, 2 * B + 5]) {
    const payload = new Uint8Array(length).map((_, i) => i % 251);
    const blocks = Array.from({ length: Math.ceil(length / B) }, (_, i) => payload.subarray(i * B, (i + 1) * B));
    const expected = concat(blocks.map((block) => createHash("sha256").update(block).digest()));
    const checksums = await blockChecksums(payload);
    expect(checksums).toEqual(expected);
    expect(checksums).toHaveLength(Math.ceil(length / B) * CHECKSUM_BYTES);
  }
});

test("segment blocks: bytes are the same when all of them are", () => {
  expect(isSameBytes(bytesOf(), bytesOf())).toBe(true);
  expect(isSameBytes(bytesOf(1, 2), bytesOf(1, 2))).toBe(true);
  expect(isSameBytes(bytesOf(1, 2), bytesOf(1, 3))).toBe(false);
  expect(isSameBytes(bytesOf(1, 2), bytesOf(1))).toBe(false);
  expect(isSameBytes(bytesOf(1), bytesOf(1, 2))).toBe(false);
});
