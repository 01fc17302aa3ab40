import { RESERVED_SEGMENT } from "../protocol/path.ts";
import { answerError } from "./answer-error.ts";
import type { ClientError } from "./errors/client-error.ts";
import { MalformedAnswerError } from "./errors/malformed-answer-error.ts";
import { NoOperatorApiError } from "./errors/no-operator-api-error.ts";
import {
  isObjectPage,
  isSegmentPage,
  isStreamMap,
  isSweep,
  type ObjectPage,
  type SegmentPage,
  type SegmentRow,
  type StoredObject,
  type StreamMap,
} from "./operator-types.ts";
import { readWhole } from "./read-whole.ts";
import { withRetries, type RetryOptions } from "./retry.ts";
import { shortened } from "./shortened.ts";
import { streamPlace } from "./stream-place.ts";
import type { Answer, Transport } from "./transport.ts";

/** A segment has at most 16 MiB of payload, or a row more, and an index; a page of rows takes less. More is something else. */
const ANSWER_MAX_BYTES = 64 * 1024 * 1024;

/** The object behind an offset. */
export type SegmentObject =
  | { readonly kind: "object"; readonly bytes: Uint8Array }
  /** The manifest has a segment there, and the bucket has no object for it. */
  | { readonly kind: "missing" }
  /** No sealed segment holds the offset. */
  | { readonly kind: "not-sealed" };

/** A bucket may leave pages of a listing empty, but not one after the other. */
const EMPTY_PAGES_MAX = 100;

function stuck(stream: string): MalformedAnswerError {
  const message = `The operator API answers about ${shortened(stream)} page after page, and gets nowhere.`;
  return new MalformedAnswerError({ url: stream, code: "ENDLESS_ANSWER", message });
}

/** What the server says where it cannot give an object. Asking again would not help. */
const UNAVAILABLE = ["SEGMENT_MISSING", "SEGMENT_NOT_FOUND"] as const;

/** A part of a manifest to ask for. */
export interface SegmentQuery {
  /** Begin with the segment that holds this offset. Default: the first. */
  readonly from?: string | undefined;
  /** At most so many rows in a page, 1 to 1,000. Default: 1,000. */
  readonly limit?: number | undefined;
}

type Parameters = Readonly<Record<string, string | number | undefined>>;

/** Where the operator API speaks of a stream: beside the streams of its project, below the reserved segment. */
function operatorUrl(stream: string, what: string, parameters: Parameters): string {
  const { origin } = new URL(stream);
  const place = streamPlace(stream);
  if (place === undefined) throw noOperatorApi(stream);
  const url = new URL(`${origin}/v1/${RESERVED_SEGMENT}/streams/${place.project}/${what}/${place.encodedPath}`);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url.href;
}

function noOperatorApi(stream: string, status?: number): NoOperatorApiError {
  const { origin } = new URL(stream);
  return new NoOperatorApiError({
    url: stream,
    status,
    code: "NO_OPERATOR_API",
    message: `inspect needs a durable-streams server and its operator API, and ${origin} has none for ${shortened(stream)}.`,
  });
}

/** Our server's 404s have these codes; one without says that nothing is served at such a URL. */
const OWN_NOT_FOUND = new Set(["STREAM_NOT_FOUND", "SEGMENT_NOT_FOUND"]);
const NOT_SERVED = new Set([400, 405, 501]);

/** Whether an error tells that there is no operator API, and not something about the stream. */
function isForeign({ status, code, explained }: ClientError): boolean {
  if (status === undefined) return false;
  if (status === 404) return !(explained && OWN_NOT_FOUND.has(code));
  return NOT_SERVED.has(status) && (!explained || code === "RESERVED_PATH");
}

async function readBody(answer: Answer, stream: string): Promise<Uint8Array> {
  const body = await readWhole(answer, ANSWER_MAX_BYTES);
  if (body !== undefined) return body;
  const message = `The operator API answered with more than ${String(ANSWER_MAX_BYTES)} bytes about ${shortened(stream)}.`;
  throw new MalformedAnswerError({ url: stream, code: "ANSWER_TOO_LARGE", message });
}

/**
 * The operator API of our server, which no other server has. Every request may be made twice, so it is repeated while the
 * server cannot be reached. Throws a `ClientError`; `NoOperatorApiError` where there is no such API.
 */
export class OperatorClient {
  readonly #transport: Transport;
  readonly #retry: RetryOptions;

  constructor(transport: Transport, retry: RetryOptions = {}) {
    this.#transport = transport;
    this.#retry = retry;
  }

