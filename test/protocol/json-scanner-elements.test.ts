import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scanJson } from "../../src/protocol/json-scanner.ts";
import { concat, jsonArrayText, jsonValueText, plainJsonText, textOf, utf8 } from "./arbitraries.ts";

const NO_LIMIT = Number.POSITIVE_INFINITY;

function elementTexts(bytes: Uint8Array): string[] {
  const result = scanJson(bytes, NO_LIMIT);
  if (result.kind !== "array") throw new Error(`not an array but ${JSON.stringify(result)}`);
  return result.elements.map(({ start, end }) => textOf(bytes.subarray(start, end)));
}

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
        expect(scanJson(utf8(`${before}${text}\r\n`), NO_LIMIT)).toEqual({
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
