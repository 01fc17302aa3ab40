import {
  isClosedHeader,
  PRODUCER_EPOCH,
  PRODUCER_EXPECTED_SEQ,
  PRODUCER_RECEIVED_SEQ,
  STREAM_CLOSED,
  STREAM_NEXT_OFFSET,
} from "../protocol/headers.ts";
import { AccessDeniedError, denial } from "./errors/access-denied-error.ts";
import type { ClientError, ClientErrorDetails } from "./errors/client-error.ts";
import { ConflictError } from "./errors/conflict-error.ts";
import { DamagedHistoryError } from "./errors/damaged-history-error.ts";
import { RateLimitedError } from "./errors/rate-limited-error.ts";
import { RejectedRequestError } from "./errors/rejected-request-error.ts";
import { SequenceGapError } from "./errors/sequence-gap-error.ts";
import { ServerFailureError } from "./errors/server-failure-error.ts";
import { StaleEpochError } from "./errors/stale-epoch-error.ts";
import { StreamClosedError } from "./errors/stream-closed-error.ts";
import { StreamGoneError } from "./errors/stream-gone-error.ts";
import { StreamNotFoundError } from "./errors/stream-not-found-error.ts";
import type { Answer } from "./transport.ts";
import { shortened } from "./shortened.ts";
import { visibleText } from "./visible-text.ts";

/** Nobody needs more of an error's body than this; the rest is dropped. */
const ERROR_BODY_MAX_BYTES = 64 * 1024;
const SENTENCE_MAX_CHARACTERS = 500;

/** `undefined` when the connection was lost before the end: half a sentence says nothing, and half a code something else. */
async function readStart(answer: Answer): Promise<string | undefined> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of answer.body) {
      pieces.push(piece);
      bytes += piece.byteLength;
      if (bytes >= ERROR_BODY_MAX_BYTES) break;
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(pieces).toString("utf8");
}

interface ServerWords {
  readonly code: string | undefined;
  readonly sentence: string | undefined;
}

/** `{"error":{"code","message"}}` as our server answers; from others the plain text, if it is one short line. */
function serverWords(body: string): ServerWords {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null && "error" in parsed) {
      const { error } = parsed;
      if (typeof error === "object" && error !== null) {
        return {
          code: "code" in error && typeof error.code === "string" ? error.code : undefined,
          sentence: "message" in error && typeof error.message === "string" ? error.message : undefined,
        };
      }
    }
  } catch {
    // Not JSON: other servers answer in plain text.
  }
  const text = body.trim();
  return { code: undefined, sentence: text === "" || text.includes("<html") ? undefined : text };
}

function wholeNumber(value: string | undefined): number | undefined {
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}

/** `Retry-After` in either of its forms (RFC 9110, section 10.2.3). */
function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const seconds = wholeNumber(value);
  if (seconds !== undefined) return seconds * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

const OWN_WORDS: ReadonlyMap<number, string> = new Map([
  [400, "the server calls the request malformed"],
  [401, "the server asks for a token, or does not accept this one"],
  [403, "the token does not allow this"],
  [404, "there is no stream at this URL"],
  [405, "the server does not know this operation here"],
  [409, "the stream's state contradicts the request"],
  [410, "the stream, or this part of it, is no longer kept"],
  [413, "the request is larger than the server takes"],
  [429, "the server is asked too much at once"],
]);

/** What a status means, for answers that say nothing themselves: that of a HEAD has no body to say it in. */
function ownWords(status: number): string {
  const known = OWN_WORDS.get(status);
  if (known !== undefined) return known;
  if (status >= 300 && status < 400) return "the server points to another URL";
  return status >= 500 ? "the server could not do it" : "the server refuses the request";
}

/** A server's text, which may be a word or a line without an end, as a sentence among others. */
export function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** Our server's codes for history that is not what it was. */
const DAMAGES: ReadonlySet<string> = new Set(["SEGMENT_MISSING", "SEGMENT_CORRUPT"]);

/** The error that an answer stands for. It reads the body, so the answer cannot be used afterwards. */
export async function answerError(answer: Answer, url: string, doing: string): Promise<ClientError> {
  const { status } = answer;
  const start = await readStart(answer);
  // Without it the status alone has to do.
  const { code, sentence } = serverWords(start ?? "");
  const reason = sentence === undefined ? undefined : visibleText(sentence).slice(0, SENTENCE_MAX_CHARACTERS);
  const asked = `${doing} ${shortened(url)} failed with ${String(status)}`;
  const message = `${asked}: ${reason ?? `${ownWords(status)}.`}`;
  // Only a server that gives its errors codes also gives them sentences to act on.
  const explained = code !== undefined && sentence !== undefined;
  const details = (fallback: string): ClientErrorDetails => ({
    url,
    status,
    code: code ?? fallback,
    message,
    explained,
    asked: `${asked}.`,
    reason,
  });
  if (status === 403 && (answer.header(PRODUCER_EPOCH) !== undefined || code === "STALE_EPOCH")) {
    return new StaleEpochError({ ...details("STALE_EPOCH"), currentEpoch: wholeNumber(answer.header(PRODUCER_EPOCH)) });
  }
  if (status === 409) return conflict(answer, details, start === undefined);
  if (status === 401 || status === 403) {
    const why = reason === undefined ? `: ${ownWords(status)}.` : `. ${asSentence(reason)}`;
    return new AccessDeniedError({ ...details("ACCESS_DENIED"), message: `${denial(status)}${why} ${asked}.` });
  }
  if (status === 404) return new StreamNotFoundError(details("STREAM_NOT_FOUND"));
  if (status === 410) return new StreamGoneError(details("STREAM_GONE"));
  const waitMs = retryAfterMs(answer.header("retry-after"));
  if (status === 429) return new RateLimitedError({ ...details("RATE_LIMITED"), retryAfterMs: waitMs });
  if (status === 500 && code !== undefined && DAMAGES.has(code)) {
    return new DamagedHistoryError(details("SEGMENT_CORRUPT"));
  }
  if (status >= 500 && status !== 501)
    return new ServerFailureError({ ...details("SERVER_FAILURE"), retryAfterMs: waitMs });
  return new RejectedRequestError(details("REQUEST_REJECTED"));
}

function conflict(answer: Answer, details: (fallback: string) => ClientErrorDetails, isCutOff: boolean): ClientError {
  if (isClosedHeader(answer.header(STREAM_CLOSED))) {
    return new StreamClosedError({ ...details("STREAM_CLOSED"), finalOffset: answer.header(STREAM_NEXT_OFFSET) });
  }
  const expectedSeq = wholeNumber(answer.header(PRODUCER_EXPECTED_SEQ));
  if (expectedSeq !== undefined) {
    const receivedSeq = wholeNumber(answer.header(PRODUCER_RECEIVED_SEQ));
    return new SequenceGapError({ ...details("SEQUENCE_GAP"), expectedSeq, receivedSeq });
  }
  return new ConflictError(details("CONFLICT"), isCutOff);
}
