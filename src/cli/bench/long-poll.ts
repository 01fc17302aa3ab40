import { contentKind } from "../../protocol/content-type.ts";
import { isClosedHeader, STREAM_CLOSED, STREAM_CURSOR, STREAM_NEXT_OFFSET } from "../../protocol/headers.ts";
import { JsonArrayError, JsonArraySplitter } from "../../client/json-array-splitter.ts";
import { expectStatus, missingOffset } from "../../client/operations.ts";
import { malformedArray, readUrl } from "../../client/page.ts";
import { isRetryable } from "../../client/errors/client-error.ts";
import { RetryClock } from "../../client/retry.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import type { Answer } from "../../client/transport.ts";

export interface LongPollOptions {
  readonly offset: string;
  readonly contentType: string;
  readonly signal: AbortSignal;
  /** Whether the last request was answered. */
  readonly onState: (isAnswered: boolean) => void;
}

/** Servers hold a request for some 30 s; only well past that is one given up. */
const SILENCE_MS = 90_000;
const GIVE_UP_MS = 3_600_000;

/**
 * Reads a stream live by long-polling (section 5.7): what came, in pieces as `follow` hands them on. A request that fails
 * is repeated from the offset of the last answer that was whole.
 */
export async function* longPoll(
  client: StreamClient,
  url: string,
  options: LongPollOptions,
): AsyncGenerator<Uint8Array[]> {
  const { contentType, signal, onState } = options;
  const isJson = contentKind(contentType) === "json";
  const clock = new RetryClock({ giveUpAfterMs: GIVE_UP_MS, signal });
  let { offset } = options;
  let cursor: string | undefined;
  for (;;) {
    try {
      const answer = await client.send({
        method: "GET",
        url: readUrl(url, { offset, live: "long-poll", cursor }),
        signal,
        silenceTimeoutMs: SILENCE_MS,
      });
      await expectStatus(answer, [200, 204], url, "Long-polling");
      const pieces = await piecesOf(answer, url, isJson);
      const nextOffset = answer.header(STREAM_NEXT_OFFSET);
      if (nextOffset === undefined) throw missingOffset(url, answer.status);
      offset = nextOffset;
      cursor = answer.header(STREAM_CURSOR);
      clock.succeeded();
      onState(true);
      if (pieces.length > 0) yield pieces;
      if (isClosedHeader(answer.header(STREAM_CLOSED))) return;
    } catch (error) {
      if (!isRetryable(error)) throw error;
      onState(false);
      await clock.failed(error);
    }
  }
}

/** All of an answer: it counts as a whole or not at all. Servers bound how much that is. */
async function piecesOf(answer: Answer, url: string, isJson: boolean): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  if (answer.status === 204) {
    await answer.dump();
    return pieces;
  }
  const splitter = new JsonArraySplitter();
  try {
    for await (const bytes of answer.body) pieces.push(...(isJson ? splitter.push(bytes) : [bytes]));
    if (isJson && !splitter.ended) throw new JsonArrayError("it breaks off");
  } catch (error) {
    if (error instanceof JsonArrayError) throw malformedArray(error, url);
    throw error;
  }
  return pieces;
}
