import { Agent, type Dispatcher } from "undici";
import { toTransportError } from "./transport-error.ts";

/**
 * Gives the token of a request, or none. After a 401 it is asked once more, with the token that was refused: another one
 * is tried, the same one, or none, leaves the refusal as it is.
 */
export type TokenProvider = (request: Request, refused?: string) => Promise<string | undefined>;

/** How the client talks to servers. All waits are milliseconds. */
export interface TransportOptions {
  /** Sent as `Authorization: Bearer`. Never traced, and never sent on to where an answer points: nothing is followed. */
  readonly token?: string | TokenProvider | undefined;
  /** Sent as `User-Agent`. */
  readonly userAgent?: string | undefined;
  /** Longest wait for a connection, TLS included. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Longest wait for the head of an answer once the request is sent. Default 30,000. */
  readonly answerTimeoutMs?: number | undefined;
  /** Longest silence inside the body of an answer. Default 30,000. */
  readonly silenceTimeoutMs?: number | undefined;
  /** Gets a line for each request and answer, with credentials redacted. */
  readonly trace?: ((line: string) => void) | undefined;
}

export interface Request {
  readonly method: "PUT" | "POST" | "PATCH" | "GET" | "HEAD" | "DELETE" | "OPTIONS";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Overrides the silence allowed inside this answer's body. */
  readonly silenceTimeoutMs?: number | undefined;
  /** Sent in the place of the transport's token: that of a wake, which is no project's. Never traced. */
  readonly token?: string | undefined;
}

export interface Answer {
  readonly status: number;
  /** All headers, by their names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The value of a header by its name in any case; of repeated headers the first. */
  header(name: string): string | undefined;
  /** The body as it arrives. It has to be read to its end or dumped, or the connection is lost for reuse. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Reads and forgets what is left of a small body; of a large one it drops the connection. */
  dump(): Promise<void>;
}

const SECRET_HEADERS = new Set(["authorization", "cookie", "set-cookie", "proxy-authorization"]);

function describeHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): string {
  return Object.entries(headers)
    .map(([name, value]) => ` ${name}=${SECRET_HEADERS.has(name.toLowerCase()) ? "[redacted]" : JSON.stringify(value)}`)
    .join("");
}

const SECRET_PARAMETER = /([?&][^=&\s"#]*(?:token|key|secret|signature|auth)[^=&\s"#]*=)[^&\s"#]*/gi;

/** Values of query parameters that are named like secrets, wherever a URL stands in the text. */
function redactQueries(line: string): string {
  return line.replace(SECRET_PARAMETER, "$1[redacted]");
}

/**
 * How long an idle connection is used again, where the server does not say. Common servers (Node, workerd) close theirs
 * after 5 s, and what is sent at that moment is lost; on a busy machine both clocks can be late by a second or more.
 */
const IDLE_MAX_MS = 2_000;

/** Sends requests over kept-alive connections and turns whatever breaks below HTTP into errors of the client. */
export class Transport {
  readonly #agent: Agent;
  readonly #options: TransportOptions;
  readonly #silenceTimeoutMs: number;

  constructor(options: TransportOptions = {}) {
    this.#options = options;
    this.#silenceTimeoutMs = options.silenceTimeoutMs ?? 30_000;
    this.#agent = new Agent({
      connect: { timeout: options.connectTimeoutMs ?? 10_000 },
      headersTimeout: options.answerTimeoutMs ?? 30_000,
      bodyTimeout: this.#silenceTimeoutMs,
      keepAliveTimeout: IDLE_MAX_MS,
    });
  }

  async send(request: Request): Promise<Answer> {
    request.signal?.throwIfAborted();
    const given = request.token ?? this.#options.token;
    if (typeof given !== "function") return this.#exchange(request, given);
    const token = await given(request);
    const answer = await this.#exchange(request, token);
    // What was refused has not been done, so it may be sent again.
    if (answer.status !== 401 || token === undefined) return answer;
    const renewed = await given(request, token);
    if (renewed === undefined || renewed === token) return answer;
    await answer.dump();
    return this.#exchange(request, renewed);
  }

  async #exchange(request: Request, token: string | undefined): Promise<Answer> {
    const { method, url, body, signal } = request;
    const headers = this.#headers(request, token);
    this.#trace(`> ${method} ${url}${describeHeaders(headers)} body=${String(body?.byteLength ?? 0)}B`);
    const startedMs = performance.now();
    const target = new URL(url);
    let response: Dispatcher.ResponseData;
    try {
      response = await this.#agent.request({
        origin: target.origin,
        path: `${target.pathname}${target.search}`,
        method,
        headers,
        body: body ?? null,
        signal: signal ?? null,
        bodyTimeout: request.silenceTimeoutMs ?? this.#silenceTimeoutMs,
      });
    } catch (error) {
      throw this.#broken(error, request);
    }
    const tookMs = Math.round(performance.now() - startedMs);
    this.#trace(`< ${String(response.statusCode)} in ${String(tookMs)}ms${describeHeaders(response.headers)}`);
    return this.#answer(request, response);
  }

  #trace(line: string): void {
    this.#options.trace?.(redactQueries(line));
  }

  #headers({ headers }: Request, token: string | undefined): Record<string, string> {
    const { userAgent } = this.#options;
    return {
      ...(userAgent === undefined ? {} : { "user-agent": userAgent }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    };
  }

  #answer(request: Request, response: Dispatcher.ResponseData): Answer {
    const broken = (error: unknown): unknown => this.#broken(error, request);
    return {
      status: response.statusCode,
      headers: response.headers,
      header(name) {
        const value = response.headers[name.toLowerCase()];
        return Array.isArray(value) ? value[0] : value;
      },
      body: mapErrors(response.body, broken),
      dump: () => response.body.dump({ limit: DUMP_LIMIT_BYTES }),
    };
  }

  #broken(error: unknown, request: Request): unknown {
    if (request.signal?.aborted === true) return request.signal.reason;
    const mapped = toTransportError(error, request.url);
    this.#trace(`! ${request.method} ${request.url} ${mapped.code}: ${mapped.message}`);
    return mapped;
  }

  /** Drops every connection, those with answers under way included. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** Past this much, dropping the connection is cheaper than reading the rest. */
const DUMP_LIMIT_BYTES = 128 * 1024;

async function* mapErrors(
  body: AsyncIterable<Uint8Array>,
  map: (error: unknown) => unknown,
): AsyncIterable<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw map(error);
  }
}
