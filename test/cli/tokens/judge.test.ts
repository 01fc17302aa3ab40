import { generateKeyPairSync, randomBytes } from "node:crypto";
import { SignJWT, type JWTPayload } from "jose";
import { describe, expect, it } from "vitest";
import { decodeToken } from "../../../src/cli/tokens/decode-token.ts";
import { type IntendedUse, judgeToken } from "../../../src/cli/tokens/judge-token.ts";
import { exactTime } from "../../../src/cli/tokens/time-left.ts";
import { keyId, newSecret } from "../../../src/protocol/secret.ts";

const NOW = 1_800_000_000;
const HOST = "streams.example";
const secret = newSecret("project");
const CLAIMS = { sub: "shop", scope: "write", exp: NOW + 60 };
const OPERATOR = { aud: ["durable-streams-operator", HOST], exp: NOW + 60 };

function sign(claims: JWTPayload, header: object = {}, key = secret): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256", ...header }).sign(new TextEncoder().encode(key));
}

async function judged(token: string, secrets: readonly string[] = [secret], use: IntendedUse = {}) {
  const { kind, signature, problems } = await judgeToken(decodeToken(token), {
    secrets,
    host: HOST,
    nowSeconds: NOW,
    use,
  });
  return { kind, signature, codes: problems.map(({ code }) => code) };
}

