import { describe, expect, test } from "vitest";
import { configMismatch, parseContentType } from "../../src/protocol/create.ts";
import { NEVER, type Expiry } from "../../src/protocol/expiry.ts";
import { HEADER_VALUE_MAX_BYTES } from "../../src/protocol/limits.ts";

const ttl = (ttlSeconds: number): Expiry => ({ kind: "ttl", ttlSeconds });
const at = (expiresAt: string): Expiry => ({ kind: "at", expiresAt, expiresAtMs: Date.parse(expiresAt) });

const STREAM = { contentType: "application/json", expiry: NEVER, public: false, closed: false, fork: undefined };

describe("create: asking again for a stream that exists (section 5.1)", () => {
  test.each([
    ["everything the same", STREAM, STREAM],
    ["another letter case", STREAM, { ...STREAM, contentType: "Application/JSON" }],
    ["another parameter", STREAM, { ...STREAM, contentType: "application/json; charset=utf-8" }],
    ["the same window", { ...STREAM, expiry: ttl(60) }, { ...STREAM, expiry: ttl(60) }],
    [
      "the same instant in another zone",
      { ...STREAM, expiry: at("2030-01-01T12:00:00Z") },
      { ...STREAM, expiry: at("2030-01-01T13:00:00.000+01:00") },
    ],
    ["both closed", { ...STREAM, closed: true }, { ...STREAM, closed: true }],
    ["nothing said of a public stream's visibility", { ...STREAM, public: true }, { ...STREAM, public: undefined }],
    ["nothing said of a private stream's visibility", STREAM, { ...STREAM, public: undefined }],
    ["both public", { ...STREAM, public: true }, { ...STREAM, public: true }],
  ])("create: %s matches", (_, existing, wanted) => {
    expect(configMismatch(existing, wanted)).toBeUndefined();
    expect(configMismatch({ ...wanted, public: existing.public }, existing)).toBeUndefined();
  });

  test.each([
    ["another content type", STREAM, { ...STREAM, contentType: "text/plain" }, "content type"],
    ["a window where there was none", STREAM, { ...STREAM, expiry: ttl(60) }, "never expires"],
    ["another window", { ...STREAM, expiry: ttl(60) }, { ...STREAM, expiry: ttl(61) }, "60 s"],
    [
      "an instant in the place of a window",
      { ...STREAM, expiry: ttl(60) },
      { ...STREAM, expiry: at("2030-01-01T12:00:00Z") },
      "2030-01-01T12:00:00Z",
    ],
    [
      "another instant",
      { ...STREAM, expiry: at("2030-01-01T12:00:00Z") },
      { ...STREAM, expiry: at("2030-01-01T12:00:01Z") },
      "2030-01-01T12:00:01Z",
    ],
    ["a closed stream, asked for open", { ...STREAM, closed: true }, STREAM, "it is closed"],
    ["an open stream, asked for closed", STREAM, { ...STREAM, closed: true }, "it is open"],
    ["a public stream, asked for private", { ...STREAM, public: true }, STREAM, "it is public"],
    ["a private stream, asked for public", STREAM, { ...STREAM, public: true }, "it is not public"],
  ])("create: %s does not match, and the difference is named", (_, existing, wanted, named) => {
    const error = configMismatch(existing, wanted);
    expect(error?.code).toBe("STREAM_CONFIG_MISMATCH");
    expect(error?.message).toContain(named);
    expect(configMismatch(wanted, existing)?.code).toBe("STREAM_CONFIG_MISMATCH");
  });
});

describe("create: the content type (section 5.1)", () => {
  test.each([null, "", "  "])("create: %j gives the default", (header) => {
    expect(parseContentType(header)).toEqual({ ok: true, value: "application/octet-stream" });
  });

  test("create: a content type is kept as it was written, parameters and all", () => {
    expect(parseContentType(" Text/Plain; Charset=UTF-8 ")).toEqual({ ok: true, value: "Text/Plain; Charset=UTF-8" });
  });

  test.each([
    "json",
    "text/",
    "/plain",
    "text/plain/x",
    "text plain",
    "text/pl ain",
    ";charset=utf-8",
    "<b>/x",
    "tëxt/plain",
  ])("create: %j is refused", (header) => {
    expect(parseContentType(header)).toMatchObject({ ok: false, error: { code: "INVALID_CONTENT_TYPE" } });
  });

  test("create: a content type may be as long as the limit, and not longer", () => {
    const ofLength = (length: number) => `text/plain; x=${"y".repeat(length - "text/plain; x=".length)}`;
    expect(parseContentType(ofLength(HEADER_VALUE_MAX_BYTES)).ok).toBe(true);
    expect(parseContentType(ofLength(HEADER_VALUE_MAX_BYTES + 1))).toMatchObject({
      ok: false,
      error: { code: "HEADER_TOO_LONG" },
    });
  });
});
