import { usageFailure } from "../command-failure.ts";

const METHODS = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"] as const;

export type Method = (typeof METHODS)[number];

/** A method in any case. */
export function parseMethod(text: string): Method {
  const method = METHODS.find((each) => each === text.toUpperCase());
  if (method !== undefined) return method;
  throw usageFailure(`${JSON.stringify(text)} is not a method.`, `Use one of ${METHODS.join(", ")}.`);
}

const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/;
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const NO_HEADER_VALUE = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** `Name: value` lines as they are given with `-H`; of repeated ones the last counts. */
export function parseHeaders(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(lines.map(parseHeader));
}

function parseHeader(line: string): readonly [name: string, value: string] {
  const [, name, value = ""] = HEADER.exec(line) ?? [];
  if (name !== undefined && !NO_HEADER_VALUE.test(value)) return [name.toLowerCase(), value.trimEnd()];
  throw usageFailure(`--header ${JSON.stringify(line)} is not a header.`, `Write it like -H "Stream-TTL: 3600".`);
}

/** The content type of a body that came without one: what it looks like. */
export function guessContentType(body: Uint8Array): string {
  try {
    JSON.parse(Buffer.from(body).toString("utf8"));
    return "application/json";
  } catch {
    return "application/octet-stream";
  }
}
