import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unfinishedTextBytes, unfinishedUtf8Bytes } from "../../src/protocol/utf8.ts";
import { anyText, bytesOf, concat, textOf, utf8 } from "./arbitraries.ts";

/** Splits a text's bytes at the given places, and shows each piece as an SSE connection would: whole characters only. */
function showPieces(bytes: Uint8Array, cuts: readonly number[], unfinished = unfinishedUtf8Bytes): Uint8Array[] {
  const places = cuts.map((cut) => cut % (bytes.byteLength + 1)).sort((left, right) => left - right);
  const shown: Uint8Array[] = [];
  let held = bytesOf();
  for (const [i, from] of [0, ...places].entries()) {
    const piece = concat([held, bytes.subarray(from, places[i] ?? bytes.byteLength)]);
    const whole = piece.byteLength - unfinished(piece);
    shown.push(piece.subarray(0, whole));
    held = piece.subarray(whole);
  }
  return [...shown, held];
}

/** Whether the bytes are the beginning of one character: not wrong so far, and nothing to show yet. */
function isBeginning(bytes: Uint8Array): boolean {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true }) === "";
  } catch {
    return false;
  }
}

describe("utf8: characters that come in pieces (section 5.8)", () => {
  test("utf8: wherever a text is cut, every piece that is shown is whole characters and nothing is lost", () => {
    fc.assert(
      fc.property(anyText(), fc.array(fc.nat(), { maxLength: 8 }), (text, cuts) => {
        const shown = showPieces(utf8(text), cuts);
        expect(shown.map(textOf).join("")).toBe(text);
        expect(shown.at(-1)).toHaveLength(0);
      }),
      { numRuns: 1000 },
    );
  });

  test("utf8: a finished text holds nothing back", () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        expect(unfinishedUtf8Bytes(utf8(text))).toBe(0);
      }),
    );
  });

  test.each(["é", "€", "😀", "\u{10ffff}", "\u0800", "\u{10000}", "\ud7ff", "\ue000"])(
    "utf8: every beginning of %j is held back whole",
    (character) => {
      const bytes = utf8(character);
      for (let length = 1; length < bytes.byteLength; length++) {
        expect(unfinishedUtf8Bytes(bytes.subarray(0, length))).toBe(length);
        expect(unfinishedUtf8Bytes(concat([utf8("a€"), bytes.subarray(0, length)]))).toBe(length);
      }
    },
  );
});

describe("utf8: bytes that are no text do not wait", () => {
  const suspicious = fc.oneof(
    fc.constantFrom(0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xe2, 0xed, 0xf0, 0xf4, 0xf5, 0xff, 0x41),
    fc.integer({ min: 0, max: 255 }),
  );

  test("utf8: bytes wait exactly when others could make a character of them", () => {
    fc.assert(
      fc.property(fc.array(suspicious, { maxLength: 6 }), (list) => {
        const bytes = Uint8Array.from(list);
        const beginnings = [1, 2, 3].filter((length) => length <= list.length && isBeginning(bytes.subarray(-length)));
        expect(unfinishedUtf8Bytes(bytes)).toBe(beginnings.at(-1) ?? 0);
      }),
      { numRuns: 3000 },
    );
  });

  test.each([
    ["a continuation without a beginning", [0x80]],
    ["four continuations", [0x80, 0x80, 0x80, 0x80]],
    ["a beginning that UTF-8 does not have", [0xff]],
    ["a beginning of five bytes", [0xf8, 0x88]],
    ["an overlong beginning of two bytes", [0xc0]],
    ["an overlong beginning of three bytes", [0xe0, 0x80]],
    ["an overlong beginning of four bytes", [0xf0, 0x80, 0x80]],
    ["the beginning of a surrogate", [0xed, 0xa0]],
    ["a beginning past U+10FFFF", [0xf4, 0x90]],
    ["a beginning and a letter", [0xe2, 0x41]],
    ["a character with one continuation too many", [0xc3, 0xa9, 0x80]],
    ["nothing", []],
  ])("utf8: %s is not held back", (_, list) => {
    expect(unfinishedUtf8Bytes(Uint8Array.from(list))).toBe(0);
  });
});

describe("utf8: line breaks that come in pieces", () => {
  test("utf8: a CR at the end waits for the LF that may follow it", () => {
    expect(unfinishedTextBytes(utf8("a\r"))).toBe(1);
    expect(unfinishedTextBytes(utf8("a\r\r"))).toBe(1);
    expect(unfinishedTextBytes(utf8("\r"))).toBe(1);
    expect(unfinishedTextBytes(utf8("a\r\n"))).toBe(0);
    expect(unfinishedTextBytes(utf8("a\rb"))).toBe(0);
    expect(unfinishedTextBytes(bytesOf())).toBe(0);
  });

  test("utf8: what does not end in CR waits as its characters do", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), (bytes) => {
        fc.pre(bytes.at(-1) !== 0x0d);
        expect(unfinishedTextBytes(bytes)).toBe(unfinishedUtf8Bytes(bytes));
      }),
    );
  });

  test("utf8: wherever a text is cut, its line breaks are the same in pieces as in one", () => {
    const asLf = (text: string) => text.replaceAll(/\r\n|\r/g, "\n");
    fc.assert(
      fc.property(anyText(), fc.array(fc.nat(), { maxLength: 8 }), (text, cuts) => {
        const shown = showPieces(utf8(text), cuts, unfinishedTextBytes).map(textOf);
        expect(shown.map(asLf).join("")).toBe(asLf(text));
      }),
      { numRuns: 500 },
    );
  });
});
