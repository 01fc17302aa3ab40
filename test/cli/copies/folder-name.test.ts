import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { folderName } from "../../../src/cli/backup/folder-name.ts";

const names = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 300 }),
  fc.string({ unit: fc.constantFrom("a", "A", ".", "/", "%", "~", "é"), minLength: 1, maxLength: 200 }),
);

describe("the folder of a stream", () => {
  it("has a name that every file system takes, and that leads nowhere else", () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(folderName(name)).toMatch(/^[a-z0-9_%~-]{1,120}$/);
      }),
    );
  });

  it("is no other stream's, where case does not count either", () => {
    fc.assert(
      fc.property(names, names, (left, right) => {
        const isSame = Buffer.from(left).equals(Buffer.from(right));
        expect(folderName(left).toLowerCase() === folderName(right).toLowerCase()).toBe(isSame);
      }),
    );
  });

  it.each([
    ["orders", "orders"],
    ["shop/Orders", "shop%2f%4frders"],
    ["..", "%2e%2e"],
    ["a/../b", "a%2f%2e%2e%2fb"],
    ["con", "%63on"],
    ["lpt1", "%6cpt1"],
    ["100%", "100%25"],
    ["é", "%c3%a9"],
  ])("%j is %s", (name, folder) => {
    expect(folderName(name)).toBe(folder);
  });

  it("of long names keeps the beginning, and a hash tells them apart", () => {
    const [one, two] = [folderName(`${"é".repeat(500)}1`), folderName(`${"é".repeat(500)}2`)];
    expect(one).toMatch(/^(?:%c3|%a9)+~[0-9a-f]{32}$/);
    expect(one).not.toBe(two);
    expect(one.length).toBeLessThanOrEqual(120);
  });
});
