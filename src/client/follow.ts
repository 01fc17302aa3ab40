import { contentKind, mediaType, type ContentKind } from "../protocol/content-type.ts";
import { STREAM_SSE_DATA_ENCODING } from "../protocol/headers.ts";
import { malformedArray, readUrl } from "./page.ts";
import { isRetryable } from "./errors/client-error.ts";
import { ConnectionError } from "./errors/connection-error.ts";
import { MalformedAnswerError } from "./errors/malformed-answer-error.ts";
import { JsonArrayError, JsonArraySplitter } from "./json-array-splitter.ts";
import { describeStream, expectStatus } from "./operations.ts";
import { RetryClock, type RetryOptions } from "./retry.ts";
import { sseEvents, type Control } from "./sse-events.ts";
import type { StreamBatch } from "./stream-batch.ts";
import type { Transport } from "./transport.ts";

/** How the connection of a live read stands. */
export type ConnectionState =
  | { readonly name: "connecting" }
  | { readonly name: "live" }
  | { readonly name: "waiting"; readonly waitMs: number; readonly leftMs: number; readonly error: unknown };

export interface FollowOptions {
  /** Where to start: an offset the server gave, `-1` for the start, `now` for what comes next. Default `now`. */
  readonly offset?: string | undefined;
  /** The stream's content type, when it is known already; otherwise it is asked for first. */
  readonly contentType?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** When to give up reconnecting. Default after an hour without a connection; before the first one, 5 s. */
  readonly retry?: RetryOptions | undefined;
  /** Longest silence before a connection is taken for dead, in milliseconds. Default 90,000: servers end theirs at 60 s. */
  readonly silenceTimeoutMs?: number | undefined;
  readonly onState?: ((state: ConnectionState) => void) | undefined;
}

/** A mistyped URL should be told at once; a server that was there before is waited for. */
const FIRST_CONNECTION_GIVE_UP_MS = 5_000;
const RECONNECT_GIVE_UP_MS = 3_600_000;
const SILENCE_MS = 90_000;
/** A server that ends connections faster than this without data is not asked again without a pause. */
const SHORT_CONNECTION_MS = 1_000;

function decodeBase64(text: string, url: string): Uint8Array {
  const compact = text.replace(/[\r\n]/g, "");
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) {
    throw new MalformedAnswerError({
      url,
      code: "BAD_BASE64",
      message: `${url} sent a data event that is not base64.`,
    });
  }
  return Buffer.from(compact, "base64");
}

function splitMessages(text: string, url: string): Uint8Array[] {
  const splitter = new JsonArraySplitter();
  try {
    const messages = splitter.push(Buffer.from(text));
    if (!splitter.ended) throw new JsonArrayError("it breaks off");
    return messages;
  } catch (error) {
    if (error instanceof JsonArrayError) throw malformedArray(error, url);
    throw error;
  }
}

/** Where a live read stands; it outlives the connections. */
class Position {
  offset: string;
  cursor: string | undefined;
  constructor(offset: string) {
    this.offset = offset;
  }
}

/** One connection, to its end. Data are handed on only with the control event that says where they end. */
async function* connection(
  transport: Transport,
  url: string,
  kind: ContentKind,
  position: Position,
  options: FollowOptions,
): AsyncGenerator<StreamBatch> {
  const answer = await transport.send({
    method: "GET",
    url: readUrl(url, { offset: position.offset, live: "sse", cursor: position.cursor }),
    headers: { accept: "text/event-stream" },
    signal: options.signal,
    silenceTimeoutMs: options.silenceTimeoutMs ?? SILENCE_MS,
  });
  await expectStatus(answer, [200], url, "Following");
  const type = answer.header("content-type") ?? "";
  if (mediaType(type) !== "text/event-stream") {
    await answer.dump();
    const message = `${url} answered a live read with ${JSON.stringify(type)} instead of text/event-stream.`;
    throw new MalformedAnswerError({ url, status: 200, code: "NOT_AN_EVENT_STREAM", message });
  }
  options.onState?.({ name: "live" });
  const isBase64 = answer.header(STREAM_SSE_DATA_ENCODING)?.toLowerCase() === "base64";
  let pieces: Uint8Array[] = [];
  for await (const event of sseEvents(answer.body, url)) {
    if (event.type === "data") {
      if (kind === "json") pieces.push(...splitMessages(event.text, url));
      else pieces.push(isBase64 ? decodeBase64(event.text, url) : Buffer.from(event.text));
      continue;
    }
    const { control } = event;
    const batch = toBatch(kind, pieces, control);
    pieces = [];
    position.offset = control.nextOffset;
    position.cursor = control.cursor;
    yield batch;
    if (control.closed) return;
  }
}

function toBatch(kind: ContentKind, pieces: readonly Uint8Array[], control: Control): StreamBatch {
  const { nextOffset, upToDate, closed } = control;
  return { kind, pieces: pieces.filter((piece) => piece.byteLength > 0), nextOffset, upToDate, closed };
}

/** Learns the content type and turns `now` into an offset, so that a failure before the first event loses nothing. */
async function begin(
  transport: Transport,
  url: string,
  options: FollowOptions,
): Promise<{ kind: ContentKind; position: Position }> {
  const wanted = options.offset ?? "now";
  if (options.contentType !== undefined && wanted !== "now") {
    return { kind: contentKind(options.contentType), position: new Position(wanted) };
  }
  const description = await describeStream(transport, url, options.signal);
  return {
    kind: contentKind(description.contentType),
    position: new Position(wanted === "now" ? description.nextOffset : wanted),
  };
}

/**
 * Follows a stream over server-sent events (section 5.8) until it is closed, the signal aborts or its failures cannot be
 * waited out. It resumes by itself from the last offset it was told: nothing is lost and nothing is handed on twice.
 */
export async function* follow(
  transport: Transport,
  url: string,
  options: FollowOptions = {},
): AsyncGenerator<StreamBatch> {
  const { signal, onState } = options;
  const onRetry = (error: unknown, waitMs: number, leftMs: number): void => {
    options.retry?.onRetry?.(error, waitMs, leftMs);
    onState?.({ name: "waiting", waitMs, leftMs, error });
  };
  let clock = new RetryClock({ giveUpAfterMs: FIRST_CONNECTION_GIVE_UP_MS, ...options.retry, signal, onRetry });
  let started: { kind: ContentKind; position: Position } | undefined;
  let connected = false;
  for (;;) {
    const startedMs = performance.now();
    let sawData = false;
    try {
      onState?.({ name: "connecting" });
      started ??= await begin(transport, url, options);
      for await (const batch of connection(transport, url, started.kind, started.position, options)) {
        if (!connected) {
          connected = true;
          clock = new RetryClock({ giveUpAfterMs: RECONNECT_GIVE_UP_MS, ...options.retry, signal, onRetry });
        }
        sawData ||= batch.pieces.length > 0;
        if (sawData || performance.now() - startedMs >= SHORT_CONNECTION_MS) clock.succeeded();
        yield batch;
        if (batch.closed) return;
      }
      if (!sawData && performance.now() - startedMs < SHORT_CONNECTION_MS) throw endedAtOnce(url);
    } catch (error) {
      if (!isRetryable(error)) throw error;
      await clock.failed(error);
    }
  }
}

function endedAtOnce(url: string): ConnectionError {
  const message = `${url} ended the live read as soon as it had begun.`;
  return new ConnectionError({ url, code: "LIVE_READ_ENDED", message });
}
