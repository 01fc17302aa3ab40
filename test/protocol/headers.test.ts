import { describe, expect, test } from "vitest";
import * as headers from "../../src/protocol/headers.ts";

describe("headers: Stream-Closed (section 4.1)", () => {
  test.each(["true", "TRUE", "True", "tRuE"])("headers: Stream-Closed: %s closes", (value) => {
    expect(headers.isClosedHeader(value)).toBe(true);
  });

  test.each([null, undefined, "", "false", "yes", "1", "on", "true,true", "truely", " true x", "\u0442rue"])(
    "headers: Stream-Closed: %s reads as absent",
    (value) => {
      expect(headers.isClosedHeader(value)).toBe(false);
    },
  );
});

describe("headers: values that identify something", () => {
  test("headers: visible ASCII and spaces are plain, and nothing else is", () => {
    for (let code = 0; code < 0x180; code++) {
      expect(headers.isPlainHeaderValue(`a${String.fromCharCode(code)}b`)).toBe(code >= 0x20 && code <= 0x7e);
    }
    expect(headers.isPlainHeaderValue("a\n")).toBe(false);
    expect(headers.isPlainHeaderValue("😀")).toBe(false);
    expect(headers.isPlainHeaderValue("")).toBe(true);
  });
});

/** What the module says of names, without what it says of values. */
const { isClosedHeader: _, isPlainHeaderValue: __, ...NAMES } = headers;

describe("headers: names (section 13.2)", () => {
  test("headers: every name is spelled as the specification spells it", () => {
    expect(Object.values(NAMES).toSorted()).toEqual([
      "Producer-Epoch",
      "Producer-Expected-Seq",
      "Producer-Id",
      "Producer-Received-Seq",
      "Producer-Seq",
      "Stream-Closed",
      "Stream-Cursor",
      "Stream-Expires-At",
      "Stream-Fork-Offset",
      "Stream-Fork-Sub-Offset",
      "Stream-Forked-From",
      "Stream-Next-Offset",
      "Stream-SSE-Data-Encoding",
      "Stream-Seq",
      "Stream-TTL",
      "Stream-Up-To-Date",
    ]);
  });

  test("headers: every name stands under its own", () => {
    for (const [constant, name] of Object.entries(NAMES)) {
      expect(name.toUpperCase().replaceAll("-", "_")).toBe(constant);
    }
  });
});
