import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonArrayError, JsonArraySplitter } from "../../src/client/json-array-splitter.ts";

function split(pieces: readonly Uint8Array[]): string[] {
  const splitter = new JsonArraySplitter();
  const elements = pieces.flatMap((piece) =>
    splitter.push(piece).map((element) => Buffer.from(element).toString("utf8")),
  );
  expect(splitter.ended).toBe(true);
  return elements;
}

/** Cuts bytes at every place a seeded list of lengths says. */
function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return [...pieces, bytes.subarray(at)];
}

describe("splitting a JSON array", () => {
  it("hands on the texts as they came, wherever the pieces are cut", () => {
    const message = fc.oneof(
      fc.json(),
      fc.constantFrom("12345678901234567890", "1.0", "1e400", `"\\"],["`, `{"a":[1,{"b":"}"}]}`),
    );
    const blank = fc.constantFrom("", " ", "\n", "\t \r\n");
    fc.assert(
      fc.property(
        fc.array(fc.tuple(blank, message, blank)),
        blank,
        fc.array(fc.nat(7)),
        (messages, outside, lengths) => {
          const array = `${outside}[${messages.map((parts) => parts.join("")).join(",")}]${outside}`;
          expect(split(cut(Buffer.from(array), lengths))).toEqual(messages.map(([, text]) => text.trim()));
        },
      ),
    );
  });

  it("finds no messages in an empty array, blank or not", () => {
    expect(split([Buffer.from("[]")])).toEqual([]);
    expect(split([Buffer.from(" [ \n ] ")])).toEqual([]);
  });

  it.each(["{}", "[1],[2]", "[1]x", "[1,]", "[,1]", "x[1]"])("refuses %s", (text) => {
    expect(() => new JsonArraySplitter().push(Buffer.from(text))).toThrow(JsonArrayError);
  });

  it("says that an array which breaks off has not ended", () => {
    const splitter = new JsonArraySplitter();
    expect(splitter.push(Buffer.from(`[1,{"a":"]`)).map((element) => Buffer.from(element).toString())).toEqual(["1"]);
    expect(splitter.ended).toBe(false);
  });
});
