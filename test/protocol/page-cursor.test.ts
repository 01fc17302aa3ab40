import fc from "fast-check";
import { expect, test } from "vitest";
import { formatPageCursor, parsePageCursor } from "../../src/protocol/page-cursor.ts";
import { anyText } from "./arbitraries.ts";

test("page cursor: the entry that it was made of comes back, through a URL", () => {
  fc.assert(
    fc.property(anyText({ minLength: 1 }), (last) => {
      const cursor = formatPageCursor(last);
      expect(cursor).toMatch(/^[\w-]+$/);
      expect(parsePageCursor(new URL(`http://host/?cursor=${cursor}`).searchParams.get("cursor"))).toEqual({
        ok: true,
        value: last,
      });
    }),
  );
});

test("page cursor: without one the list begins before everything", () => {
  expect(parsePageCursor(null)).toEqual({ ok: true, value: "" });
});

test("page cursor: the longest path has one", () => {
  const longest = "x".repeat(1024);
  expect(parsePageCursor(formatPageCursor(longest))).toEqual({ ok: true, value: longest });
});

test.each([
  ["nothing", ""],
  ["no base64", "%"],
  ["another alphabet", "+/+/"],
  ["padding", "YQ=="],
  ["bits too many", "YR"],
  ["a piece of one", formatPageCursor("events/abc").slice(0, -1)],
  ["no UTF-8", "_w"],
  ["an entry that there cannot be", formatPageCursor("x".repeat(1025))],
])("page cursor: refused is %s", (_what, cursor) => {
  expect(parsePageCursor(cursor)).toMatchObject({ ok: false, error: { code: "INVALID_CURSOR" } });
});
