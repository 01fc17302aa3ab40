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

describe("headers: names (section 13.2)", () => {
  test("headers: every name is spelled as the specification spells it", () => {
    const { isClosedHeader: _, ...names } = headers;
    expect(Object.values(names).toSorted()).toEqual([
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
    const { isClosedHeader: _, ...names } = headers;
    for (const [constant, name] of Object.entries(names)) {
      expect(name.toUpperCase().replaceAll("-", "_")).toBe(constant);
    }
  });
});
