import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { looksLikeWakeToken, wakeTokenSubject } from "../../../src/protocol/subscription/wake-token-claims.ts";

const HEADER = { alg: "HS256", typ: "ds-wake+jwt" };
const CLAIMS = { sub: "subscription:shop/orders" };

function encoded(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

function token(header: unknown, claims: unknown, signature = "c2ln"): string {
  return [encoded(header), encoded(claims), signature].join(".");
}

describe("wake token: what it claims, unverified", () => {
  test("a token of this subscription looks like one, whatever signed it", () => {
    expect(looksLikeWakeToken(token(HEADER, CLAIMS), "shop", "orders")).toBe(true);
    expect(wakeTokenSubject("shop", "orders")).toBe(CLAIMS.sub);
  });

  test("so does one of a subscription whose id is no ASCII", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }), (id) => {
        expect(looksLikeWakeToken(token(HEADER, { sub: wakeTokenSubject("shop", id) }), "shop", id)).toBe(true);
      }),
    );
  });

  test.each<[string, string]>([
    ["another subscription's", token(HEADER, { sub: "subscription:shop/other" })],
    ["another project's", token(HEADER, { sub: "subscription:other/orders" })],
    ["one without a subject", token(HEADER, {})],
    ["a project's", token({ alg: "HS256", typ: "JWT" }, CLAIMS)],
    ["one without a kind", token({ alg: "HS256" }, CLAIMS)],
    ["another algorithm's", token({ ...HEADER, alg: "none" }, CLAIMS)],
    ["one without a signature", token(HEADER, CLAIMS, "")],
    ["a header that is no object", token(null, CLAIMS)],
    ["claims that are no object", token(HEADER, "x")],
    ["two parts", token(HEADER, CLAIMS).split(".").slice(0, 2).join(".")],
    ["four parts", `${token(HEADER, CLAIMS)}.x`],
    ["no base64", `%%.${encoded(CLAIMS)}.x`],
    ["no JSON", `eA.${encoded(CLAIMS)}.x`],
    ["one that is too long", token(HEADER, { ...CLAIMS, pad: "x".repeat(4096) })],
    ["nothing", ""],
  ])("not so %s", (_what, text) => {
    expect(looksLikeWakeToken(text, "shop", "orders")).toBe(false);
  });

  test("no text throws", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(looksLikeWakeToken(text, "shop", "orders")).toBe(false);
      }),
    );
  });
});
