import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesEtag, readEtag } from "../../src/protocol/etag.ts";
import { formatOffset } from "../../src/protocol/offset.ts";

const RANGE = { incarnation: "a1", start: 0, end: 5, upToDate: true, closed: false };
const ETAG = readEtag(RANGE);

describe("etag: what it stands for (sections 5.6 and 10.1)", () => {
  test("etag: it is made of the incarnation, where the answer starts, and where it ends", () => {
    expect(ETAG).toBe(`"a1:${formatOffset(0)}:${formatOffset(5)}"`);
  });

  test("etag: closure changes it and shows as :c", () => {
    expect(readEtag({ ...RANGE, closed: true })).toBe(`"a1:${formatOffset(0)}:${formatOffset(5)}:c"`);
  });

  test("etag: an answer that says there is more is another one than the answer that ended the stream when it was given", () => {
    expect(readEtag({ ...RANGE, upToDate: false })).toBe(`"a1:${formatOffset(0)}:${formatOffset(5)}:m"`);
  });

  test("etag: a stream created again under the same name has other tags for the same range", () => {
    expect(readEtag({ ...RANGE, incarnation: "b2" })).not.toBe(ETAG);
  });

  test("etag: two answers have one tag only if they are the same answer", () => {
    const range = fc.record({
      incarnation: fc.constantFrom("a", "b", "aa"),
      start: fc.nat(12),
      end: fc.nat(12),
      reaches: fc.constantFrom("more", "up to date", "closed"),
    });
    const tagOf = ({ reaches, ...rest }: { incarnation: string; start: number; end: number; reaches: string }) =>
      readEtag({ ...rest, upToDate: reaches !== "more", closed: reaches === "closed" });
    fc.assert(
      fc.property(range, range, (left, right) => {
        const isSame =
          left.incarnation === right.incarnation &&
          left.start === right.start &&
          left.end === right.end &&
          left.reaches === right.reaches;
        expect(tagOf(left) === tagOf(right)).toBe(isSame);
      }),
      { numRuns: 500 },
    );
  });

  test("etag: it is a valid entity tag (RFC 9110, 8.8.3)", () => {
    expect(readEtag({ ...RANGE, incarnation: "0f8fad5b-d9cb-469f-a165-70867728950e", closed: true })).toMatch(
      /^"[\x21\x23-\x7e]+"$/,
    );
  });
});

describe("etag: If-None-Match (RFC 9110, 13.1.2)", () => {
  test.each([
    ["the tag", ETAG],
    ["the tag, weak", `W/${ETAG}`],
    ["the tag between others", `"x", ${ETAG} ,"y"`],
    ["the tag in a list without spaces", `"x",W/"y",${ETAG}`],
    ["the tag, weak, at the end of a list", `"x", W/${ETAG}`],
    ["anything at all", "*"],
    ["anything at all, with white space", " * "],
  ])("etag: %s matches", (_, header) => {
    expect(matchesEtag(header, ETAG)).toBe(true);
  });

  test.each([
    ["no header", null],
    ["an empty one", ""],
    ["another tag", '"x"'],
    ["the tag without quotes", ETAG.slice(1, -1)],
    ["the tag of the closed stream", readEtag({ ...RANGE, closed: true })],
    ["the tag of the same range when there was more", readEtag({ ...RANGE, upToDate: false })],
    ["the tag of the next range", readEtag({ ...RANGE, start: 5, end: 6 })],
    ["the tag of another incarnation", readEtag({ ...RANGE, incarnation: "b2" })],
    ["the beginning of the tag", `${ETAG.slice(0, -3)}"`],
    ["the tag within another", `"x${ETAG.slice(1)}`],
    ["a star in a list", '"x", *'],
    ["a star in quotes", '"*"'],
    ["a lower-case weakness", `w/${ETAG}`],
  ])("etag: %s does not match", (_, header) => {
    expect(matchesEtag(header, ETAG)).toBe(false);
  });
});
