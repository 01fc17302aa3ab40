import { describe, expect, it } from "vitest";
import { counted, humanBytes, humanDuration } from "../../src/client/figures.ts";

describe("figures for people", () => {
  it.each([
    [0, "0 B"],
    [0.4, "0 B"],
    [999, "999 B"],
    [999.6, "1.00 kB"],
    [1000, "1.00 kB"],
    [9949, "9.95 kB"],
    [9950, "9.9 kB"],
    [99_400, "99.4 kB"],
    [999_499, "999 kB"],
    [999_500, "1.00 MB"],
    [4_194_304, "4.19 MB"],
    [5e18, "5000 PB"],
  ])("%d bytes are %s", (bytes, text) => {
    expect(humanBytes(bytes)).toBe(text);
  });

  it.each([
    [-5, "0 s"],
    [0, "0 s"],
    [59_999, "59 s"],
    [60_000, "1 min"],
    [3_600_000, "1 h"],
    [86_400_000 * 400, "400 d"],
  ])("%i ms are %s", (ms, text) => {
    expect(humanDuration(ms)).toBe(text);
  });

  it("counts have their thousands apart, and one is not in the plural", () => {
    expect([0, 1, 2, 999, 1_000, 1_234_567].map((count) => counted(count, "row"))).toEqual([
      "0 rows",
      "1 row",
      "2 rows",
      "999 rows",
      "1,000 rows",
      "1,234,567 rows",
    ]);
    expect(counted(2, "match", "matches")).toBe("2 matches");
  });
});
