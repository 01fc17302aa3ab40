import { describe, expect, it } from "vitest";
import { recordText } from "../../src/tail/record-text.ts";

describe("a message in the live view", () => {
  it("is one line without control characters", () => {
    expect(recordText("text", Buffer.from("a\u001b[2J\tb\nc\r\n"))).toBe("a␛[2J b c");
  });

  it("is base64 when it is binary, and cut when it is long", () => {
    expect(recordText("binary", Buffer.from([0, 255]))).toBe("AP8=");
    expect(recordText("json", Buffer.from(JSON.stringify("x".repeat(10_000))))).toHaveLength(4_097);
  });
});
