import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  contentKind,
  DEFAULT_CONTENT_TYPE,
  isContentType,
  mediaType,
  sameContentType,
} from "../../src/protocol/content-type.ts";

const type = fc.constantFrom("application/json", "text/plain", "image/png", "application/vnd.x+json");
const parameters = fc.constantFrom("", ";charset=utf-8", "; charset=UTF-8", " ;a=b; c=d", ';a="text/html"');
const casing = fc.constantFrom<(text: string) => string>(
  (text) => text,
  (text) => text.toUpperCase(),
  (text) => text.replace(/^./, (letter) => letter.toUpperCase()),
);
/** A type in some spelling of it. */
const spelled = fc.tuple(type, parameters, casing).map(([name, rest, spell]) => ({ name, header: spell(name) + rest }));

describe("content type: kinds (sections 5.8 and 9)", () => {
  test.each([
    ["application/json", "json"],
    ["Application/JSON; charset=utf-8", "json"],
    ["application/ndjson", "binary"],
    ["application/json-seq", "binary"],
    ["application/vnd.api+json", "binary"],
    ["text/plain", "text"],
    ["TEXT/HTML;charset=iso-8859-1", "text"],
    ["text/json", "text"],
    ["application/octet-stream", "binary"],
    ["application/x-protobuf", "binary"],
    ["application/text/plain", "binary"],
    ["image/png; x=text/plain", "binary"],
  ])("content type: %s is %s", (contentType, kind) => {
    expect(contentKind(contentType)).toBe(kind);
  });

  test("content type: the default is bytes", () => {
    expect(DEFAULT_CONTENT_TYPE).toBe("application/octet-stream");
    expect(contentKind(DEFAULT_CONTENT_TYPE)).toBe("binary");
  });
});

describe("content type: comparing (section 5.2)", () => {
  test("content type: two are the same when type and subtype are, whatever their case and parameters", () => {
    fc.assert(
      fc.property(spelled, spelled, (left, right) => {
        expect(sameContentType(left.header, right.header)).toBe(left.name === right.name);
        expect(mediaType(left.header)).toBe(left.name);
        expect(isContentType(left.header)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    "",
    "text",
    "/",
    "text/",
    "/plain",
    "text//plain",
    "a/b/c",
    "te xt/plain",
    "text/plain; x=é",
    "text/plain; x=\u0000",
    "text/plain;\nx",
    "text/plain, text/html",
    "té/x",
    "*",
  ])("content type: %j has not the shape of one", (text) => {
    expect(isContentType(text)).toBe(false);
  });
});
