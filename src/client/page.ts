import { contentKind, DEFAULT_CONTENT_TYPE, type ContentKind } from "../protocol/content-type.ts";
import { isClosedHeader, STREAM_CLOSED, STREAM_NEXT_OFFSET, STREAM_UP_TO_DATE } from "../protocol/headers.ts";
import { MalformedAnswerError } from "./errors/malformed-answer-error.ts";
import { JsonArrayError, JsonArraySplitter } from "./json-array-splitter.ts";
import { expectStatus, missingOffset } from "./operations.ts";
import type { Transport } from "./transport.ts";

/** One answer of a catch-up read: what its head says, and its body as it arrives. */
export interface Page {
  readonly kind: ContentKind;
  readonly contentType: string;
  readonly nextOffset: string;
  readonly upToDate: boolean;
  readonly closed: boolean;
  /** Which creation of the stream's name was read, where the server's entity tags say it, as our server's do. */
  readonly incarnation: string | undefined;
  /** For JSON whole messages, otherwise bytes. */
  readonly pieces: AsyncIterable<readonly Uint8Array[]>;
}

/** Our server's entity tags begin with the incarnation and name both ends of what was read. */
const OWN_ETAG = /^(?:W\/)?"([0-9a-f-]{36}):\d{16}_\d{16}:\d{16}_\d{16}(?::[a-z]+)?"$/;

/** Query parameters in the order of their names, so that caches see one URL for one question (section 10.1). */
export function readUrl(url: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const target = new URL(url);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) target.searchParams.set(name, value);
  }
  target.searchParams.sort();
  return target.href;
}

/** Asks for one page. Its pieces have to be read before the next request can use the connection. */
export async function readPage(transport: Transport, url: string, offset: string, signal?: AbortSignal): Promise<Page> {
  const answer = await transport.send({ method: "GET", url: readUrl(url, { offset }), signal });
  await expectStatus(answer, [200], url, "Reading");
  const nextOffset = answer.header(STREAM_NEXT_OFFSET);
  if (nextOffset === undefined) throw missingOffset(url, answer.status);
  const contentType = answer.header("content-type") ?? DEFAULT_CONTENT_TYPE;
  const kind = contentKind(contentType);
  const closed = isClosedHeader(answer.header(STREAM_CLOSED));
  return {
    kind,
    contentType,
    nextOffset,
    upToDate: closed || answer.header(STREAM_UP_TO_DATE)?.toLowerCase() === "true",
    closed,
    incarnation: OWN_ETAG.exec(answer.header("etag") ?? "")?.[1],
    pieces: kind === "json" ? jsonPieces(answer.body, url) : bytePieces(answer.body),
  };
}

async function* bytePieces(body: AsyncIterable<Uint8Array>): AsyncIterable<readonly Uint8Array[]> {
  for await (const bytes of body) yield [bytes];
}

async function* jsonPieces(body: AsyncIterable<Uint8Array>, url: string): AsyncIterable<readonly Uint8Array[]> {
  const splitter = new JsonArraySplitter();
  try {
    for await (const bytes of body) {
      const messages = splitter.push(bytes);
      if (messages.length > 0) yield messages;
    }
    if (!splitter.ended) throw new JsonArrayError("it breaks off");
  } catch (error) {
    if (!(error instanceof JsonArrayError)) throw error;
    throw malformedArray(error, url);
  }
}

export function malformedArray(error: JsonArrayError, url: string): MalformedAnswerError {
  const message = `${url} answered with something that is not a JSON array of messages: ${error.message}.`;
  return new MalformedAnswerError({ url, code: "NOT_A_JSON_ARRAY", message }, { cause: error });
}
