import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BODY_MAX_BYTES,
  CORS_ORIGINS_MAX,
  LIVE_READERS_MAX,
  PROJECT_STREAMS_MAX,
  PROJECT_KEYS_MAX,
} from "../../src/protocol/limits.ts";
import {
  acceptedKeys,
  allowedOrigin,
  changeSettings,
  isOrigin,
  parseSettings,
  retireOldKeys,
  rotateKeys,
  type ProjectSettings,
  type SigningKey,
} from "../../src/protocol/project.ts";
import { parsed } from "../../src/protocol/result.ts";

const NOW_MS = 1_800_000_000_000;
const HOUR_MS = 3_600_000;

function key(kid: string, retiresAtMs?: number): SigningKey {
  return { kid, secret: `of ${kid}`, createdAtMs: NOW_MS, ...(retiresAtMs === undefined ? {} : { retiresAtMs }) };
}

function kids(keys: readonly SigningKey[]): string[] {
  return keys.map(({ kid }) => kid);
}

/** The keys after a rotation that must succeed. */
function rotated(keys: readonly SigningKey[], added: SigningKey, overlapMs: number, nowMs = NOW_MS) {
  const next = rotateKeys(keys, added, overlapMs, nowMs);
  if (!next.ok) throw new Error(next.error.message);
  return next.value;
}

describe("projects: rotation of keys", () => {
  test("projects: the first key of a project is alone", () => {
    expect(rotated([], key("a"), HOUR_MS)).toEqual([key("a")]);
  });

  test("projects: the new key signs, and the old one is accepted until the overlap is over", () => {
    const keys = rotated([key("a")], key("b"), HOUR_MS);
    expect(keys).toEqual([key("b"), key("a", NOW_MS + HOUR_MS)]);
    expect(kids(acceptedKeys({ keys }, NOW_MS + HOUR_MS - 1))).toEqual(["b", "a"]);
    expect(kids(acceptedKeys({ keys }, NOW_MS + HOUR_MS))).toEqual(["b"]);
  });

  test("projects: without an overlap the old keys are gone at once", () => {
    expect(rotated([key("b"), key("a", NOW_MS + HOUR_MS)], key("c"), 0)).toEqual([key("c")]);
  });

  test("projects: a key that retires already does not get longer, and may get shorter", () => {
    const keys = [key("b"), key("a", NOW_MS + HOUR_MS)];
    expect(rotated(keys, key("c"), 2 * HOUR_MS)[2]).toEqual(key("a", NOW_MS + HOUR_MS));
    expect(rotated(keys, key("c"), HOUR_MS / 2)[2]).toEqual(key("a", NOW_MS + HOUR_MS / 2));
  });

  test("projects: asking again with the key that signs already changes nothing, however often", () => {
    const keys = rotated([key("a")], key("b"), HOUR_MS);
    const later = { ...key("b"), createdAtMs: NOW_MS + 1 };
    expect(rotated(keys, later, 2 * HOUR_MS, NOW_MS + 1)).toEqual(keys);
    expect(rotated(rotated(keys, later, 1), later, 1)).toEqual(keys);
  });

  test("projects: asking again without an overlap revokes the others, also after a rotation with one", () => {
    const keys = rotated([key("a")], key("b"), HOUR_MS);
    expect(rotated(keys, key("b"), 0)).toEqual([key("b")]);
    expect(rotated([key("b")], key("b"), 0)).toEqual([key("b")]);
  });

  test("projects: a rotation is taken back by rotating to the old key, which then retires no more", () => {
    const keys = rotated([key("a")], key("b"), HOUR_MS);
    expect(rotated(keys, key("a"), HOUR_MS)).toEqual([key("a"), key("b", NOW_MS + HOUR_MS)]);
  });

  test("projects: there is a most of keys that are accepted; retired ones do not count, and going back needs no room", () => {
    let keys: readonly SigningKey[] = [];
    for (let i = 0; i < PROJECT_KEYS_MAX; i++) keys = rotated(keys, key(`k${i}`), HOUR_MS);
    expect(rotateKeys(keys, key("more"), HOUR_MS, NOW_MS)).toMatchObject({ error: { code: "TOO_MANY_KEYS" } });
    expect(rotated(keys, key("k0"), HOUR_MS)).toHaveLength(PROJECT_KEYS_MAX);
    expect(rotated(keys, key("more"), 0)).toEqual([key("more")]);
    expect(rotated(keys, key("more"), HOUR_MS, NOW_MS + HOUR_MS)).toHaveLength(2);
  });

  test("projects: finishing leaves the key that signs, however often", () => {
    const keys = rotated(rotated([key("a")], key("b"), HOUR_MS), key("c"), HOUR_MS);
    expect(retireOldKeys(keys, NOW_MS)).toEqual([key("c")]);
    expect(retireOldKeys(retireOldKeys(keys, NOW_MS), NOW_MS)).toEqual([key("c")]);
  });

  test("projects: whatever is done, one key signs, no two are the same, and none comes back to life", () => {
    const step = fc.record({
      kid: fc.constantFrom("a", "b", "c", "d", "e", "f"),
      overlapMs: fc.constantFrom(0, 1, HOUR_MS, 2 * HOUR_MS),
      passedMs: fc.constantFrom(0, 1, HOUR_MS),
      finish: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        let keys: readonly SigningKey[] = [key("first")];
        let nowMs = NOW_MS;
        for (const { kid, overlapMs, passedMs, finish } of steps) {
          nowMs += passedMs;
          const before = kids(acceptedKeys({ keys }, nowMs));
          const next = rotateKeys(keys, key(kid), overlapMs, nowMs);
          if (next.ok) keys = next.value;
          if (finish) keys = retireOldKeys(keys, nowMs);
          const after = kids(acceptedKeys({ keys }, nowMs));
          expect(after[0]).toBe(next.ok ? kid : before[0]);
          expect(keys[0]?.retiresAtMs).toBeUndefined();
          expect(keys.slice(1).every(({ retiresAtMs }) => retiresAtMs !== undefined)).toBe(true);
          expect(new Set(after).size).toBe(after.length);
          expect(after.every((one) => one === kid || before.includes(one))).toBe(true);
          expect(after.length).toBeLessThanOrEqual(PROJECT_KEYS_MAX);
        }
      }),
    );
  });
});

