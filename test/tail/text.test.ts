import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shortNumber } from "../../src/screen/text/figures.ts";
import { bytesPerRow, hexRows } from "../../src/tail/text/hex.ts";
import { highlighted, towardsMatch } from "../../src/screen/text/highlight.ts";
import { foldedRow, unfoldedRows, UNFOLDED_MAX_ROWS } from "../../src/tail/text/message-rows.ts";
import { prettyJson } from "../../src/tail/text/pretty-json.ts";
import { cutRow, wrapRow } from "../../src/screen/text/row-cut.ts";
import { rowText, segment } from "../../src/screen/text/segment.ts";
import { cut, cutLeft, widthOf, wrapped } from "../../src/screen/text/width.ts";
import { arrivalOf, type Message } from "../../src/tail/model/message.ts";
import type { ContentKind } from "../../src/protocol/content-type.ts";

const anyText = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("日", "a", "👩‍👩‍👧", "é", "e\u0301", "\u0300", "한", "🇩🇪") }),
);

function message(kind: ContentKind, data: string | Uint8Array): Message {
  return { ...arrivalOf(kind, Buffer.from(data), "0_7"), number: 0, stream: 0, atMs: 0 };
}

describe("cutting to a width", () => {
  it("never leaves more columns than there are, and cuts only what does not fit", () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 30 }), (text, columns) => {
        expect(widthOf(cut(text, columns))).toBeLessThanOrEqual(columns);
        expect(widthOf(cutLeft(text, columns))).toBeLessThanOrEqual(columns);
        if (widthOf(text) <= columns) expect(cutLeft(text, columns)).toBe(text);
        for (const row of wrapped(text, columns)) expect(widthOf(row)).toBeLessThanOrEqual(columns);
      }),
    );
  });

  it("wrapping loses nothing", () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 24, max: 40 }), (text, columns) => {
        expect(wrapped(text, columns).join("")).toBe(text);
        expect(
          wrapRow([segment(text), segment(text, "dim")], columns)
            .map(rowText)
            .join(""),
        ).toBe(text + text);
      }),
    );
  });

  it.each([
    ["abcdef", 4, "abc…"],
    ["日本語", 4, "日…"],
    ["日本語", 6, "日本語"],
    ["abc", 0, ""],
  ])("%s in %i columns is %s", (text, columns, expected) => {
    expect(cut(text, columns)).toBe(expected);
  });

  it("a row of segments is cut as one", () => {
    expect(cutRow([segment("abc"), segment("def", "key")], 5)).toEqual([
      segment("abc"),
      segment("d", "key"),
      segment("…", "dim"),
    ]);
  });
});

describe("pretty JSON", () => {
  it("is indented, and every value is as it was written", () => {
    const text = `{"b":1.0,"a":[12345678901234567890,"\\u0041",{}],"a":[],"n":null}`;
    expect(prettyJson(text, 100)?.map(rowText)).toEqual([
      "{",
      `  "b": 1.0,`,
      `  "a": [`,
      `    12345678901234567890,`,
      `    "\\u0041",`,
      `    {}`,
      `  ],`,
      `  "a": [],`,
      `  "n": null`,
      "}",
    ]);
  });

  it("says the same as the JSON it was made of", () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), (text) => {
        // Those are shown as pictures.
        // eslint-disable-next-line no-control-regex -- see above
        fc.pre(!/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/.test(text));
        const lines = prettyJson(text, Infinity)?.map(rowText) ?? [];
        expect(JSON.parse(lines.join("\n"))).toEqual(JSON.parse(text));
      }),
    );
  });

  it("makes no more lines than asked for, and nothing of what is not JSON", () => {
    expect(prettyJson("[1,2,3,4]", 3)).toHaveLength(3);
    expect(prettyJson("{", 3)).toBeUndefined();
  });
});

