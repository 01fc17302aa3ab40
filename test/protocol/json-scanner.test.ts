import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scanJson, type JsonScan } from "../../src/protocol/json-scanner.ts";
import { bytesOf, concat, jsonArrayText, jsonText, jsonValueText, plainJsonText, textOf, utf8 } from "./arbitraries.ts";

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

function elementTexts(bytes: Uint8Array): string[] {
  const result = scanJson(bytes, NO_LIMIT);
  if (result.kind !== "array") throw new Error(`not an array but ${JSON.stringify(result)}`);
  return result.elements.map(({ start, end }) => textOf(bytes.subarray(start, end)));
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
    ["1 2", 2, "nothing after the value was expected"],
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

describe("json: elements are kept as they were written (section 9.1.2)", () => {
  test("json: the spans of an array are the texts of its elements", () => {
    fc.assert(
      fc.property(jsonArrayText, ({ text, elements }) => {
        expect(elementTexts(utf8(text))).toEqual(elements);
      }),
      { numRuns: 500 },
    );
  });

  test("json: the elements parsed one by one are the elements of the array parsed whole", () => {
    fc.assert(
      fc.property(fc.array(plainJsonText), fc.constantFrom("", " ", "\n\t"), (texts, space) => {
        const text = `[${space}${texts.join(`${space},${space}`)}${space}]`;
        const parsed = elementTexts(utf8(text)).map((element): unknown => JSON.parse(element));
        expect(parsed).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  test("json: any other value is one span without the white space around it", () => {
    fc.assert(
      fc.property(jsonValueText, (text) => {
        fc.pre(!text.startsWith("["));
        const before = " \n\t";
        const { byteLength } = utf8(text);
        expect(scan(`${before}${text}\r\n`)).toEqual({
          kind: "value",
          span: { start: before.length, end: before.length + byteLength },
        });
      }),
    );
  });

  test.each([
    ["[[1,2], [3,4]]", ["[1,2]", "[3,4]"]],
    ["[[[1,2,3]]]", ["[[1,2,3]]"]],
    ["[ ]", []],
    ["[[],{},[ ]]", ["[]", "{}", "[ ]"]],
    ["[12345678901234567890,1e400,-0,1.0]", ["12345678901234567890", "1e400", "-0", "1.0"]],
    ['[{"a":1,"a":2}]', ['{"a":1,"a":2}']],
    ['[{"__proto__":{"x":1}}]', ['{"__proto__":{"x":1}}']],
    ['["\\ud800","\\u00e9","é"]', ['"\\ud800"', '"\\u00e9"', '"é"']],
    ['["],[",{"],[":"\\"]"}]', ['"],["', '{"],[":"\\"]"}']],
  ])("json: %s has the elements %j", (text, elements) => {
    expect(elementTexts(utf8(text))).toEqual(elements);
  });

  test("json: bytes around the array belong to no element", () => {
    const bytes = concat([utf8(" \r\n[ 1 ,\t2 ] "), utf8("\n")]);
    expect(elementTexts(bytes)).toEqual(["1", "2"]);
  });
});

describe("json: the limit of elements", () => {
  const listOf = (count: number) => `[${Array.from({ length: count }, (_, i) => String(i)).join(",")}]`;

  test("json: as many elements as the limit are accepted, and one more is too many", () => {
    expect(scanJson(utf8(listOf(5)), 5)).toMatchObject({ kind: "array", elements: { length: 5 } });
    expect(scanJson(utf8(listOf(6)), 5)).toEqual({ kind: "too-many", maxElements: 5 });
  });

  test("json: only the elements of the outermost array count", () => {
    expect(scanJson(utf8(`[${listOf(50)},{"a":${listOf(50)},"b":2,"c":3}]`), 2).kind).toBe("array");
    expect(scanJson(utf8(`{"a":${listOf(50)},"b":2,"c":3}`), 2).kind).toBe("value");
  });

  test("json: the scan ends at the limit, whatever comes after it", () => {
    expect(scanJson(utf8("[1,2,3, oh no"), 2).kind).toBe("too-many");
  });
});
