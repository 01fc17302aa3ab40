import { protocolError, type ProtocolError } from "./errors.ts";
import { encodeHex } from "./hex.ts";
import { SECRET_MAX_BYTES, SECRET_MIN_BYTES } from "./limits.ts";

/** What a secret is for, which its first letters tell to people and to scanners for leaked ones. */
export type SecretKind = "project" | "operator";

const PREFIX: Readonly<Record<SecretKind, string>> = { project: "dssk", operator: "dsop" };
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** 32 bytes in base 62. */
const RANDOM_DIGITS = 43;
const RANDOM_BYTES = 32;
const CHECK_DIGITS = 6;
const PRINTED = /^(dssk|dsop)_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;
/** What begins so was ours once, whatever became of it since. */
const OURS = /^(dssk|dsop)_/;
const KEY_ID_DIGITS = 16;
const encoder = new TextEncoder();

/**
 * A new secret of 256 random bits: `dssk_` or `dsop_`, 43 digits of base 62, and six more that are a CRC-32 of what is
 * before them, so that scanners find leaked ones and a torn copy is noticed where it is used.
 */
export function newSecret(
  kind: SecretKind,
  random: Uint8Array = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)),
): string {
  const body = `${PREFIX[kind]}_${toBase62(BigInt(`0x${encodeHex(random)}`), RANDOM_DIGITS)}`;
  return `${body}${checkDigits(body)}`;
}

/**
 * What is wrong with a secret, which somebody may also bring along: one that looks like ours has to have the right kind
 * and check digits, and every one enough bytes of visible ASCII. `undefined` when nothing is.
 */
export function secretProblem(secret: string, kind: SecretKind): ProtocolError | undefined {
  const bytes = encoder.encode(secret).byteLength;
  if (!/^[\x21-\x7e]*$/.test(secret)) return invalid("has characters other than visible ASCII");
  if (bytes < SECRET_MIN_BYTES || bytes > SECRET_MAX_BYTES) {
    return invalid(`has ${String(bytes)} bytes and needs ${String(SECRET_MIN_BYTES)} to ${String(SECRET_MAX_BYTES)}`);
  }
  const [, begin] = OURS.exec(secret) ?? [];
  if (begin === undefined) return undefined;
  if (begin !== PREFIX[kind]) return invalid(begin === PREFIX.operator ? "is an operator's" : "is a project's");
  const [, prefix, random, check] = PRINTED.exec(secret) ?? [];
  if (prefix === undefined || random === undefined) return invalid("was not copied whole: it has not 54 characters");
  return checkDigits(`${prefix}_${random}`) === check
    ? undefined
    : invalid("was not copied whole: its check digits are wrong");
}

/** The secret itself never stands in the sentence. */
function invalid(why: string): ProtocolError {
  return protocolError("INVALID_SECRET", `The secret ${why}; let one be made, or bring 32 random bytes in base64.`);
}

/**
 * The `kid` of a key: 16 hexadecimal digits of the SHA-256 of its secret behind a label. Whoever has the secret knows the
 * `kid`; the `kid` tells nothing that a signature would not.
 */
export async function keyId(secret: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", encoder.encode(`durable-streams key id\n${secret}`));
  return encodeHex(new Uint8Array(digest)).slice(0, KEY_ID_DIGITS);
}

function toBase62(value: bigint, digits: number): string {
  let text = "";
  for (let rest = value; text.length < digits; rest /= 62n) text = `${DIGITS[Number(rest % 62n)] ?? ""}${text}`;
  return text;
}

function checkDigits(text: string): string {
  return toBase62(BigInt(crc32(encoder.encode(text))), CHECK_DIGITS);
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 0 ? 0 : 0xedb88320);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
