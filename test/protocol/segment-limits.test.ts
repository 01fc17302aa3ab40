import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  SEGMENT_BYTES_LIMIT,
  SEGMENT_MAX_BYTES_DEFAULT,
  SEGMENT_MAX_MESSAGES_DEFAULT,
  SEGMENT_MESSAGES_LIMIT,
} from "../../src/protocol/limits.ts";
import { parseSegmentLimits } from "../../src/protocol/segment/limits.ts";

const DEFAULTS = { maxMessages: SEGMENT_MAX_MESSAGES_DEFAULT, maxBytes: SEGMENT_MAX_BYTES_DEFAULT };
const VARIABLES = [
  ["SEGMENT_MAX_MESSAGES", "maxMessages", SEGMENT_MESSAGES_LIMIT, SEGMENT_MAX_MESSAGES_DEFAULT],
  ["SEGMENT_MAX_BYTES", "maxBytes", SEGMENT_BYTES_LIMIT, SEGMENT_MAX_BYTES_DEFAULT],
] as const;

/** The variable as a Worker may find it: wrangler hands on any JSON. */
function parse(name: string, value: unknown) {
  return parseSegmentLimits({ [name]: value });
}

const NONSENSE = ["1e3", "-1", "0", "1.5", " 5", "5 ", "5\n", "NaN", "Infinity", "+5", "0x10", "007", "1_000", "1,000"];
const MORE_NONSENSE = ["five", "4 MiB", "４", "٣", "null", "undefined", "-0", "9".repeat(400), " "];
const NO_TEXT = [0, -1, 1.5, 1e21, true, false, null, {}, [], [5], { SEGMENT_MAX_BYTES: "5" }];

test("segment limits: without variables they are 1000 messages and 4 MiB", () => {
  expect(parseSegmentLimits({})).toEqual({ ok: true, value: DEFAULTS });
  expect(DEFAULTS).toEqual({ maxMessages: 1000, maxBytes: 4_194_304 });
});

test("segment limits: each variable sets its own limit", () => {
  const both = { SEGMENT_MAX_MESSAGES: "3", SEGMENT_MAX_BYTES: "1000" };
  expect(parseSegmentLimits(both)).toEqual({ ok: true, value: { maxMessages: 3, maxBytes: 1000 } });
});

describe.each(VARIABLES)("segment limits: %s", (name, field, most, byDefault) => {
  test("segment limits: one that is absent or empty gives the default", () => {
    for (const value of [undefined, ""]) expect(parse(name, value)).toEqual({ ok: true, value: DEFAULTS });
  });

  test("segment limits: every whole number from 1 to the largest is taken, as text or as a number", () => {
    const number = fc.oneof(fc.integer({ min: 1, max: most }), fc.constantFrom(1, 2, most - 1, most));
    fc.assert(
      fc.property(number, (limit) => {
        const expected = { ok: true, value: { ...DEFAULTS, [field]: limit } };
        expect(parse(name, String(limit))).toEqual(expected);
        expect(parse(name, limit)).toEqual(expected);
      }),
    );
  });

  test.each([...NONSENSE, ...MORE_NONSENSE])("segment limits: %j is refused and never a default", (value) => {
    const result = parse(name, value);
    expect(result.ok ? "taken" : result.error.code).toBe("INVALID_VARIABLE");
  });

  test.each(NO_TEXT)("segment limits: the value %j is refused and never a default", (value) => {
    const result = parse(name, value);
    expect(result.ok ? "taken" : result.error.code).toBe("INVALID_VARIABLE");
  });

  test("segment limits: what is larger than the largest is refused", () => {
    for (const value of [String(most + 1), most + 1, "9007199254740993"]) expect(parse(name, value).ok).toBe(false);
  });

  test("segment limits: the error names the variable, the value, and what would do", () => {
    expect(parse(name, "1e3")).toEqual({
      ok: false,
      error: {
        code: "INVALID_VARIABLE",
        message:
          `The Worker's variable ${name} is "1e3"; it must be a whole number from 1 to ${most} ` +
          `in plain digits, or be left out for ${byDefault}.`,
      },
    });
  });

  test("segment limits: the error shows a value that is no text as JSON", () => {
    const result = parse(name, { a: [1] });
    expect(result.ok ? "" : result.error.message).toContain(JSON.stringify('{"a":[1]}'));
  });

  test("segment limits: no text at all makes anything but a limit or an error", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        const result = parse(name, value);
        const isDigits = /^[1-9][0-9]{0,5}$/.test(value);
        expect(result.ok).toBe(isDigits ? Number(value) <= most : value === "");
      }),
    );
  });
});

test("segment limits: a wrong one is refused also when the other is right", () => {
  for (const [right, wrong] of [
    ["SEGMENT_MAX_MESSAGES", "SEGMENT_MAX_BYTES"],
    ["SEGMENT_MAX_BYTES", "SEGMENT_MAX_MESSAGES"],
  ] as const) {
    const result = parseSegmentLimits({ [right]: "5", [wrong]: "x" });
    expect(result.ok ? "" : result.error.message).toContain(`${wrong} is "x"`);
  }
});