describe("hexadecimal", () => {
  it("shows where, what, and as what", () => {
    const [row] = hexRows(Buffer.from("Hello, \u0000W\u00ff!", "latin1"), 80, 10);
    expect(row?.map(({ text }) => text.trim())).toEqual([
      "00000000",
      "48 65 6c 6c 6f 2c 20 00 57 ff 21",
      "Hello, .W.!",
    ]);
  });

  it("fits in any width from the narrowest view on", () => {
    for (let columns = 38; columns < 200; columns++) {
      const rows = hexRows(new Uint8Array(100), columns, 100);
      expect(rows).toHaveLength(Math.ceil(100 / bytesPerRow(columns)));
      for (const row of rows) expect(rowText(row).length).toBeLessThanOrEqual(columns);
    }
  });
});

describe("a message on the screen", () => {
  it("folded is one row without control characters", () => {
    expect(rowText(foldedRow(message("text", "a\u001b[2J\tb\nc\r\n"), "auto", 40, undefined))).toBe("a␛[2J b c");
  });

  it("binary is hexadecimal unless text is wished for, and the other way round", () => {
    const binary = message("binary", "Hi");
    expect(rowText(foldedRow(binary, "auto", 40, undefined))).toBe("48 69  Hi");
    expect(rowText(foldedRow(binary, "text", 40, undefined))).toBe("Hi");
    expect(rowText(foldedRow(message("json", "1"), "hex", 40, undefined))).toBe("31  1");
  });

  it("an empty message is seen", () => {
    expect(rowText(foldedRow(message("text", "\n"), "auto", 40, undefined))).toBe("(empty)");
  });

  it("unfolded it begins with what is known of it", () => {
    const [head, ...rows] = unfoldedRows(message("json", `{"a":1}`), "auto", 60).map(rowText);
    expect(head).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}7 B {2}batch ends at 0_7$/);
    expect(rows).toEqual(["{", `  "a": 1`, "}"]);
  });

  it("no row, whatever the data, is wider than the screen or holds a control character", () => {
    fc.assert(
      fc.property(
        anyText,
        fc.constantFrom("json", "text", "binary"),
        fc.integer({ min: 38, max: 60 }),
        (text, kind, width) => {
          const one = message(kind, text);
          for (const row of [foldedRow(one, "auto", width, undefined), ...unfoldedRows(one, "auto", width)]) {
            expect(widthOf(rowText(row))).toBeLessThanOrEqual(width);
            // eslint-disable-next-line no-control-regex -- these are what must not come out
            expect(rowText(row)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
          }
        },
      ),
    );
  });

  it("a very long one has an end, and says that it goes on", () => {
    const rows = unfoldedRows(message("text", "x\n".repeat(5_000)), "auto", 60).map(rowText);
    expect(rows.length).toBeLessThanOrEqual(UNFOLDED_MAX_ROWS + 2);
    expect(rows.at(-1)).toBe("… more; save it to see all");
  });
});

describe("what a search has found", () => {
  it("stands out, across the parts of a row", () => {
    expect(highlighted([segment("abc", "key"), segment("def")], "cd")).toEqual([
      segment("ab", "key"),
      segment("c", "match"),
      segment("d", "match"),
      segment("ef"),
    ]);
    expect(highlighted([segment("aXa")], "x").map(({ tone }) => tone)).toEqual(["plain", "match", "plain"]);
    expect(highlighted([segment("axa")], "X").map(({ tone }) => tone)).toEqual(["plain"]);
  });

  it("changes no text", () => {
    fc.assert(
      fc.property(fc.array(anyText), fc.string({ maxLength: 3 }), (texts, needle) => {
        const row = texts.map((text) => segment(text));
        expect(rowText(highlighted(row, needle))).toBe(rowText(row));
      }),
    );
  });

  it("is brought into sight in a long row", () => {
    const text = `${"x".repeat(500)}needle`;
    expect(cut(towardsMatch(text, "needle", 40), 40)).toContain("needle");
    expect(towardsMatch("a needle", "needle", 40)).toBe("a needle");
  });
});

describe("figures", () => {
  it("are short", () => {
    expect([0, 0.4, 12.34, 999, 1_000, 12_345, 999_499, 999_600, 12_345_678].map(shortNumber)).toEqual([
      "0",
      "0.4",
      "12.3",
      "999",
      "1.0k",
      "12.3k",
      "999k",
      "1.0M",
      "12.3M",
    ]);
  });
});
