import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PATH_MAX_BYTES } from "../../src/protocol/limits.ts";
import {
  checkStreamPath,
  encodeStreamPath,
  isProjectName,
  parseStreamPath,
  trimSlashes,
} from "../../src/protocol/path.ts";
import { utf8 } from "./arbitraries.ts";

function refusal(encoded: string): string | undefined {
  const result = parseStreamPath(encoded);
  return result.ok ? undefined : result.error.code;
}

/** A segment that may stand in a stream's name, with plenty of what has to be encoded. */
const segment = fc
  .oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 8 }),
    fc.constantFrom("%2F", "%", "..a", "...", "__ds", "a b", "?q=1", "#x", "é", "e\u0301", "😀", "+", "&=;", "\\"),
  )
  // eslint-disable-next-line no-control-regex -- control characters are refused, so names are made without them
  .filter((text) => !/[\u0000-\u001f\u007f/]/.test(text) && text !== "." && text !== "..");

const name = fc
  .array(segment, { minLength: 1, maxLength: 5 })
  .map((segments) => segments.join("/"))
  .filter((path) => path !== "__ds" && !path.startsWith("__ds/"));

describe("path: one name for a stream, however its URL was written", () => {
  test("path: a name comes back from its encoded form", () => {
    fc.assert(
      fc.property(name, (path) => {
        expect(parseStreamPath(encodeStreamPath(path))).toEqual({ ok: true, value: path });
      }),
      { numRuns: 500 },
    );
  });

  test("path: the encoded form goes through a URL parser as it is", () => {
    fc.assert(
      fc.property(name, (path) => {
        const encoded = encodeStreamPath(path);
        expect(new URL(`http://host/v1/stream/${encoded}`).pathname).toBe(`/v1/stream/${encoded}`);
      }),
      { numRuns: 300 },
    );
  });

  test("path: no two names have one encoded form", () => {
    fc.assert(
      fc.property(name, name, (left, right) => {
        expect(encodeStreamPath(left) === encodeStreamPath(right)).toBe(left === right);
      }),
    );
  });

  test.each([
    ["rooms/42", "rooms/42"],
    ["a%2Fb", "a/b"],
    ["a%2fb", "a/b"],
    ["a%252Fb", "a%2Fb"],
    ["%252e%252e", "%2e%2e"],
    ["caf%C3%A9", "café"],
    ["cafe%CC%81", "cafe\u0301"],
    ["%F0%9F%98%80", "😀"],
    ["a%20b+c", "a b+c"],
    ["...", "..."],
    ["a/..b/c..", "a/..b/c.."],
    ["a/__ds", "a/__ds"],
    ["__dsx/a", "__dsx/a"],
    ["__DS", "__DS"],
    ["%5C", "\\"],
    ["A", "A"],
  ])("path: %s names the stream %j", (encoded, path) => {
    expect(parseStreamPath(encoded)).toEqual({ ok: true, value: path });
  });
});

describe("path: what is refused", () => {
  test.each([
    ["an empty path", ""],
    ["a slash alone", "/"],
    ["a slash in front", "/a"],
    ["a slash at the end", "a/"],
    ["an empty segment", "a//b"],
    ["an empty segment in disguise", "a%2F%2Fb"],
    ["a slash in disguise at the end", "a%2F"],
    ["a dot segment", "a/./b"],
    ["a dot segment in disguise", "a/%2e/b"],
    ["a way up", "../a"],
    ["a way up in disguise", "a/%2e%2E/b"],
    ["a way up with its slash in disguise", "a%2F..%2Fb"],
    ["NUL", "a%00b"],
    ["a line break", "a%0Ab"],
    ["an escape", "%1B[31m"],
    ["DEL", "a%7F"],
    ["a percent sign alone", "100%"],
    ["a percent sign before no digits", "a%zz"],
    ["bytes that are not UTF-8", "a%FF"],
    ["an overlong slash", "a%C0%AFb"],
    ["a surrogate", "%ED%A0%80"],
  ])("path: %s is refused", (_, encoded) => {
    expect(refusal(encoded)).toBe("INVALID_PATH");
  });

  test.each(["__ds", "__ds/subscriptions/x", "%5F%5Fds/jwks.json", "__ds%2Fx", "__%64s"])(
    "path: %s is reserved for the protocol (section 6)",
    (encoded) => {
      expect(refusal(encoded)).toBe("RESERVED_PATH");
    },
  );

  test("path: the limit counts the bytes of the decoded name", () => {
    const atLimit = "é".repeat(PATH_MAX_BYTES / 2);
    expect(utf8(atLimit)).toHaveLength(PATH_MAX_BYTES);
    expect(refusal(encodeStreamPath(atLimit))).toBeUndefined();
    expect(refusal(encodeStreamPath(`${atLimit}a`))).toBe("PATH_TOO_LONG");
    expect(refusal("a".repeat(PATH_MAX_BYTES))).toBeUndefined();
    expect(refusal("a".repeat(PATH_MAX_BYTES + 1))).toBe("PATH_TOO_LONG");
  });

  test("path: whatever is accepted has plain segments and lies within the limit", () => {
    const piece = fc.constantFrom(
      "a",
      "/",
      ".",
      "..",
      "%2F",
      "%2e",
      "%25",
      "__ds",
      "%00",
      "é",
      "%C3%A9",
      "%C3",
      " ",
      "\\",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const result = parseStreamPath(pieces.join(""));
        if (!result.ok) return;
        const segments = result.value.split("/");
        expect(segments.filter((part) => ["", ".", ".."].includes(part))).toEqual([]);
        expect(segments[0]).not.toBe("__ds");
      }),
      { numRuns: 1000 },
    );
  });
});

describe("path: projects", () => {
  test.each(["default", "a", "A-1_b", "0", "9lives", "Z", "a".repeat(64), "streams"])(
    "path: %s is a project name",
    (project) => {
      expect(isProjectName(project)).toBe(true);
    },
  );

  test.each(["", "stream", "-a", "_a", "a".repeat(65), "a/b", "a.b", "..", "é", "a b", "a\n", "__ds"])(
    "path: %j is no project name",
    (project) => {
      expect(isProjectName(project)).toBe(false);
    },
  );
});

describe("path: a name that comes as plain text", () => {
  test("path: nothing of it is decoded", () => {
    fc.assert(
      fc.property(name, (path) => {
        expect(checkStreamPath(path)).toEqual({ ok: true, value: path });
      }),
    );
  });

  test("path: half of a character, which UTF-8 cannot write, is refused", () => {
    for (const path of ["a\ud800", "\udc00/b", "a/\ud800\ud800"]) {
      expect(checkStreamPath(path)).toMatchObject({ ok: false, error: { code: "INVALID_PATH" } });
    }
    expect(checkStreamPath("a/\ud83d\ude00")).toMatchObject({ ok: true });
  });

  test.each([
    ["a/b", "a/b"],
    ["/a/b/", "a/b"],
    ["///a//b///", "a//b"],
    ["///", ""],
    ["", ""],
  ])("path: %j without the slashes around it is %j", (path, trimmed) => {
    expect(trimSlashes(path)).toBe(trimmed);
  });
});
