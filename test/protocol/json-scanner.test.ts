import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scanJson, type JsonScan } from "../../src/protocol/json-scanner.ts";
import { bytesOf, concat, jsonText, textOf, utf8 } from "./arbitraries.ts";

const NO_LIMIT = Number.POSITIVE_INFINITY;
const DEPTH = 100_000;

function scan(text: string): JsonScan {
  return scanJson(utf8(text), NO_LIMIT);
}

/** What the scanner must agree with: the platform's own decoder and parser. */
function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(textOf(bytes));
    return true;
  } catch {
    return false;
  }
}

function expectSameVerdict(bytes: Uint8Array): void {
  expect(scanJson(bytes, NO_LIMIT).kind !== "invalid").toBe(isJson(bytes));
}

/** Characters that JSON gives a meaning to, and some that only look as if it did. */
const suspects = fc.constantFrom(
  ...Array.from("{}[],:\"\\/ \t\n\r0123456789-+.eEtruefalsnxX'\u0000\u001f\u007f\u000b\u00a0\u2028\ufeff"),
);

const change = fc.record({
  at: fc.nat(),
  how: fc.constantFrom("insert", "delete", "replace"),
  with: fc.oneof({ weight: 4, arbitrary: suspects }, fc.string({ unit: "binary", minLength: 1, maxLength: 1 })),
});

function applyChange<T>(list: readonly T[], { at, how }: { at: number; how: string }, item: T): T[] {
  const index = at % (list.length + 1);
  return list.toSpliced(index, how === "insert" ? 0 : 1, ...(how === "delete" ? [] : [item]));
}

