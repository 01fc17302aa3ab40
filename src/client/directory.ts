import { LIST_PAGE_MAX } from "../protocol/limits.ts";
import { isCount, isFlag, isText, listOf, nullable, objectOf, optional } from "./answer-shape.ts";
import { ControlApi, type ControlApiName } from "./control-api.ts";
import { MalformedAnswerError } from "./errors/malformed-answer-error.ts";
import type { RetryOptions } from "./retry.ts";
import type { Transport } from "./transport.ts";

/** A stream as the list of its project shows it. */
export interface ListedStream {
  readonly path: string;
  readonly contentType: string;
  readonly nextOffset: string;
  readonly closed: boolean;
  readonly public: boolean;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly expiresAt: string | undefined;
  readonly ttlSeconds: number | undefined;
}

export interface ListOptions {
  /** What the paths begin with. Default: all streams. */
  readonly prefix?: string | undefined;
  /** Give no more than so many. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Page<Entry> {
  readonly streams: readonly Entry[];
  readonly next_cursor: string | null;
}

interface NameEntry {
  readonly path: string;
}

interface StreamEntry extends NameEntry {
  readonly content_type: string;
  readonly next_offset: string;
  readonly closed: boolean;
  readonly public: boolean;
  readonly created_at: string;
  readonly expires_at?: string | null;
  readonly ttl_seconds?: number | null;
}

const NAMES = objectOf({ streams: listOf(objectOf({ path: isText })), next_cursor: nullable(isText) });

const STREAM = objectOf({
  path: isText,
  content_type: isText,
  next_offset: isText,
  closed: isFlag,
  public: isFlag,
  created_at: isText,
  expires_at: optional(nullable(isText)),
  ttl_seconds: optional(nullable(isCount)),
});
const STREAMS = objectOf({ streams: listOf(STREAM), next_cursor: nullable(isText) });

const DIRECTORY: ControlApiName = {
  code: "NO_DIRECTORY",
  need: "This needs a durable-streams server that lists its streams",
  ownNotFound: new Set(["PROJECT_NOT_FOUND"]),
};

/** The list of a project's streams, an extension of our server. In the order of the paths' bytes. */
export class DirectoryClient {
  readonly #api: ControlApi;
  readonly #root: string;

  /** `root` is the URL below which the project's streams are. */
  constructor(transport: Transport, root: string, retry: RetryOptions = {}) {
    this.#api = new ControlApi(transport, root, retry, DIRECTORY);
    this.#root = root;
  }

  /** Paths alone, page by page: cheap, since no stream is asked. */
  async *names(options: ListOptions = {}): AsyncGenerator<readonly string[]> {
    for await (const page of this.#pages(options, "name", isNamePage)) yield page.map(({ path }) => path);
  }

  /** Everything that the list tells, page by page: the server asks each stream. */
  async *streams(options: ListOptions = {}): AsyncGenerator<readonly ListedStream[]> {
    for await (const page of this.#pages(options, undefined, isStreamPage)) yield page.map(toListedStream);
  }

  async *#pages<Entry>(
    { prefix, limit = Infinity, signal }: ListOptions,
    fields: "name" | undefined,
    isPage: (value: unknown) => value is Page<Entry>,
  ): AsyncGenerator<readonly Entry[]> {
    let left = limit;
    let cursor: string | undefined;
    while (left > 0) {
      const parameters = { prefix, cursor, limit: Math.min(left, LIST_PAGE_MAX), fields };
      const doing = "Listing the streams at";
      const page = await this.#api.json({ method: "GET", path: "streams", parameters, signal, doing }, isPage);
      yield page.streams.slice(0, left);
      left -= page.streams.length;
      if (page.next_cursor === null) return;
      if (page.next_cursor === cursor) throw this.#stuck();
      cursor = page.next_cursor;
    }
  }

  /** A server that does not get on would be asked for ever. */
  #stuck(): MalformedAnswerError {
    const message = `The list of streams at ${this.#root} gives the same page again, and gets nowhere.`;
    return new MalformedAnswerError({ url: this.#root, code: "ENDLESS_ANSWER", message });
  }
}

function isNamePage(value: unknown): value is Page<NameEntry> {
  return NAMES(value);
}

function isStreamPage(value: unknown): value is Page<StreamEntry> {
  return STREAMS(value);
}

function toListedStream(entry: StreamEntry): ListedStream {
  return {
    path: entry.path,
    contentType: entry.content_type,
    nextOffset: entry.next_offset,
    closed: entry.closed,
    public: entry.public,
    createdAt: entry.created_at,
    expiresAt: entry.expires_at ?? undefined,
    ttlSeconds: entry.ttl_seconds ?? undefined,
  };
}
