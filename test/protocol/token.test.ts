import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  OPERATOR_TOKEN_LIFETIME_MAX_SECONDS,
  TOKEN_CLOCK_LEEWAY_SECONDS,
  TOKEN_LIFETIME_MAX_SECONDS,
} from "../../src/protocol/limits.ts";
import {
  OPERATOR_AUDIENCE,
  operatorProblem,
  parseClaims,
  useProblem,
  type Scope,
  type TokenClaims,
} from "../../src/protocol/token.ts";
import { anyText } from "./arbitraries.ts";

const NOW = 1_800_000_000;
const CLAIMS = { sub: "shop", scope: "write", exp: NOW + 60 };

function codeOf(payload: Readonly<Record<string, unknown>>, nowSeconds = NOW): string {
  const claims = parseClaims(payload, nowSeconds);
  return claims.ok ? "fine" : claims.error.code;
}

/** Whatever JSON can hold where a number should be, numbers too large for a date included. */
const anyClaim = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(Number.MAX_VALUE, -Number.MAX_VALUE, 8.64e12, 8.64e12 + 1, 2 ** 53, -1, 0, NOW, NOW + 0.5),
);

describe("tokens: claims", () => {
  test("tokens: what is known is read, and the rest is left out", () => {
    const whole = { ...CLAIMS, nbf: NOW, stream_id: "a", stream_prefix: "b/" };
    expect(parseClaims({ ...whole, iss: "somebody", admin: true }, NOW)).toEqual({ ok: true, value: whole });
    expect(parseClaims({ ...CLAIMS, iat: NOW }, NOW)).toEqual({ ok: true, value: CLAIMS });
  });

  test.each([
    ["no sub", { sub: undefined }],
    ["an empty sub", { sub: "" }],
    ["a sub that is a list", { sub: ["shop"] }],
    ["no scope", { scope: undefined }],
    ["a scope of two words", { scope: "read write" }],
    ["a scope of another case", { scope: "Write" }],
    ["a scope that is a list", { scope: ["write"] }],
    ["no exp", { exp: undefined }],
    ["an exp that is text", { exp: String(NOW + 60) }],
    ["an exp that is null", { exp: null }],
    ["an exp that is no number", { exp: Number.NaN }],
    ["an endless exp", { exp: Infinity }],
    ["an nbf that is text", { nbf: String(NOW) }],
    ["an nbf that is null", { nbf: null }],
    ["an empty stream_id", { stream_id: "" }],
    ["a stream_id that is null", { stream_id: null }],
    ["a stream_id that is a list", { stream_id: ["a"] }],
    ["an empty stream_prefix", { stream_prefix: "" }],
    ["a stream_prefix that is a number", { stream_prefix: 1 }],
    ["a wrong stream_prefix beside a right stream_id", { stream_id: "a", stream_prefix: null }],
  ])("tokens: %s is TOKEN_CLAIMS", (_what, change) => {
    expect(codeOf({ ...CLAIMS, ...change })).toBe("TOKEN_CLAIMS");
  });

  test("tokens: whatever a payload holds, nothing is thrown, and what is read is of the right types", () => {
    const payload = fc.record(
      {
        sub: fc.oneof(fc.constant("shop"), anyClaim),
        scope: fc.oneof(fc.constantFrom("read", "write"), anyClaim),
        exp: fc.oneof(fc.constant(NOW + 60), anyClaim),
        nbf: anyClaim,
        stream_id: anyClaim,
        stream_prefix: anyClaim,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(payload, (claims) => {
        const read = parseClaims(claims, NOW);
        if (!read.ok) return;
        const { sub, scope, exp, nbf = NOW, stream_id: id = "-", stream_prefix: prefix = "-" } = read.value;
        expect([sub, id, prefix].every((text) => typeof text === "string" && text !== "")).toBe(true);
        expect(["read", "write"]).toContain(scope);
        expect(exp > NOW && nbf <= NOW + TOKEN_CLOCK_LEEWAY_SECONDS).toBe(true);
      }),
    );
  });
});

describe("tokens: times", () => {
  test.each([
    [NOW - 1, "TOKEN_EXPIRED"],
    [NOW, "TOKEN_EXPIRED"],
    [NOW + 1, "fine"],
    [NOW + 0.5, "fine"],
    [NOW + TOKEN_LIFETIME_MAX_SECONDS + TOKEN_CLOCK_LEEWAY_SECONDS, "fine"],
    [NOW + TOKEN_LIFETIME_MAX_SECONDS + TOKEN_CLOCK_LEEWAY_SECONDS + 1, "TOKEN_LIFETIME"],
    [Number.MAX_VALUE, "TOKEN_LIFETIME"],
    [0, "TOKEN_EXPIRED"],
    [-Number.MAX_VALUE, "TOKEN_EXPIRED"],
  ])("tokens: with exp %d one is %s", (exp, code) => {
    expect(codeOf({ ...CLAIMS, exp })).toBe(code);
  });

  test.each([
    [-Number.MAX_VALUE, "fine"],
    [NOW, "fine"],
    [NOW + TOKEN_CLOCK_LEEWAY_SECONDS, "fine"],
    [NOW + TOKEN_CLOCK_LEEWAY_SECONDS + 1, "TOKEN_NOT_YET_VALID"],
    [8.64e12 + 1, "TOKEN_NOT_YET_VALID"],
    [Number.MAX_VALUE, "TOKEN_NOT_YET_VALID"],
  ])("tokens: with nbf %d one is %s", (nbf, code) => {
    expect(codeOf({ ...CLAIMS, nbf })).toBe(code);
  });

  test("tokens: the sentence tells how long ago, or from when on", () => {
    const sentence = (change: object): string => {
      const claims = parseClaims({ ...CLAIMS, ...change }, NOW);
      return claims.ok ? "" : claims.error.message;
    };
    expect(sentence({ exp: NOW - 90 })).toContain("expired 90 s ago");
    expect(sentence({ exp: NOW - 3600 })).toContain("expired 60 minutes ago");
    expect(sentence({ exp: -Number.MAX_VALUE })).toContain("expired a very long time ago");
    expect(sentence({ nbf: NOW + 3600 })).toContain("not valid before 2027-01-15T09:00:00.000Z");
  });

  test("tokens: the times are judged before the rest, so a token that ended says so whatever it holds", () => {
    expect(codeOf({ exp: NOW - 1 })).toBe("TOKEN_EXPIRED");
    expect(codeOf({ exp: NOW - 1, nbf: "x", sub: 1 })).toBe("TOKEN_EXPIRED");
  });
});

describe("tokens: use", () => {
  const token: TokenClaims = { sub: "shop", scope: "write", exp: NOW + 60 };
  const reader: TokenClaims = { ...token, scope: "read" };
  const one: TokenClaims = { ...token, stream_id: "orders/1" };
  const some: TokenClaims = { ...token, stream_prefix: "orders/" };
  const both: TokenClaims = { ...some, stream_id: "orders/1" };

  test.each<[string, TokenClaims, string, string | undefined, Scope, string | undefined]>([
    ["write writes", token, "shop", "a", "write", undefined],
    ["write reads", token, "shop", "a", "read", undefined],
    ["read reads", reader, "shop", "a", "read", undefined],
    ["read does not write", reader, "shop", "a", "write", "TOKEN_SCOPE"],
    ["another project", token, "shop2", "a", "read", "TOKEN_PROJECT"],
    ["a project that begins like it", token, "sho", "a", "read", "TOKEN_PROJECT"],
    ["a project of another case", token, "Shop", "a", "read", "TOKEN_PROJECT"],
    ["another project is told before the scope", reader, "other", "a", "write", "TOKEN_PROJECT"],
    ["the scope is told before the stream", { ...one, scope: "read" }, "shop", "b", "write", "TOKEN_SCOPE"],
    ["its stream", one, "shop", "orders/1", "write", undefined],
    ["a stream that begins like it", one, "shop", "orders/12", "write", "TOKEN_STREAM"],
    ["another stream", one, "shop", "orders/2", "read", "TOKEN_STREAM"],
    ["its stream in another project", one, "other", "orders/1", "read", "TOKEN_PROJECT"],
    ["below its prefix", some, "shop", "orders/1/x", "write", undefined],
    ["not below its prefix", some, "shop", "orders", "read", "TOKEN_STREAM"],
    ["a prefix in the middle", some, "shop", "my/orders/1", "read", "TOKEN_STREAM"],
    ["both, and both fit", both, "shop", "orders/1", "write", undefined],
    ["both, and one does not fit", both, "shop", "orders/2", "read", "TOKEN_STREAM"],
    ["the project as a whole", token, "shop", undefined, "read", undefined],
    ["the project as a whole with a limit to a stream", one, "shop", undefined, "read", "TOKEN_STREAM"],
    ["the project as a whole with a limit to a prefix", some, "shop", undefined, "read", "TOKEN_STREAM"],
  ])("tokens: %s", (_what, claims, project, path, access, code) => {
    expect(useProblem(claims, { project, path, access })?.code).toBe(code);
  });

  test.each<[string, TokenClaims, string | undefined, string | undefined]>([
    ["its prefix", some, "orders/", undefined],
    ["within its prefix", some, "orders/1", undefined],
    ["a wider prefix", some, "orders", "TOKEN_STREAM"],
    ["every prefix", some, "", "TOKEN_STREAM"],
    ["no prefix", some, undefined, "TOKEN_STREAM"],
    ["another prefix", some, "my/orders/", "TOKEN_STREAM"],
    ["its only stream as the prefix", one, "orders/1", "TOKEN_STREAM"],
    ["its only stream within its prefix", both, "orders/1", "TOKEN_STREAM"],
    ["any prefix without a limit", token, "x", undefined],
  ])("tokens: of several streams, %s", (_what, claims, prefix, code) => {
    const use = { project: "shop", path: undefined, access: "read" as const };
    expect(useProblem(claims, prefix === undefined ? use : { ...use, prefix })?.code).toBe(code);
  });

  test("tokens: one that is limited opens what its limit says and nothing else, for reads and writes alike", () => {
    const limited = fc.record({ stream_id: anyText({ minLength: 1 }), stream_prefix: anyText({ minLength: 1 }) });
    fc.assert(
      fc.property(
        limited,
        anyText({ minLength: 1 }),
        fc.constantFrom<Scope>("read", "write"),
        (limit, path, access) => {
          const { stream_id, stream_prefix } = limit;
          const opens = (claims: Partial<TokenClaims>, to: string): boolean =>
            useProblem({ ...token, ...claims }, { project: "shop", path: to, access }) === undefined;
          expect(opens({ stream_id }, path)).toBe(path === stream_id);
          expect(opens({ stream_id }, stream_id)).toBe(true);
          expect(opens({ stream_prefix }, path)).toBe(path.startsWith(stream_prefix));
          expect(opens({ stream_prefix }, `${stream_prefix}${path}`)).toBe(true);
          expect(opens(limit, path)).toBe(path === stream_id && path.startsWith(stream_prefix));
        },
      ),
    );
  });
});

describe("tokens: operators'", () => {
  const HOST = "streams.example";
  const OPERATORS = { aud: [OPERATOR_AUDIENCE, HOST], exp: NOW + 60 };

  test.each<[string, object, string | undefined]>([
    ["for this server", {}, undefined],
    ["for several", { aud: ["other.example", HOST, OPERATOR_AUDIENCE] }, undefined],
    ["for another host", { aud: [OPERATOR_AUDIENCE, "other.example"] }, "TOKEN_CLAIMS"],
    ["for this host on another port", { aud: [OPERATOR_AUDIENCE, `${HOST}:8443`] }, "TOKEN_CLAIMS"],
    ["for no host", { aud: OPERATOR_AUDIENCE }, "TOKEN_CLAIMS"],
    ["for the host, but not for operators", { aud: [HOST] }, "TOKEN_CLAIMS"],
    ["for one text that holds both", { aud: `${OPERATOR_AUDIENCE} ${HOST}` }, "TOKEN_CLAIMS"],
    ["for nobody", { aud: undefined }, "TOKEN_CLAIMS"],
    ["for something that is no text", { aud: { 0: OPERATOR_AUDIENCE, 1: HOST } }, "TOKEN_CLAIMS"],
    ["expired", { exp: NOW }, "TOKEN_EXPIRED"],
    ["without an end", { exp: undefined }, "TOKEN_CLAIMS"],
    ["not yet valid", { nbf: Number.MAX_VALUE }, "TOKEN_NOT_YET_VALID"],
    ["of five minutes", { exp: NOW + OPERATOR_TOKEN_LIFETIME_MAX_SECONDS }, undefined],
    [
      "of more than five minutes",
      { exp: NOW + OPERATOR_TOKEN_LIFETIME_MAX_SECONDS + TOKEN_CLOCK_LEEWAY_SECONDS + 1 },
      "TOKEN_LIFETIME",
    ],
  ])("tokens: one that is %s", (_what, change, code) => {
    expect(operatorProblem({ ...OPERATORS, ...change }, HOST, NOW)?.code).toBe(code);
  });

  test("tokens: a host is one of its own with each port", () => {
    const payload = { ...OPERATORS, aud: [OPERATOR_AUDIENCE, "127.0.0.1:4437"] };
    expect(operatorProblem(payload, "127.0.0.1:4437", NOW)).toBeUndefined();
    expect(operatorProblem(payload, "127.0.0.1", NOW)?.code).toBe("TOKEN_CLAIMS");
  });
});
