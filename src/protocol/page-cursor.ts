import { protocolError, quote } from "./errors.ts";
import { failed, parsed, type Parsed } from "./result.ts";
import { isTooLong } from "./text.ts";

/** Longest text that a cursor stands for, in bytes: a stream's path, or a subscription's id. */
const TEXT_MAX_BYTES = 1024;

/** The cursor of the page behind the entry that is called like that: opaque to clients, and fit for a URL. */
export function formatPageCursor(last: string): string {
  const binary = Array.from(new TextEncoder().encode(last), (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The entry that a page begins behind; without a cursor the empty text, which is before all. */
export function parsePageCursor(cursor: string | null): Parsed<string> {
  if (cursor === null) return parsed("");
  const last = decoded(cursor);
  // What we did not write ourselves may have been cut short on its way.
  if (last !== undefined && last !== "" && !isTooLong(last, TEXT_MAX_BYTES) && formatPageCursor(last) === cursor) {
    return parsed(last);
  }
  return failed(
    protocolError(
      "INVALID_CURSOR",
      `cursor=${quote(cursor)} is no cursor of this server; send the \`next_cursor\` of the last page, or leave it out.`,
    ),
  );
}

function decoded(cursor: string): string | undefined {
  try {
    const binary = atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
