import { usageFailure } from "../command-failure.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What a token says of itself, which proves nothing. */
export interface DecodedToken {
  readonly text: string;
  readonly header: Fields;
  readonly claims: Fields;
}

const WHITE_SPACE_OR_SCHEME = /^(?:Bearer\s+)?(\S*)$/i;
const BASE64URL = /^[A-Za-z0-9_-]+$/;

/** Reads a token without trusting it. What is none is a wrong command line; the text itself is never shown. */
export function decodeToken(given: string): DecodedToken {
  const text = WHITE_SPACE_OR_SCHEME.exec(given.trim())?.[1];
  if (text === undefined) throw noToken("it has white space in it");
  if (text === "") throw noToken("it is empty");
  const [header, claims, signature, ...more] = text.split(".");
  if (header === undefined || claims === undefined || signature === undefined || more.length > 0) {
    throw noToken("a token has three parts with dots between them");
  }
  return { text, header: fieldsOf(header, "header"), claims: fieldsOf(claims, "payload") };
}

function fieldsOf(part: string, name: string): Fields {
  const value = BASE64URL.test(part) ? jsonOf(part) : undefined;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw noToken(`its ${name} is not a JSON object in base64url`);
}

function jsonOf(part: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(part, "base64url")));
  } catch {
    return undefined;
  }
}

function noToken(why: string) {
  return usageFailure(`This is no token: ${why}.`, "A token looks like eyJ... with two dots in it.");
}