describe("projects: origins", () => {
  test.each([
    "*",
    "https://app.example",
    "http://localhost:5173",
    "https://app.example:8443",
    "http://127.0.0.1:3000",
    "http://[::1]:3000",
    "https://xn--bcher-kva.example",
  ])("projects: %s is an origin", (origin) => {
    expect(isOrigin(origin)).toBe(true);
  });

  test.each([
    ["the origin of sandboxed pages", "null"],
    ["nothing", ""],
    ["a trailing slash", "https://app.example/"],
    ["a path", "https://app.example/app"],
    ["a query", "https://app.example?a"],
    ["a fragment", "https://app.example#a"],
    ["a user", "https://me@app.example"],
    ["upper case in the host", "https://App.example"],
    ["upper case in the scheme", "HTTPS://app.example"],
    ["the port that is the default", "https://app.example:443"],
    ["no scheme", "app.example"],
    ["another scheme", "ftp://app.example"],
    ["a pattern", "https://*.example"],
    ["a pattern for ports", "http://localhost:*"],
    ["a space before", " https://app.example"],
    ["a line break behind", "https://app.example\n"],
    ["letters outside ASCII", "https://bücher.example"],
    ["a scheme without a host", "https://"],
    ["two origins", "https://a.example https://b.example"],
    ["another star", "**"],
  ])("projects: %s makes none: %j", (_what, text) => {
    expect(isOrigin(text)).toBe(false);
  });

  test("projects: an origin is whatever a browser makes of a web page's URL", () => {
    fc.assert(
      fc.property(fc.webUrl({ withFragments: true, withQueryParameters: true }), (url) => {
        expect(isOrigin(new URL(url).origin)).toBe(true);
      }),
    );
  });

  test.each([
    [["https://a.example"], "https://a.example", "https://a.example"],
    [["https://a.example"], "https://b.example", undefined],
    [["https://a.example"], "https://a.example.evil.example", undefined],
    [["https://a.example"], "http://a.example", undefined],
    [["https://a.example"], "https://A.example", undefined],
    [["https://a.example"], "null", undefined],
    [["https://a.example"], null, undefined],
    [["https://a.example", "https://b.example"], "https://b.example", "https://b.example"],
    [["*"], "https://b.example", "*"],
    [["*"], "null", "*"],
    [["*"], null, "*"],
    [["https://a.example", "*"], "https://a.example", "*"],
    [["https://a.example"], "*", undefined],
    [[], "https://a.example", undefined],
    [[], null, undefined],
  ])("projects: with %j, a page of %s is allowed as %s", (origins, origin, allowed) => {
    expect(allowedOrigin(origins, origin)).toBe(allowed);
  });
});

