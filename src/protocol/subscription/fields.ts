import { protocolError, quote, type ProtocolError } from "../errors.ts";
import { SUBSCRIPTION_REQUEST_MAX_STREAMS, SUBSCRIPTION_TEXT_MAX_BYTES } from "../limits.ts";
import { checkStreamPath, trimSlashes } from "../path.ts";
import { failed, parsed, type Parsed } from "../result.ts";
import { isPlainText, isTooLong } from "../text.ts";

/** The fields of a request's body. What nobody here knows is passed over: clients may know a later protocol. */
export type Fields = Readonly<Record<string, unknown>>;

/** Reads a body as one JSON object. */
export function parseFields(body: Uint8Array): Parsed<Fields> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    return failed(protocolError("INVALID_JSON", "The body is not valid JSON in UTF-8; send one JSON object."));
  }
  return isObject(value) ? parsed(value) : failed(invalid("The body must be one JSON object."));
}

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function invalid(message: string): ProtocolError {
  return protocolError("INVALID_SUBSCRIPTION", message);
}

/** A field that is left out may be `null` as well: that is how a subscription shows it. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

/** A text of at most {@link SUBSCRIPTION_TEXT_MAX_BYTES} that is not empty; `name` is the field's. */
export function parseText(name: string, value: unknown): Parsed<string> {
  if (typeof value !== "string" || value === "") return failed(invalid(`The field \`${name}\` must be a text.`));
  if (isTooLong(value, SUBSCRIPTION_TEXT_MAX_BYTES)) {
    const most = String(SUBSCRIPTION_TEXT_MAX_BYTES);
    return failed(invalid(`The field \`${name}\` is longer than ${most} bytes; use a shorter text.`));
  }
  return parsed(value);
}

/** A {@link parseText | text} on one line, such as the name of a worker. */
export function parseName(name: string, value: unknown): Parsed<string> {
  const text = parseText(name, value);
  if (!text.ok || isPlainText(text.value)) return text;
  return failed(invalid(`The field \`${name}\` is ${quote(text.value)}, with a control character; remove it.`));
}

/** The path of a stream, as plain text; slashes around it mean nothing. */
export function parsePath(name: string, value: unknown): Parsed<string> {
  if (typeof value !== "string") return failed(invalid(`The field \`${name}\` must be the path of a stream.`));
  const path = checkStreamPath(trimSlashes(value));
  return path.ok ? path : failed(invalid(path.error.message));
}

/** Paths of streams, each once and in order. */
export function parsePaths(name: string, value: unknown): Parsed<readonly string[]> {
  const list = parseList(name, value);
  if (!list.ok) return list;
  const paths = new Set<string>();
  for (const entry of list.value) {
    const path = parsePath(name, entry);
    if (!path.ok) return path;
    paths.add(path.value);
  }
  return parsed([...paths].toSorted());
}

/** A list of at most {@link SUBSCRIPTION_REQUEST_MAX_STREAMS}. */
export function parseList(name: string, value: unknown): Parsed<readonly unknown[]> {
  if (!Array.isArray(value)) return failed(invalid(`The field \`${name}\` must be a list.`));
  if (value.length <= SUBSCRIPTION_REQUEST_MAX_STREAMS) return parsed(value);
  const most = String(SUBSCRIPTION_REQUEST_MAX_STREAMS);
  return failed(invalid(`The field \`${name}\` has more than ${most} entries; send fewer at a time.`));
}
