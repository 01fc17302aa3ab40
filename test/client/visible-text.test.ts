import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { visibleLine, visibleText } from "../../src/client/visible-text.ts";

describe("text for a terminal", () => {
  it("shows control characters instead of handing them on", () => {
    expect(visibleText("a\u001b[2Jb\u0007\u007f\u009b31m\r")).toBe("a␛[2Jb␇␡\\u009b31m␍");
  });

  it("never lets a control character through but tab and line feed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        // eslint-disable-next-line no-control-regex -- these are what must not come out
        expect(visibleText(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });

  it("leaves every other text alone", () => {
    expect(visibleText("día\t一\n🚀\u2028")).toBe("día\t一\n🚀\u2028");
  });

  it("on a line, line feeds and tabs are shown too", () => {
    expect(visibleLine("a\nb\tc\u2028d\u001b")).toBe("a␊b␉c\\u2028d␛");
  });
});
