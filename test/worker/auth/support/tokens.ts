// Tokens made by hand: the library that verifies them would refuse to make most of these.
import { keyId } from "../../../../src/protocol/secret.ts";
import { OPERATOR_AUDIENCE, OPERATOR_TOKEN_TYPE } from "../../../../src/protocol/token.ts";

type Json = Readonly<Record<string, unknown>>;

/** Signs what is between header and signature; what it is called is the header's business. */
export type Sign = (input: Uint8Array) => Promise<ArrayBuffer>;

const encoder = new TextEncoder();

export function hmac(secret: string, hash: "SHA-256" | "SHA-512" = "SHA-256"): Sign {
  return async (input) => {
    const algorithm = { name: "HMAC", hash };
    const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
    return crypto.subtle.sign("HMAC", key, input);
  };
}

/** A key pair that nobody knows: the signature is right, by an algorithm that no key here works with. */
export async function rsa(): Promise<Sign> {
  const algorithm = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  };
  const { privateKey } = (await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"])) as CryptoKeyPair;
  return (input) => crypto.subtle.sign(algorithm.name, privateKey, input);
}

export function noSignature(): Promise<ArrayBuffer> {
  return Promise.resolve(new ArrayBuffer(0));
}

/** A token in compact form (RFC 7515, section 7.1), whatever it says. */
export async function compact(header: unknown, payload: unknown, sign: Sign): Promise<string> {
  const input = [header, payload].map((part) => base64url(encoder.encode(JSON.stringify(part)))).join(".");
  return `${input}.${base64url(new Uint8Array(await sign(encoder.encode(input))))}`;
}

export function base64url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** What a token of a project says and how it is made; `undefined` leaves a claim or a header out. */
export interface TokenChange {
  readonly header?: Json;
  readonly claims?: Json;
  readonly sign?: Sign;
}

/** A token of a project that opens all of it, but for the changes. */
export async function projectToken(project: string, secret: string, change: TokenChange = {}): Promise<string> {
  const header = { alg: "HS256", typ: "JWT", kid: await keyId(secret), ...change.header };
  const claims = { sub: project, scope: "write", exp: nowSeconds() + 600, ...change.claims };
  return compact(header, claims, change.sign ?? hmac(secret));
}

/** An operator's token for a host, but for the changes. */
export async function operatorToken(host: string, secret: string, change: TokenChange = {}): Promise<string> {
  const header = { alg: "HS256", typ: OPERATOR_TOKEN_TYPE, ...change.header };
  const claims = { aud: [OPERATOR_AUDIENCE, host], exp: nowSeconds() + 60, ...change.claims };
  return compact(header, claims, change.sign ?? hmac(secret));
}