describe("judging a token", () => {
  it("a right one has no problem, with and without a kid", async () => {
    const right = { kind: "project", signature: "verified", codes: [] };
    expect(await judged(await sign(CLAIMS))).toEqual(right);
    expect(await judged(await sign(CLAIMS, { kid: await keyId(secret), typ: "jwt" }))).toEqual(right);
  });

  it("without a secret the signature is not looked at", async () => {
    expect(await judged(await sign(CLAIMS), [])).toEqual({ kind: "project", signature: "unchecked", codes: [] });
  });

  it("any of the secrets at hand may have signed it", async () => {
    expect(await judged(await sign(CLAIMS), [newSecret("project"), secret])).toMatchObject({ signature: "verified" });
  });

  it("a signature by another secret, or by a key that is not at hand, is told apart", async () => {
    const other = newSecret("project");
    const forged = await sign(CLAIMS, { kid: await keyId(secret) }, other);
    expect(await judged(forged)).toMatchObject({ signature: "wrong", codes: ["TOKEN_SIGNATURE"] });
    const unnamed = await sign(CLAIMS, {}, other);
    expect(await judged(unnamed)).toMatchObject({ signature: "wrong", codes: ["TOKEN_KEY_UNKNOWN"] });
    const foreign = await sign(CLAIMS, { kid: await keyId(other) }, other);
    expect(await judged(foreign)).toMatchObject({ signature: "other-key", codes: ["TOKEN_KEY_UNKNOWN"] });
  });

  it("a changed claim is noticed", async () => {
    const [header, , signature] = (await sign(CLAIMS, { kid: await keyId(secret) })).split(".");
    const changed = Buffer.from(JSON.stringify({ ...CLAIMS, sub: "till" })).toString("base64url");
    expect(await judged([header, changed, signature].join("."))).toMatchObject({ codes: ["TOKEN_SIGNATURE"] });
  });

  it("no algorithm but HS256 is taken, and what is signed by another is not verified", async () => {
    const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${(await sign(CLAIMS)).split(".")[1] ?? ""}.`;
    expect(await judged(none)).toMatchObject({ signature: "unchecked", codes: ["TOKEN_ALGORITHM"] });
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const rsa = await new SignJWT(CLAIMS).setProtectedHeader({ alg: "RS256" }).sign(privateKey);
    expect(await judged(rsa)).toMatchObject({ signature: "unchecked", codes: ["TOKEN_ALGORITHM"] });
  });

  it("everything that is wrong is told, in the order in which a server looks", async () => {
    const token = await sign({ ...CLAIMS, exp: NOW - 5 }, {}, newSecret("project"));
    expect(await judged(token)).toMatchObject({ codes: ["TOKEN_KEY_UNKNOWN", "TOKEN_EXPIRED"] });
  });

  it.each<readonly [string, JWTPayload, string]>([
    ["expired this second", { ...CLAIMS, exp: NOW }, "TOKEN_EXPIRED"],
    ["too far ahead", { ...CLAIMS, exp: NOW + 91 * 86_400 }, "TOKEN_LIFETIME"],
    ["not valid yet", { ...CLAIMS, nbf: NOW + 30 }, "TOKEN_NOT_YET_VALID"],
    ["without a project", { scope: "read", exp: NOW + 60 }, "TOKEN_CLAIMS"],
    ["without an end", { sub: "shop", scope: "read" }, "TOKEN_CLAIMS"],
    [
      "limited to a stream outside its own prefix",
      { ...CLAIMS, stream_id: "a/1", stream_prefix: "b/" },
      "TOKEN_STREAM",
    ],
  ])("one that is %s", async (_what, claims, code) => {
    expect(await judged(await sign(claims))).toMatchObject({ codes: [code] });
  });

  it.each<readonly [JWTPayload, IntendedUse, readonly string[]]>([
    [CLAIMS, { project: "shop", stream: "a", access: "write" }, []],
    [CLAIMS, { project: "till" }, ["TOKEN_PROJECT"]],
    [{ ...CLAIMS, scope: "read" }, { access: "write" }, ["TOKEN_SCOPE"]],
    [{ ...CLAIMS, stream_prefix: "a/" }, { stream: "a/1" }, []],
    [{ ...CLAIMS, stream_prefix: "a/" }, { stream: "b" }, ["TOKEN_STREAM"]],
    [{ ...CLAIMS, stream_id: "a" }, { stream: "a/1" }, ["TOKEN_STREAM"]],
  ])("%o for %o", async (claims, use, codes) => {
    expect(await judged(await sign(claims), [secret], use)).toMatchObject({ codes });
  });

  it("an operator's token is for one server, and its kind is told by typ alone", async () => {
    const typ = "ds-operator+jwt";
    const operator = newSecret("operator");
    expect(await judged(await sign(OPERATOR, { typ }, operator), [operator])).toEqual({
      kind: "operator",
      signature: "verified",
      codes: [],
    });
    const named = await sign(OPERATOR, { typ: typ.toUpperCase(), kid: "any" }, operator);
    expect(await judged(named, [operator])).toMatchObject({ kind: "operator", signature: "verified" });
    expect(await judged(named, [newSecret("operator")])).toMatchObject({ codes: ["TOKEN_SIGNATURE"] });
    const elsewhere = await sign(
      { ...OPERATOR, aud: ["durable-streams-operator", "other.example"] },
      { typ },
      operator,
    );
    expect(await judged(elsewhere, [operator])).toMatchObject({ codes: ["TOKEN_CLAIMS"] });
    expect(await judged(await sign(OPERATOR))).toMatchObject({ kind: "project", codes: ["TOKEN_CLAIMS"] });
    expect(await judged(await sign(CLAIMS, { typ: "at+jwt" }))).toMatchObject({ kind: "other", codes: ["TOKEN_KIND"] });
  });
});

describe("decoding a token", () => {
  it("white space around it, and the scheme before it, do not matter", async () => {
    const token = await sign(CLAIMS);
    expect(decodeToken(`  Bearer ${token}\n`)).toMatchObject({ text: token, claims: CLAIMS });
  });

  const part = (text: string): string => Buffer.from(text).toString("base64url");
  it.each([
    ["nothing", ""],
    ["a word", "hello"],
    ["two parts", "e30.e30"],
    ["five parts", "e30.e30.e30.e30.e30"],
    ["a list for a payload", `e30.${part("[]")}.x`],
    ["no JSON", `${part("{")}.e30.x`],
    ["no base64url", "e3+0.e30.x"],
    ["no UTF-8", `${Buffer.from([0x7b, 0xff]).toString("base64url")}.e30.x`],
    ["two tokens", "e30.e30.x e30.e30.x"],
  ])("%s is none, and is not repeated", (_what, text) => {
    expect(() => decodeToken(text)).toThrow(/^This is no token: /);
  });

  it("what is refused is not shown", () => {
    const secretText = randomBytes(16).toString("hex");
    expect(() => decodeToken(secretText)).not.toThrow(secretText);
  });
});

it.each([
  [0, "0.0 s"],
  [0.44, "0.4 s"],
  [59.6, "1 min"],
  [3599, "59 min 59 s"],
  [7_199.7, "2 h"],
  [90_061, "1 d 1 h 1 min 1 s"],
])("%d seconds are told as %s", (seconds, words) => {
  expect(exactTime(seconds)).toBe(words);
});
