import { describe, expect, it } from "vitest";
import { initialState } from "../../src/tail/live-state.ts";
import { farewell, figuresText, shortOffset } from "../../src/tail/status-text.ts";

const OFFSET = "0000000000000000_0000000000000010";
const STATE = { ...initialState("s"), offset: OFFSET, total: 10 };

describe("the sentences of the live view", () => {
  it("an offset is shortened from the left, first by its leading zeros", () => {
    expect(shortOffset(OFFSET, 33)).toBe(OFFSET);
    expect(shortOffset(OFFSET, 32)).toBe("…_0000000000000010");
    expect(shortOffset(OFFSET, 9)).toBe("…00000010");
  });

  it.each([80, 60, 40])("in %i columns the status keeps the offset's right end", (columns) => {
    const text = figuresText(STATE, columns - "catching up".length);
    expect(text).toMatch(/10$/);
    expect(text.length).toBeLessThanOrEqual(columns - "catching up".length);
  });

  it("the farewell gives the whole offset to go on with", () => {
    expect(farewell(STATE)).toBe(`Left at offset …_0000000000000010; 10 messages seen. Go on with: --offset ${OFFSET}`);
  });

  it("the farewell offers nothing to go on with before the first answer or after the end", () => {
    expect(farewell(initialState("s"))).toBe("Left before the stream's first answer; 0 messages seen.");
    expect(farewell({ ...STATE, closed: true })).toBe(
      "Left at offset …_0000000000000010; 10 messages seen. The stream is closed.",
    );
  });
});
