import fc from "fast-check";
import { expect, test } from "vitest";
import { countNumbers, decodeNumbers, encodedNumberBytes, encodeNumbers } from "../../src/protocol/numbers.ts";
import { bytesOf, concat } from "./arbitraries.ts";

const EDGES = [0, 1, 127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 49 - 1, 2 ** 49];
const number = fc.oneof(
  fc.nat(300),
  fc.nat(),
  fc.maxSafeInteger().map(Math.abs),
  fc.constantFrom(...EDGES, 2 ** 53 - 1),
);
const numbers = fc.array(number, { maxLength: 50 });

test("numbers: any list comes back as it was", () => {
  fc.assert(
    fc.property(numbers, (list) => {
      expect(decodeNumbers(encodeNumbers(list))).toEqual(list);
    }),
    { numRuns: 500 },
  );
});

test.each<[number, number[]]>([
  [0, [0]],
  [127, [0x7f]],
  [128, [0x80, 0x01]],
  [300, [0xac, 0x02]],
  [16_383, [0xff, 0x7f]],
  [16_384, [0x80, 0x80, 0x01]],
  [2 ** 31, [0x80, 0x80, 0x80, 0x80, 0x08]],
  [2 ** 32 - 1, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  [2 ** 53 - 1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]],
])("numbers: %d is written as LEB128 has it", (value, bytes) => {
  expect(encodeNumbers([value])).toEqual(bytesOf(...bytes));
  expect(decodeNumbers(bytesOf(...bytes))).toEqual([value]);
});

test("numbers: they are written as BigInt arithmetic would write them", () => {
  fc.assert(
    fc.property(number, (value) => {
      const bytes: number[] = [];
      let rest = BigInt(value);
      do {
        bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
        rest >>= 7n;
      } while (rest > 0n);
      expect(encodeNumbers([value])).toEqual(bytesOf(...bytes));
    }),
    { numRuns: 500 },
  );
});

test("numbers: what a number takes can be told without writing it", () => {
  fc.assert(
    fc.property(number, (value) => {
      expect(encodedNumberBytes(value)).toBe(encodeNumbers([value]).byteLength);
    }),
  );
});

test("numbers: how many there are can be told without reading them", () => {
  fc.assert(
    fc.property(numbers, fc.uint8Array({ maxLength: 30 }), (list, bytes) => {
      expect(countNumbers(encodeNumbers(list))).toBe(list.length);
      expect(countNumbers(bytes)).toBe(decodeNumbers(bytes).length);
    }),
  );
});

test("numbers: one list after another is both of them", () => {
  fc.assert(
    fc.property(numbers, numbers, (left, right) => {
      expect(concat([encodeNumbers(left), encodeNumbers(right)])).toEqual(encodeNumbers([...left, ...right]));
    }),
  );
});

test("numbers: one that breaks off at the end is left out", () => {
  expect(decodeNumbers(bytesOf(5, 0x80))).toEqual([5]);
  expect(decodeNumbers(bytesOf(0xff, 0xff))).toEqual([]);
  expect(decodeNumbers(bytesOf())).toEqual([]);
});