describe("json: the scanner accepts what JSON.parse accepts (section 9.1.4)", () => {
  test("json: every JSON text is accepted", () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        expect(scan(text).kind).not.toBe("invalid");
      }),
      { numRuns: 500 },
    );
  });

  test("json: a text that was changed gets the verdict that JSON.parse gives it", () => {
    fc.assert(
      fc.property(jsonText, fc.array(change, { minLength: 1, maxLength: 3 }), (text, changes) => {
        const changed = changes.reduce((list, one) => applyChange(list, one, one.with), Array.from(text)).join("");
        expectSameVerdict(utf8(changed));
      }),
      { numRuns: 3000 },
    );
  });

  test("json: a text cut short gets the verdict that JSON.parse gives it", () => {
    fc.assert(
      fc.property(jsonText, fc.nat(), (text, cut) => {
        const bytes = utf8(text);
        expectSameVerdict(bytes.subarray(0, cut % (bytes.byteLength + 1)));
      }),
      { numRuns: 500 },
    );
  });

  test("json: bytes that are not UTF-8 are refused wherever they stand", () => {
    fc.assert(
      fc.property(jsonText, change, fc.integer({ min: 0x80, max: 0xff }), (text, one, byte) => {
        expectSameVerdict(Uint8Array.from(applyChange([...utf8(text)], one, byte)));
      }),
      { numRuns: 1000 },
    );
  });

  test("json: strings of suspects get the verdict that JSON.parse gives them", () => {
    fc.assert(
      fc.property(fc.array(suspects, { maxLength: 6 }), (pieces) => {
        expectSameVerdict(utf8(pieces.join("")));
      }),
      { numRuns: 3000 },
    );
  });

  test("json: every character gets the verdict that JSON.parse gives it, in every place that looks at one", () => {
    const places = [
      "?",
      "[1?2]",
      "1?",
      "-?",
      "1.?",
      "1e?",
      "1?5",
      "tru?",
      '"?"',
      '"\\?"',
      '"\\u000?"',
      '"\\u?000"',
      '{"a"?1}',
      '{?"a":1}',
    ];
    const wrong = places.flatMap((place) =>
      Array.from({ length: 0x100 }, (_, code) => utf8(place.replace("?", () => String.fromCharCode(code))))
        .filter((bytes) => (scanJson(bytes, NO_LIMIT).kind !== "invalid") !== isJson(bytes))
        .map((bytes) => JSON.stringify(textOf(bytes))),
    );
    expect(wrong).toEqual([]);
  });

  test.each([
    ["an empty text", ""],
    ["white space alone", " \n\t\r"],
    ["a byte order mark", "\ufeff1"],
    ["a byte order mark inside", "[\ufeff1]"],
    ["white space that is not JSON's", "\u00a01"],
    ["a vertical tab", "\u000b1"],
    ["two values", "1 2"],
    ["a comma after the last element", "[1,]"],
    ["a comma after the last member", '{"a":1,}'],
    ["a comma before the first element", "[,1]"],
    ["a name without quotes", "{a:1}"],
    ["a name in single quotes", "{'a':1}"],
    ["a member without a value", '{"a"}'],
    ["a leading zero", "01"],
    ["a leading plus", "+1"],
    ["a number that ends in a dot", "1."],
    ["a number that begins with a dot", ".5"],
    ["an exponent without digits", "1e"],
    ["a minus alone", "-"],
    ["NaN", "NaN"],
    ["Infinity", "-Infinity"],
    ["a literal cut short", "tru"],
    ["a literal that goes on", "nullx"],
    ["a raw tab in a string", '"\t"'],
    ["a raw line break in a string", '"\n"'],
    ["a raw NUL in a string", '"\u0000"'],
    ["an unknown escape", '"\\x41"'],
    ["an escape of three digits", '"\\u12"'],
    ["a string that is not closed", '"abc'],
    ["a backslash at the end", '"abc\\'],
    ["an array closed as an object", "[1}"],
    ["an object closed as an array", '{"a":1]'],
    ["a comment", "/* */1"],
    ["a closing bracket too many", "[]]"],
  ])("json: %s is refused", (_, text) => {
    expect(isJson(utf8(text))).toBe(false);
    expect(scan(text).kind).toBe("invalid");
  });

  test.each([
    ["a surrogate as UTF-8", bytesOf(0x22, 0xed, 0xa0, 0x80, 0x22)],
    ["an overlong form", bytesOf(0x22, 0xc0, 0xaf, 0x22)],
    ["a character cut short", bytesOf(0x22, 0xe2, 0x82, 0x22)],
    ["a character cut short by the end", bytesOf(0x22, 0xe2, 0x82)],
  ])("json: %s is refused", (_, bytes) => {
    expect(scanJson(bytes, NO_LIMIT).kind).toBe("invalid");
  });

  test("json: a character may lie across any border of a long text", () => {
    for (const shift of [0, 1, 2, 3, 4]) {
      const text = `"${"x".repeat(65_530 + shift)}€😀${"é".repeat(40_000)}"`;
      expect(scan(text)).toEqual({ kind: "value", span: { start: 0, end: utf8(text).byteLength } });
    }
  });

  test("json: bytes that are not UTF-8 are found far inside a long text, and about where they are", () => {
    const bytes = utf8(`"${"x".repeat(300_000)}"`);
    bytes[150_000] = 0xff;
    const result = scanJson(bytes, NO_LIMIT);
    if (result.kind !== "invalid") throw new Error("accepted");
    expect(result.at).toBeLessThanOrEqual(150_000);
    expect(result.at).toBeGreaterThan(50_000);
    expect(result.problem).toContain("UTF-8");
  });

  test("json: an error points into the text, or at its end", () => {
    fc.assert(
      fc.property(
        fc.array(suspects, { maxLength: 8 }),
        fc.option(fc.integer({ min: 0x80, max: 0xff })),
        (pieces, byte) => {
          const bytes = concat([utf8(pieces.join("")), bytesOf(...(byte === null ? [] : [byte]))]);
          const result = scanJson(bytes, NO_LIMIT);
          if (result.kind !== "invalid") return;
          expect(result.at).toBeGreaterThanOrEqual(0);
          expect(result.at).toBeLessThanOrEqual(bytes.byteLength);
        },
      ),
    );
  });

  test.each([
    ['{"a":1,"b":x}', 11, 'a JSON value was expected, not "x"'],
    ['["é", }', 7, "a JSON value was expected"],
    ["[1", 2, "not the end of the text"],
    ["[1 2]", 3, '"," or "]" was expected, not "2"'],
    ['{"a":1]', 6, '"," or "}" was expected'],
    ["{a:1}", 1, "a property name in double quotes was expected"],
    ['{"a" 1}', 5, '":" was expected'],
    ['"abc', 4, "the closing double quote was expected"],
    ['"a\nb"', 2, "a control character inside a string must be escaped"],
    ['"\\x"', 2, "was expected"],
    ['"\\u12g4"', 5, "a hexadecimal digit was expected"],
    ["1.x", 2, "a digit was expected"],
    ["trve", 2, '"true" was expected'],
    ["1 2", 2, 'the end of the text was expected, not "2"'],
    ["\ufeff1", 0, "not a byte order mark"],
  ])("json: what is wrong with %s is at byte %i: %s", (text, at, problem) => {
    expect(scan(text)).toEqual({ kind: "invalid", at, problem: expect.stringContaining(problem) as string });
  });
});

describe("json: nesting", () => {
  test("json: 100,000 levels of arrays are accepted, and one bracket less is not", () => {
    expect(scan("[".repeat(DEPTH) + "]".repeat(DEPTH)).kind).toBe("array");
    expect(scan("[".repeat(DEPTH) + "]".repeat(DEPTH - 1)).kind).toBe("invalid");
  });

  test("json: 100,000 levels of objects are accepted, and one brace less is not", () => {
    expect(scan('{"a":'.repeat(DEPTH) + "1" + "}".repeat(DEPTH)).kind).toBe("value");
    expect(scan('{"a":'.repeat(DEPTH) + "1" + "}".repeat(DEPTH - 1)).kind).toBe("invalid");
  });

  test("json: every level is closed by the bracket that it was opened with", () => {
    const levels = fc.array(fc.boolean(), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(levels, fc.nat(), (areArrays, wrong) => {
        const open = areArrays.map((isArray) => (isArray ? "[" : '{"k":')).join("");
        const closers = areArrays.map((isArray) => (isArray ? "]" : "}")).reverse();
        const at = wrong % closers.length;
        const crossed = closers.with(at, closers[at] === "]" ? "}" : "]");
        expect(scan(`${open}0${closers.join("")}`).kind).toBe(areArrays[0] === true ? "array" : "value");
        expect(scan(`${open}0${crossed.join("")}`).kind).toBe("invalid");
      }),
    );
  });
});
