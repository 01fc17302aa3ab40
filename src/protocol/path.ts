import { protocolError, quote } from "./errors.ts";
import { PATH_MAX_BYTES } from "./limits.ts";
import { failed, parsed, type Parsed } from "./result.ts";
import { isPlainText, isTooLong } from "./text.ts";

/** First path segment kept for the protocol's own control APIs (section 6). */
export const RESERVED_SEGMENT = "__ds";

/** The project of the short route `/v1/stream/{path}`. */
export const DEFAULT_PROJECT = "default";

// `stream` would make /v1/stream/stream/x mean two things.
const PROJECT_NAME = /^(?!stream$)[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export function isProjectName(name: string): boolean {
  return PROJECT_NAME.test(name);
}

/**
 * The one name a stream has, whichever way its path was written in a URL. The path is percent-decoded once, as UTF-8:
 * `a%2Fb` is the stream `a/b`, and `%252F` is the three characters `%2F`. What a name may be: {@link checkStreamPath}.
 */
export function parseStreamPath(encoded: string): Parsed<string> {
  let path: string;
  try {
    path = decodeURIComponent(encoded);
  } catch {
    return failed(
      protocolError(
        "INVALID_PATH",
        `The stream path ${quote(encoded)} is not percent-encoded UTF-8; encode each segment with encodeURIComponent.`,
      ),
    );
  }
  return checkStreamPath(path);
}

/**
 * Whether a text is a stream's name. Names are compared by code unit, so two spellings that Unicode calls equivalent are
 * two streams. Refused are empty segments, `.` and `..`, control characters, halves of characters, names over 1,024 bytes,
 * and the reserved first segment `__ds`.
 */
export function checkStreamPath(path: string): Parsed<string> {
  if (isTooLong(path, PATH_MAX_BYTES)) {
    return failed(
      protocolError(
        "PATH_TOO_LONG",
        `The stream path ${quote(path)} is longer than ${String(PATH_MAX_BYTES)} bytes; choose a shorter one.`,
      ),
    );
  }
  if (!isPlainText(path)) {
    return failed(
      protocolError("INVALID_PATH", `The stream path ${quote(path)} contains a control character; remove it.`),
    );
  }
  const segments = path.split("/");
  if (segments.some((segment) => segment === "" || segment === "." || segment === "..")) {
    return failed(
      protocolError(
        "INVALID_PATH",
        `The stream path ${quote(path)} has an empty, "." or ".." segment; write it like "rooms/42".`,
      ),
    );
  }
  if (segments[0] === RESERVED_SEGMENT) {
    return failed(
      protocolError(
        "RESERVED_PATH",
        `Paths below "${RESERVED_SEGMENT}" are kept for the protocol's control APIs, and this server has none at ${quote(path)}.`,
      ),
    );
  }
  return parsed(path);
}

/** A path without the slashes before and behind it. */
export function trimSlashes(path: string): string {
  let start = 0;
  let end = path.length;
  while (start < end && path[start] === "/") start++;
  while (end > start && path[end - 1] === "/") end--;
  return path.slice(start, end);
}

/** The path as it is written in a URL: every segment percent-encoded, slashes kept. */
export function encodeStreamPath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
