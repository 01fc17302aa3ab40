import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PATH_MAX_BYTES } from "../../src/protocol/limits.ts";
import { isProjectName, parseStreamPath, encodeStreamPath } from "../../src/protocol/path.ts";
import { segmentKey, segmentPrefix, SEGMENTS_FOLDER } from "../../src/protocol/segment/key.ts";
import { utf8 } from "./arbitraries.ts";
import { INCARNATION } from "./segments.ts";

const KEY_MAX_BYTES = 1024;
const HASH = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const OTHER_INCARNATION = "00000000-0000-4000-8000-000000000000";

/** Pieces of names that look like parts of keys. */
const piece = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 4 }),
  fc.constantFrom("/", "%", "%2F", "%2f", "%25", "%sha256-", `%sha256-${HASH}`, HASH, INCARNATION, OTHER_INCARNATION),
  fc.constantFrom("a", "b", "segments", "default", "..", ".seg", "0000000000000000-0000000000000001.seg", "é", "😀"),
  fc.constantFrom("x".repeat(300), "é".repeat(100), "%".repeat(200), "x".repeat(600), "x".repeat(601)),
);

/** Whether a stream can have the name, as the server itself judges it. */
function isPath(text: string): boolean {
  return text.isWellFormed() && parseStreamPath(encodeStreamPath(text)).ok;
}

const path = fc
  .array(piece, { minLength: 1, maxLength: 6 })
  .map((pieces) => pieces.join(""))
  .filter(isPath);
const project = fc.constantFrom("default", "a", "A", "segments", "p".repeat(64)).filter(isProjectName);
const incarnation = fc.constantFrom(INCARNATION, OTHER_INCARNATION);
const owner = fc.tuple(project, path, incarnation);

/** The same owner with little changed, which is what collisions are made of. */
const neighbours = fc.tuple(owner, piece, fc.nat(5)).map(([[ofProject, name, ofIncarnation], more, way]) => {
  const others = [
    `${name}/${more}`,
    `${name}${more}`,
    encodeURIComponent(name),
    name.slice(0, -1),
    `${name}/${ofIncarnation}`,
  ];
  const other = others[way] ?? more;
  return [
    [ofProject, name, ofIncarnation],
    [ofProject, isPath(other) ? other : `${name}x`, ofIncarnation],
  ] as const;
});

function prefixOf([ofProject, name, ofIncarnation]: readonly [string, string, string]): Promise<string> {
  return segmentPrefix(`${ofProject}/${name}`, ofIncarnation);
}