  map(stream: string, signal?: AbortSignal): Promise<StreamMap> {
    return this.#json(stream, "inspect", {}, isStreamMap, signal);
  }

  /** The map, if the server has one to give at once: asked a single time, and whatever goes wrong is no answer. */
  async glance(stream: string, withinMs: number): Promise<StreamMap | undefined> {
    try {
      return await new OperatorClient(this.#transport, { giveUpAfterMs: 0 }).map(stream, AbortSignal.timeout(withinMs));
    } catch {
      return undefined;
    }
  }

  segmentPage(stream: string, query: SegmentQuery = {}, signal?: AbortSignal): Promise<SegmentPage> {
    const { from, limit } = query;
    return this.#json(stream, "segments", { from, limit }, isSegmentPage, signal);
  }

  /** All pages of the manifest, one after the other. */
  async *segmentPages(stream: string, query: SegmentQuery = {}, signal?: AbortSignal): AsyncGenerator<SegmentPage> {
    let { from } = query;
    for (;;) {
      const page = await this.segmentPage(stream, { ...query, from }, signal);
      yield page;
      if (page.next === null) return;
      // Offsets compare as text. A server that does not move on would be asked forever.
      if (from !== undefined && page.next <= from) throw stuck(stream);
      from = page.next;
    }
  }

  /** The segment that holds an offset, as the manifest has it now. */
  async segmentAt(stream: string, offset: string, signal?: AbortSignal): Promise<SegmentRow | undefined> {
    const { segments } = await this.segmentPage(stream, { from: offset, limit: 1 }, signal);
    return segments[0];
  }

  /** A sealed segment's object, as it lies in the bucket. */
  async segmentObject(stream: string, offset: string, signal?: AbortSignal): Promise<SegmentObject> {
    const said = await this.#ask("GET", stream, "segment", { at: offset }, UNAVAILABLE, signal);
    if (said === "SEGMENT_MISSING") return { kind: "missing" };
    return said === "SEGMENT_NOT_FOUND" ? { kind: "not-sealed" } : { kind: "object", bytes: said };
  }

  /** What lies in the bucket for the stream's present incarnation, page by page. */
  async *objectPages(stream: string, signal?: AbortSignal): AsyncGenerator<readonly StoredObject[]> {
    let cursor: string | null | undefined;
    let emptyPages = 0;
    while (cursor !== null) {
      const page: ObjectPage = await this.#json(stream, "objects", { cursor }, isObjectPage, signal);
      yield page.objects;
      emptyPages = page.objects.length === 0 ? emptyPages + 1 : 0;
      if (page.cursor === cursor || emptyPages > EMPTY_PAGES_MAX) throw stuck(stream);
      ({ cursor } = page);
    }
  }

  /** Removes what lies in the bucket for the stream and is in no row of its manifest; gives the keys. */
  async sweep(stream: string, signal?: AbortSignal): Promise<readonly string[]> {
    const { removed } = await this.#json(stream, "sweep", {}, isSweep, signal, "POST");
    return removed;
  }

  async #json<T>(
    stream: string,
    what: string,
    parameters: Parameters,
    isExpected: (value: unknown) => value is T,
    signal?: AbortSignal,
    method: "GET" | "POST" = "GET",
  ): Promise<T> {
    const bytes = await this.#ask(method, stream, what, parameters, [], signal);
    let value: unknown;
    try {
      value = JSON.parse(Buffer.from(bytes).toString("utf8"));
    } catch {
      // Some servers answer every URL with a page for people.
      throw noOperatorApi(stream, 200);
    }
    if (isExpected(value)) return value;
    const message = `The operator API's answer about ${shortened(stream)} lacks what this version of the command needs.`;
    throw new MalformedAnswerError({ url: stream, code: "UNEXPECTED_ANSWER", message });
  }

  /** The body of the answer, or the one of `sayings` that is its error's code. */
  #ask<Saying extends string>(
    method: "GET" | "POST",
    stream: string,
    what: string,
    parameters: Parameters,
    sayings: readonly Saying[],
    signal?: AbortSignal,
  ): Promise<Uint8Array | Saying> {
    const url = operatorUrl(stream, what, parameters);
    return withRetries(
      async () => {
        const answer = await this.#transport.send({ method, url, signal });
        if (answer.status === 200) return readBody(answer, stream);
        const error = await answerError(answer, stream, "Inspecting");
        const saying = sayings.find((code) => code === error.code && error.explained);
        if (saying !== undefined) return saying;
        throw isForeign(error) ? noOperatorApi(stream, answer.status) : error;
      },
      { ...this.#retry, signal },
    );
  }
}
