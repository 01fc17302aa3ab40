import { describe, expect, it } from "vitest";
import { recordText } from "../../src/tail/record-text.ts";

describe("a message in the live view", () => {
  it("is one line without control characters", () => {
    expect(recordText("text", Buffer.from("a\u001b[2J\tb\nc\r\n"))).toBe("a␛[2J b c");
  });

  it("is base64 when it is binary", () => {
    expect(recordText("binary", Buffer.from([0, 255]))).toBe("AP8=");
  });

  it("is cut only when it is very long, and says how long it is", () => {
    const record = Buffer.from(JSON.stringify("x".repeat(10_000)));
    expect(recordText("json", record)).toBe(`"${"x".repeat(4_095)}… (10002 bytes)`);
  });
});
