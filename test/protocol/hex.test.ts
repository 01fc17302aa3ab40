import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeHex, encodeHex } from "../../src/protocol/hex.ts";
import { bytesOf } from "./arbitraries.ts";

test("hex: any bytes are two lower-case digits each, and come back from them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const text = encodeHex(bytes);
      expect(text).toBe(Buffer.from(bytes).toString("hex"));
      expect(decodeHex(text)).toEqual(bytes);
    }),
  );
  expect(encodeHex(bytesOf(0, 1, 0x0f, 0x10, 0xab, 0xff))).toBe("00010f10abff");
  expect(encodeHex(bytesOf())).toBe("");
  expect(decodeHex("")).toEqual(bytesOf());
});