describe("projects: settings", () => {
  test.each([
    [{}],
    [{ corsOrigins: [] }],
    [{ corsOrigins: ["https://a.example", "*"] }],
    [{ bodyMaxBytes: 1, readersMax: 1, streamsMax: 1 }],
    [{ bodyMaxBytes: BODY_MAX_BYTES, readersMax: LIVE_READERS_MAX, streamsMax: PROJECT_STREAMS_MAX }],
    [{ bodyMaxBytes: null, readersMax: null, streamsMax: null }],
    [{ corsOrigins: Array.from({ length: CORS_ORIGINS_MAX }, (_, i) => `https://a${i}.example`) }],
  ])("projects: the change %j is read as it is", (change) => {
    expect(parseSettings(change)).toEqual(parsed(change));
  });

  test.each([
    [null, "no JSON object"],
    ["{}", "no JSON object"],
    [[], "no JSON object"],
    [1, "no JSON object"],
    [undefined, "no JSON object"],
    [{ corsOrigin: [] }, 'no setting "corsOrigin"'],
    [JSON.parse('{"__proto__":{"corsOrigins":["*"]}}'), 'no setting "__proto__"'],
    [{ keys: [] }, 'no setting "keys"'],
    [{ corsOrigins: null }, "no list of origins"],
    [{ corsOrigins: "https://a.example" }, "no list of origins"],
    [{ corsOrigins: [1] }, "no list of origins"],
    [{ corsOrigins: ["https://a.example", "https://b.example/"] }, '"https://b.example/" is no origin'],
    [{ corsOrigins: Array.from({ length: CORS_ORIGINS_MAX + 1 }, () => "*") }, "more than 32 origins"],
    [{ bodyMaxBytes: 0 }, "bodyMaxBytes must be a whole number from 1 to 16777216"],
    [{ bodyMaxBytes: BODY_MAX_BYTES + 1 }, "bodyMaxBytes must be"],
    [{ bodyMaxBytes: 1.5 }, "bodyMaxBytes must be"],
    [{ bodyMaxBytes: "1" }, "bodyMaxBytes must be"],
    [{ bodyMaxBytes: Number.NaN }, "bodyMaxBytes must be"],
    [{ bodyMaxBytes: Number.MAX_VALUE }, "bodyMaxBytes must be"],
    [{ readersMax: -1 }, "readersMax must be a whole number from 1 to 30000"],
    [{ readersMax: LIVE_READERS_MAX + 1 }, "readersMax must be"],
    [{ readersMax: true }, "readersMax must be"],
    [{ streamsMax: 0 }, "streamsMax must be a whole number from 1 to 10000000"],
    [{ streamsMax: PROJECT_STREAMS_MAX + 1 }, "streamsMax must be"],
    [{ streamsMax: "9" }, "streamsMax must be"],
  ])("projects: the change %j is refused", (change, why) => {
    expect(parseSettings(change)).toMatchObject({
      ok: false,
      error: { code: "INVALID_PROJECT_SETTINGS", message: expect.stringContaining(why) as string },
    });
  });

  test("projects: whatever comes as settings, nothing is thrown", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(["boolean"]).toContain(typeof parseSettings(value).ok);
      }),
    );
  });

  test("projects: what a change leaves out stays, null takes a limit away, and a list takes the place of the list", () => {
    const settings: ProjectSettings = { corsOrigins: ["https://a.example"], bodyMaxBytes: 10, readersMax: 5 };
    expect(changeSettings(settings, {})).toEqual(settings);
    expect(changeSettings(settings, { bodyMaxBytes: null })).toEqual({
      corsOrigins: ["https://a.example"],
      readersMax: 5,
    });
    expect(changeSettings(settings, { readersMax: 6, corsOrigins: [] })).toEqual({
      corsOrigins: [],
      bodyMaxBytes: 10,
      readersMax: 6,
    });
    expect(Object.keys(changeSettings({ corsOrigins: [] }, { readersMax: null }))).toEqual(["corsOrigins"]);
    const limited = changeSettings(settings, { streamsMax: 9 });
    expect(limited).toEqual({ ...settings, streamsMax: 9 });
    expect(changeSettings(limited, { readersMax: 5 })).toEqual(limited);
    expect(changeSettings(limited, { streamsMax: null })).toEqual(settings);
  });
});
