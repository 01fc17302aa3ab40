import type { ClientError } from "../client/errors/client-error.ts";
import * as header from "../protocol/headers.ts";
import { EXIT } from "./exit-codes.ts";
import type { ErrorReport } from "./report.ts";

/**
 * What our server calls a value that is wrong by itself, whatever is on the server. It came from the command line, so this
 * is a mistake in that, although only the server knew. What is wrong for the state of a stream is none: there, another
 * moment or another stream may do.
 */
const WRONG_BY_ITSELF: ReadonlySet<string> = new Set([
  "HEADER_TOO_LONG",
  "INVALID_CONTENT_TYPE",
  "INVALID_EXPIRES_AT",
  "INVALID_FORK_OFFSET",
  "INVALID_FORK_SOURCE",
  "INVALID_FORK_SUB_OFFSET",
  "INVALID_OFFSET",
  "INVALID_PATH",
  "INVALID_PRODUCER",
  "INVALID_PROJECT",
  "INVALID_PROJECT_SETTINGS",
  "INVALID_STREAM_SEQ",
  "INVALID_SUBSCRIPTION",
  "INVALID_TTL",
  "PATH_TOO_LONG",
  "WEBHOOK_URL_REJECTED",
]);

/** What parts of a request are called on the command line, the longer names first. */
const WORDS: readonly (readonly [name: string, word: string])[] = [
  [header.STREAM_FORK_SUB_OFFSET, "--sub-offset"],
  [header.STREAM_FORK_OFFSET, "--offset"],
  [header.STREAM_FORKED_FROM, "SRC"],
  [header.STREAM_EXPIRES_AT, "--expires-at"],
  [header.STREAM_TTL, "--ttl"],
  [header.STREAM_NEXT_OFFSET, "next offset"],
  [header.STREAM_SEQ, "--stream-seq"],
  [header.PRODUCER_ID, "--producer-id"],
];

/** What a server says of a request, in the words of the command line. */
export function inOurWords(sentence: string): string {
  const named = WORDS.reduce((text, [name, word]) => text.replaceAll(name, word), sentence);
  return named.replace(/^(offset|from)=/, "--$1 ");
}

/** A mistake in the command line that only the server could find; `undefined` of all else. */
export function mistakenValueReport({ code, said }: ClientError): ErrorReport | undefined {
  if (said === undefined || !WRONG_BY_ITSELF.has(code)) return undefined;
  return { code, message: inOurWords(said), hint: undefined, exitCode: EXIT.usage, unexpected: false };
}