describe("segment key: no stream's prefix is the beginning of another's", () => {
  test.each([
    ["of any two owners", fc.tuple(owner, owner)],
    ["of two that are nearly the same", neighbours],
  ] as const)("segment key: %s", async (_name, pairs) => {
    await fc.assert(
      fc.asyncProperty(pairs, async ([one, other]) => {
        fc.pre(one.join("\n") !== other.join("\n"));
        const [left, right] = await Promise.all([prefixOf(one), prefixOf(other)]);
        expect(left.startsWith(right)).toBe(false);
        expect(right.startsWith(left)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  test("segment key: a slash in a path and the characters %2F in a path are two names", async () => {
    const prefixes = await Promise.all(
      ["a/b", "a%2Fb", "a%252Fb", "a%2fb", "a"].map((name) => prefixOf(["default", name, INCARNATION])),
    );
    expect(new Set(prefixes).size).toBe(5);
  });

  test("segment key: a name that looks like the hash of a long one does not meet it", async () => {
    const long = await prefixOf(["default", "x".repeat(601), INCARNATION]);
    const hashed = long.split("/")[2] ?? "";
    expect(hashed).toMatch(/^%sha256-[0-9a-f]{64}$/);
    expect(await prefixOf(["default", hashed, INCARNATION])).toBe(
      `segments/default/%25${hashed.slice(1)}/${INCARNATION}/`,
    );
  });

  test("segment key: a name that ends like an incarnation does not meet it", async () => {
    const inner = await prefixOf(["default", "a", INCARNATION]);
    const outer = await prefixOf(["default", `a/${INCARNATION}`, OTHER_INCARNATION]);
    expect(outer.startsWith(inner)).toBe(false);
  });
});

describe("segment key: what it looks like", () => {
  test("segment key: project, path and incarnation can be read off it", async () => {
    const prefix = await prefixOf(["default", "rooms/42 é", INCARNATION]);
    expect(prefix).toBe(`segments/default/rooms%2F42%20%C3%A9/${INCARNATION}/`);
    expect(segmentKey(prefix, 0, 1000, "0a1b2c3d")).toBe(`${prefix}0000000000000000-0000000000001000.0a1b2c3d.seg`);
  });

  test("segment key: a path is readable up to 600 characters of its encoded form", async () => {
    expect(await prefixOf(["default", "x".repeat(600), INCARNATION])).toContain("x".repeat(600));
    expect(await prefixOf(["default", "x".repeat(601), INCARNATION])).toContain("/%sha256-");
    expect(await prefixOf(["default", "é".repeat(100), INCARNATION])).toContain("%C3%A9".repeat(100));
    expect(await prefixOf(["default", `${"é".repeat(100)}x`, INCARNATION])).toContain("/%sha256-");
  });

  test("segment key: the hash is the SHA-256 of the path in UTF-8", async () => {
    const name = "é".repeat(512);
    const hash = Buffer.from(await crypto.subtle.digest("SHA-256", utf8(name).slice())).toString("hex");
    expect(await prefixOf(["default", name, INCARNATION])).toBe(`segments/default/%sha256-${hash}/${INCARNATION}/`);
  });

  test("segment key: the same stream always has the same, in the folder of segments, in four parts of ASCII", async () => {
    await fc.assert(
      fc.asyncProperty(owner, async (one) => {
        const prefix = await prefixOf(one);
        expect(await prefixOf(one)).toBe(prefix);
        expect(prefix.startsWith(SEGMENTS_FOLDER)).toBe(true);
        expect(prefix).toMatch(/^[!-~]+$/);
        expect(prefix.split("/")).toHaveLength(5);
        expect(prefix.endsWith("/")).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe("segment key: what R2 takes", () => {
  test("segment key: no key is longer than 1,024 bytes, nor as long as 800", async () => {
    const longest = fc.tuple(
      fc.constant("p".repeat(64)),
      fc.oneof(
        path,
        fc.constantFrom("%", "é", "€", "😀", "x", "a/", " ").map((unit) =>
          // A trailing slash would make an empty segment.
          unit.repeat(Math.floor((PATH_MAX_BYTES - 1) / utf8(unit).byteLength)).concat("x"),
        ),
        fc.integer({ min: 190, max: 210 }).map((length) => "€".repeat(length)),
        fc.integer({ min: 590, max: PATH_MAX_BYTES }).map((length) => "x".repeat(length)),
      ),
      incarnation,
    );
    await fc.assert(
      fc.asyncProperty(longest, fc.maxSafeInteger(), async (one, end) => {
        fc.pre(isPath(one[1]));
        const key = segmentKey(await prefixOf(one), 0, Math.abs(end), "0a1b2c3d");
        expect(utf8(key).byteLength).toBeLessThanOrEqual(KEY_MAX_BYTES);
        expect(utf8(key).byteLength).toBeLessThan(800);
      }),
      { numRuns: 500 },
    );
  });
});

test("segment key: keys of one incarnation sort as their segments start", () => {
  const position = fc.oneof(fc.nat(2000), fc.maxSafeInteger().map(Math.abs));
  fc.assert(
    fc.property(fc.uniqueArray(position, { minLength: 2, maxLength: 20 }), fc.nat(), (starts, length) => {
      const keys = starts.map((at) => segmentKey("p/", at, Math.min(at + length, Number.MAX_SAFE_INTEGER), "0a1b2c3d"));
      const byKey = starts.toSorted((left, right) =>
        (keys[starts.indexOf(left)] ?? "") < (keys[starts.indexOf(right)] ?? "") ? -1 : 1,
      );
      expect(byKey).toEqual(starts.toSorted((left, right) => left - right));
      expect(new Set(keys.map((key) => key.length)).size).toBe(1);
    }),
  );
});
