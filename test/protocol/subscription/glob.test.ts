import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PATTERN_WILDCARDS_MAX, SUBSCRIPTION_TEXT_MAX_BYTES } from "../../../src/protocol/limits.ts";
import { compilePattern, matchesPattern, parsePattern } from "../../../src/protocol/subscription/glob.ts";

/** Few letters, so that patterns and paths meet. */
const segment = fc.constantFrom("a", "b", "*", "é");
const path = fc.array(segment, { minLength: 1, maxLength: 6 }).map((segments) => segments.join("/"));
const pattern = fc
  .array(fc.constantFrom("a", "b", "*", "**", "%2A", "é"), { minLength: 1, maxLength: 6 })
  .map((segments) => segments.join("/"));

/** The rules as a regular expression: slow where it may be, and written another way. */
function matchesByExpression(text: string, of: string): boolean {
  const parts = text.split("/").map((part) => {
    if (part === "**") return "(?:/[^/]+)*";
    if (part === "*") return "/[^/]+";
    return `/${part.replace(/%2A/gi, "*").replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}`;
  });
  return new RegExp(`^${parts.join("")}$`, "u").test(`/${of}`);
}

describe("glob: what a pattern matches (section 6.2)", () => {
  test.each<[string, string, boolean]>([
    ["events/*", "events/a", true],
    ["events/*", "events", false],
    ["events/*", "events/a/b", false],
    ["events/*", "events2/a", false],
    ["events/**", "events", true],
    ["events/**", "events/a/b/c", true],
    ["events/**", "eventsa", false],
    ["**", "anything/at/all", true],
    ["*", "one", true],
    ["*", "one/two", false],
    ["**/last", "last", true],
    ["**/last", "a/b/last", true],
    ["**/last", "a/last/b", false],
    ["a/**/z", "a/z", true],
    ["a/**/z", "a/b/z/c/z", true],
    ["a/**/b/**/c", "a/b/x/b/c/c", true],
    ["a/**/b/**/c", "a/x/c", false],
    ["**/*", "a", true],
    ["*/**/*", "a", false],
    ["*/**/*", "a/b", true],
    ["a.c", "abc", false],
    ["A", "a", false],
    ["%2A", "*", true],
    ["%2a", "*", true],
    ["%2A", "a", false],
    ["a%2Ab", "a*b", true],
    ["%2A%2A", "**", true],
    ["%2A%2A", "a/b", false],
    ["%41", "%41", true],
    ["%41", "A", false],
    ["e\u0301", "é", false],
  ])("glob: %s and %s: %s", (text, of, expected) => {
    expect(matchesPattern(text, of)).toBe(expected);
  });

  test("glob: as the rules written as a regular expression", () => {
    fc.assert(
      fc.property(pattern, path, (text, of) => {
        expect(matchesPattern(text, of)).toBe(matchesByExpression(text, of));
      }),
      { numRuns: 3000 },
    );
  });

  test("glob: a path matches the pattern that it is itself, and its stars as they are written", () => {
    fc.assert(
      fc.property(path, (of) => {
        expect(matchesPattern(of.replaceAll("*", "%2A"), of)).toBe(true);
      }),
    );
  });

  test("glob: every path that matches begins with the prefix", () => {
    fc.assert(
      fc.property(pattern, path, (text, of) => {
        const { prefix, matches } = compilePattern(text);
        if (matches(of)) expect(of.startsWith(prefix)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test.each([
    ["events/*", "events/"],
    ["events/**", "events"],
    ["a/b/*/c", "a/b/"],
    ["a/**/c", "a/"],
    ["a/b", "a/b"],
    ["%2A/x/**/*", "*/x/"],
    ["**/a", ""],
    ["*", ""],
    ["**", ""],
  ])("glob: a scan for %s begins with %j", (text, prefix) => {
    expect(compilePattern(text).prefix).toBe(prefix);
  });

  test("glob: the worst pattern takes no more steps than its parts times the segments", () => {
    // With backtracking into every ** this would take longer than the universe has been there.
    const text = `${"**/a/".repeat(PATTERN_WILDCARDS_MAX)}b`;
    const of = Array.from({ length: 512 }, () => "a").join("/");
    expect(of.length).toBe(1023);
    for (let i = 0; i < 100; i++) expect(matchesPattern(text, of)).toBe(false);
  });
});

describe("glob: the normal form of a pattern", () => {
  test.each([
    ["events/*", "events/*"],
    ["/events/*/", "events/*"],
    ["///a///", "a"],
    ["a/**/**/b", "a/**/b"],
    ["**/**", "**"],
    ["a b/é", "a b/é"],
    ["%2A/*", "%2A/*"],
  ])("glob: %s becomes %s", (text, normal) => {
    expect(parsePattern(text)).toEqual({ ok: true, value: normal });
  });

  test("glob: it matches what the text matches, and is its own normal form", () => {
    fc.assert(
      fc.property(pattern, path, (text, of) => {
        const normal = parsePattern(text);
        if (!normal.ok) throw new Error(normal.error.message);
        expect(matchesPattern(normal.value, of)).toBe(matchesPattern(text, of));
        expect(parsePattern(normal.value)).toEqual(normal);
      }),
    );
  });

  test.each([
    ["nothing", ""],
    ["slashes alone", "//"],
    ["an empty segment", "a//b"],
    ["a dot", "a/./b"],
    ["two dots", "../a"],
    ["a control character", "a\n/b"],
    ["half a character", "a/\ud800"],
    ["what is reserved", "__ds/*"],
    ["a star beside letters", "rooms/a*"],
    ["three stars", "rooms/***"],
    ["too many wildcards", Array.from({ length: PATTERN_WILDCARDS_MAX + 1 }, () => "**/a").join("/")],
    ["too many bytes", "é".repeat(SUBSCRIPTION_TEXT_MAX_BYTES / 2 + 1)],
  ])("glob: refused is %s", (_what, text) => {
    const result = parsePattern(text);
    expect(result).toMatchObject({ ok: false, error: { code: "INVALID_SUBSCRIPTION" } });
  });

  test("glob: as many wildcards and bytes as allowed are", () => {
    const wildcards = Array.from({ length: PATTERN_WILDCARDS_MAX }, () => "**/a").join("/");
    expect(parsePattern(wildcards)).toEqual({ ok: true, value: wildcards });
    expect(parsePattern("x".repeat(SUBSCRIPTION_TEXT_MAX_BYTES)).ok).toBe(true);
  });
});
