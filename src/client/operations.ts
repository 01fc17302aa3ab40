import { DEFAULT_CONTENT_TYPE } from "../protocol/content-type.ts";
import {
  isClosedHeader,
  PRODUCER_EPOCH,
  PRODUCER_ID,
  PRODUCER_SEQ,
  STREAM_CLOSED,
  STREAM_EXPIRES_AT,
  STREAM_FORK_OFFSET,
  STREAM_FORK_SUB_OFFSET,
  STREAM_FORKED_FROM,
  STREAM_NEXT_OFFSET,
  STREAM_SEQ,
  STREAM_TTL,
} from "../protocol/headers.ts";
import { answerError } from "./answer-error.ts";
import { MalformedAnswerError } from "./errors/malformed-answer-error.ts";
import { StreamNotFoundError } from "./errors/stream-not-found-error.ts";
import type { Answer, Request, Transport } from "./transport.ts";

/** What a new stream is to be (section 5.1). */
export interface CreateOptions {
  /** Default: the server's, which is `application/octet-stream`. */
  readonly contentType?: string | undefined;
  /** Sliding time to live in whole seconds. Not together with `expiresAt`. */
  readonly ttlSeconds?: number | undefined;
  /** Absolute expiry as an RFC 3339 timestamp. */
  readonly expiresAt?: string | undefined;
  /** Create it closed, with `body` as its whole content. */
  readonly closed?: boolean | undefined;
  /** Readable without a token. An extension of our server; others ignore it. */
  readonly public?: boolean | undefined;
  /** The first content. A JSON array is one message per element. */
  readonly body?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a fork inherits and what it is to be (section 4.2). What is left out it takes from its source. */
export interface ForkOptions extends Omit<CreateOptions, "contentType" | "body"> {
  /** An offset that the source gave. Default: its tail. */
  readonly offset?: string | undefined;
  /** How much past that offset is inherited too: messages of JSON, bytes otherwise. */
  readonly subOffset?: number | undefined;
}

export interface CreateResult {
  /** False when the stream was there already with the same configuration. */
  readonly created: boolean;
  readonly contentType: string;
  readonly nextOffset: string | undefined;
  readonly closed: boolean;
}

/** Who sends a batch, and which one it is (section 5.2.1). */
export interface Producer {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
}

export interface AppendOptions {
  readonly contentType: string;
  /** Not empty, unless `close` is set. */
  readonly body: Uint8Array;
  readonly producer?: Producer | undefined;
  /** `Stream-Seq`: has to be greater, bytewise, than that of every earlier append (section 5.2). */
  readonly streamSeq?: string | undefined;
  /** Close the stream in the same step. */
  readonly close?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface AppendResult {
  /** The tail after this append; servers leave it out of some answers to duplicates. */
  readonly nextOffset: string | undefined;
  /** The server had this batch already: 204 to a producer's append. */
  readonly duplicate: boolean;
  /** The answer repeats what was said of the producer, as that of a server does which checks it (section 5.2.1). */
  readonly knowsProducer: boolean;
  readonly closed: boolean;
}

/** What HEAD tells (section 5.5). */
export interface StreamDescription {
  readonly contentType: string;
  readonly nextOffset: string;
  readonly closed: boolean;
  readonly ttlSeconds: number | undefined;
  readonly expiresAt: string | undefined;
}

export async function expectStatus(
  answer: Answer,
  allowed: readonly number[],
  url: string,
  doing: string,
): Promise<void> {
  if (allowed.includes(answer.status)) return;
  if (answer.status >= 200 && answer.status < 300) {
    await answer.dump();
    throw new MalformedAnswerError({
      url,
      status: answer.status,
      code: "UNEXPECTED_STATUS",
      message: `${doing} ${url} was answered with ${String(answer.status)}, which the protocol does not know here.`,
    });
  }
  throw await answerError(answer, url, doing);
}

/** Sends a request whose answer has no body worth reading. */
async function exchange(
  transport: Transport,
  request: Request,
  allowed: readonly number[],
  doing: string,
): Promise<Answer> {
  const answer = await transport.send(request);
  await expectStatus(answer, allowed, request.url, doing);
  await answer.dump();
  return answer;
}

/** Creates a stream, or finds it there with the same configuration. */
export function createStream(transport: Transport, url: string, options: CreateOptions): Promise<CreateResult> {
  return put(transport, url, options, {}, "Creating");
}

/** Forks a stream of the same server, or finds the fork there already. */
export async function forkStream(
  transport: Transport,
  source: string,
  url: string,
  { offset, subOffset, ...options }: ForkOptions,
): Promise<CreateResult> {
  const headers = {
    [STREAM_FORKED_FROM]: new URL(source).pathname,
    ...(offset === undefined ? {} : { [STREAM_FORK_OFFSET]: offset }),
    ...(subOffset === undefined ? {} : { [STREAM_FORK_SUB_OFFSET]: String(subOffset) }),
  };
  try {
    return await put(transport, url, options, headers, "Forking into");
  } catch (error) {
    // It is the source that is missing, unless the server's own code says otherwise.
    if (!(error instanceof StreamNotFoundError) || !SOURCE_MISSING.has(error.code)) throw error;
    const { status, message } = error;
    throw new StreamNotFoundError({ url: source, status, code: "FORK_SOURCE_NOT_FOUND", message }, { cause: error });
  }
}

const SOURCE_MISSING: ReadonlySet<string> = new Set(["STREAM_NOT_FOUND", "FORK_SOURCE_NOT_FOUND"]);

async function put(
  transport: Transport,
  url: string,
  options: CreateOptions,
  more: Readonly<Record<string, string>>,
  doing: string,
): Promise<CreateResult> {
  const target = new URL(url);
  if (options.public === true) target.searchParams.set("public", "true");
  const headers = {
    ...more,
    ...(options.contentType === undefined ? {} : { "content-type": options.contentType }),
    ...(options.ttlSeconds === undefined ? {} : { [STREAM_TTL]: String(options.ttlSeconds) }),
    ...(options.expiresAt === undefined ? {} : { [STREAM_EXPIRES_AT]: options.expiresAt }),
    ...(options.closed === true ? { [STREAM_CLOSED]: "true" } : {}),
  };
  const { body, signal } = options;
  const answer = await exchange(
    transport,
    { method: "PUT", url: target.href, headers, body, signal },
    [200, 201],
    doing,
  );
  return {
    created: answer.status === 201,
    contentType: answer.header("content-type") ?? options.contentType ?? DEFAULT_CONTENT_TYPE,
    nextOffset: answer.header(STREAM_NEXT_OFFSET),
    closed: isClosedHeader(answer.header(STREAM_CLOSED)),
  };
}

/** Appends one batch, whole or not at all. Without a producer a repeated request may be stored twice. */
export async function appendToStream(transport: Transport, url: string, options: AppendOptions): Promise<AppendResult> {
  const { producer, body, signal } = options;
  const headers = {
    // An empty body has no type: closing must work whatever the stream's is (section 5.2).
    ...(body.byteLength === 0 ? {} : { "content-type": options.contentType }),
    ...(options.streamSeq === undefined ? {} : { [STREAM_SEQ]: options.streamSeq }),
    ...(options.close === true ? { [STREAM_CLOSED]: "true" } : {}),
    ...(producer === undefined
      ? {}
      : {
          [PRODUCER_ID]: producer.id,
          [PRODUCER_EPOCH]: String(producer.epoch),
          [PRODUCER_SEQ]: String(producer.seq),
        }),
  };
  const answer = await exchange(transport, { method: "POST", url, headers, body, signal }, [200, 204], "Appending to");
  return {
    nextOffset: answer.header(STREAM_NEXT_OFFSET),
    // 204 is the plain answer to a close without content, whether or not it repeats an earlier one (section 5.3).
    duplicate: producer !== undefined && body.byteLength > 0 && answer.status === 204,
    knowsProducer: answer.header(PRODUCER_EPOCH) !== undefined || answer.header(PRODUCER_SEQ) !== undefined,
    closed: isClosedHeader(answer.header(STREAM_CLOSED)),
  };
}

/** Closes a stream without appending. Closing a closed stream succeeds (section 5.3). */
export async function closeStream(transport: Transport, url: string, signal?: AbortSignal): Promise<AppendResult> {
  return appendToStream(transport, url, { contentType: "", body: new Uint8Array(0), close: true, signal });
}

export async function deleteStream(transport: Transport, url: string, signal?: AbortSignal): Promise<void> {
  await exchange(transport, { method: "DELETE", url, signal }, [204, 200], "Deleting");
}

export async function describeStream(
  transport: Transport,
  url: string,
  signal?: AbortSignal,
): Promise<StreamDescription> {
  const answer = await exchange(transport, { method: "HEAD", url, signal }, [200], "Describing");
  const nextOffset = answer.header(STREAM_NEXT_OFFSET);
  if (nextOffset === undefined) throw missingOffset(url, answer.status);
  const ttl = answer.header(STREAM_TTL);
  return {
    contentType: answer.header("content-type") ?? DEFAULT_CONTENT_TYPE,
    nextOffset,
    closed: isClosedHeader(answer.header(STREAM_CLOSED)),
    ttlSeconds: ttl === undefined ? undefined : Number(ttl),
    expiresAt: answer.header(STREAM_EXPIRES_AT),
  };
}

export function missingOffset(url: string, status: number): MalformedAnswerError {
  return new MalformedAnswerError({
    url,
    status,
    code: "NO_NEXT_OFFSET",
    message: `The answer of ${url} has no ${STREAM_NEXT_OFFSET} header, so it does not come from a stream.`,
  });
}
