import fc from "fast-check";
import { expect, test } from "vitest";
import { FIRST_OFFSET, formatOffset, parseOffset, parseOffsetQuery } from "../../src/protocol/offset.ts";

const MAX = Number.MAX_SAFE_INTEGER;
const START = "0000000000000000_0000000000000000";

const position = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(2000),
  fc.constantFrom(0, 1, 9, 10, 999_999_999_999_999, 1_000_000_000_000_000, 2 ** 31, 2 ** 32, MAX - 1, MAX),
);

/** Something like an offset, that may or may not be one. */
const nearly = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.stringMatching(/^[0-9]{14,18}[_-]?[0-9]{14,18}$/),
  fc.stringMatching(/^0{16}_[0-9]{16}$/),
  fc
    .tuple(position, fc.nat(33), fc.constantFrom("", "0", "9", " ", "_", "-", "+", "٣", "x", "\n", "."))
    .map(([at, index, insert]) => formatOffset(at).slice(0, index) + insert + formatOffset(at).slice(index + 1)),
);

test("offset: the start of every stream is all zeros (section 8)", () => {
  expect(FIRST_OFFSET).toBe(START);
  expect(parseOffset(START)).toBe(0);
});

test("offset: every position comes back from its offset", () => {
  fc.assert(
    fc.property(position, (at) => {
      expect(parseOffset(formatOffset(at))).toBe(at);
      expect(parseOffsetQuery(formatOffset(at))).toEqual({ kind: "position", position: at });
    }),
    { numRuns: 500 },
  );
});

test("offset: offsets sort bytewise as their positions do (section 8)", () => {
  fc.assert(
    fc.property(position, position, (left, right) => {
      const order = Buffer.compare(Buffer.from(formatOffset(left)), Buffer.from(formatOffset(right)));
      expect(order).toBe(Math.sign(left - right));
    }),
    { numRuns: 500 },
  );
});

test("offset: what is minted is short, safe in a URL, and never a reserved value (section 8)", () => {
  fc.assert(
    fc.property(position, (at) => {
      const offset = formatOffset(at);
      expect(offset).toMatch(/^[0-9]{16}_[0-9]{16}$/);
      expect(encodeURIComponent(offset)).toBe(offset);
      expect(["-1", "now"]).not.toContain(offset);
    }),
  );
});

test("offset: the sentinels -1 and now are understood in a query and are no positions", () => {
  expect(parseOffsetQuery("-1")).toEqual({ kind: "start" });
  expect(parseOffsetQuery("now")).toEqual({ kind: "now" });
  expect(parseOffset("-1")).toBeUndefined();
  expect(parseOffset("now")).toBeUndefined();
});

test("offset: a string is understood exactly when this server could have minted it", () => {
  fc.assert(
    fc.property(nearly, (text) => {
      const at = parseOffset(text);
      const digits = Number(text.slice(17));
      const isMinted = Number.isSafeInteger(digits) && digits >= 0 && formatOffset(digits) === text;
      expect(at).toBe(isMinted ? digits : undefined);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["nothing", ""],
  ["a bare number", "0"],
  ["another sentinel", "-2"],
  ["a sentinel in capitals", "NOW"],
  ["a sentinel with white space", " now"],
  ["a first group that is not zero", "0000000000000001_0000000000000000"],
  ["fifteen digits", "000000000000000_0000000000000000"],
  ["seventeen digits", "0000000000000000_00000000000000000"],
  ["another separator", "0000000000000000-0000000000000000"],
  ["a line break at the end", `${START}\n`],
  ["white space in front", ` ${START}`],
  ["a minus sign", "0000000000000000_-000000000000001"],
  ["a plus sign", "0000000000000000_+000000000000001"],
  ["hexadecimal digits", "0000000000000000_000000000000000f"],
  ["an exponent", "0000000000000000_00000000000001e3"],
  ["digits of another script", `0000000000000000_${"٠".repeat(16)}`],
  ["2^53", "0000000000000000_9007199254740992"],
  ["a position past 2^53", "0000000000000000_9999999999999999"],
])("offset: %s is refused", (_, text) => {
  expect(parseOffset(text)).toBeUndefined();
  expect(parseOffsetQuery(text)).toBeUndefined();
});
