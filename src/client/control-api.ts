import { RESERVED_SEGMENT } from "../protocol/path.ts";
import { answerError } from "./answer-error.ts";
import type { ClientError } from "./errors/client-error.ts";
import { MalformedAnswerError } from "./errors/malformed-answer-error.ts";
import { NoControlApiError } from "./errors/no-control-api-error.ts";
import { readJson } from "./read-json.ts";
import { withRetries, type RetryOptions } from "./retry.ts";
import { shortened } from "./shortened.ts";
import type { Request, Transport } from "./transport.ts";

/** Which of a server's control APIs is asked, and the codes of its own errors of status 404. */
export interface ControlApiName {
  readonly code: "NO_DIRECTORY" | "NO_SUBSCRIPTIONS";
  /** What needs it, to begin a sentence with: `list needs a server that ...`. */
  readonly need: string;
  readonly ownNotFound: ReadonlySet<string>;
}

export interface ControlRequest extends Pick<Request, "method" | "signal" | "token"> {
  /** Below `{root}/__ds/`, percent-encoded. */
  readonly path: string;
  readonly parameters?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: object;
  /** What is being done, to go before a URL: `Listing the streams of`. */
  readonly doing: string;
  /** When to give up repeating it; 0 sends it once. It has to be harmless when repeated. Default: the client's own. */
  readonly giveUpAfterMs?: number;
}

/** A page of a thousand entries with the longest paths takes less. */
const ANSWER_MAX_BYTES = 32 * 1024 * 1024;

/** Statuses with which servers answer at URLs where they serve nothing. */
const NOT_SERVED: ReadonlySet<number> = new Set([404, 405, 501]);

/** The requests to what a server has below the reserved segment at the root of a project's streams (section 6). */
export class ControlApi {
  readonly #transport: Transport;
  readonly #root: string;
  readonly #retry: RetryOptions;
  readonly #name: ControlApiName;

  /** `root` is the URL below which the streams are, without a slash at its end. */
  constructor(transport: Transport, root: string, retry: RetryOptions, name: ControlApiName) {
    this.#transport = transport;
    this.#root = root;
    this.#retry = retry;
    this.#name = name;
  }

  /** The status, after an answer whose body says nothing. */
  async send(request: ControlRequest): Promise<void> {
    await this.#ask(request, undefined);
  }

  /** What the server answers, if it has the shape that is expected. */
  async json<T>(request: ControlRequest, isExpected: (value: unknown) => value is T): Promise<T> {
    const { value } = await this.answer(request, isExpected);
    return value;
  }

  /** The same, with the status. */
  async answer<T>(
    request: ControlRequest,
    isExpected: (value: unknown) => value is T,
  ): Promise<{ readonly status: number; readonly value: T }> {
    const { status, value } = await this.#ask(request, ANSWER_MAX_BYTES);
    if (isExpected(value)) return { status, value };
    const url = this.#url(request);
    // Some servers answer every URL with a page for people.
    if (value === undefined) throw this.#missing(url, status);
    const message = `${request.doing} ${shortened(url)} got an answer that lacks what this version of the command needs.`;
    throw new MalformedAnswerError({ url, status, code: "UNEXPECTED_ANSWER", message });
  }

  #url({ path }: ControlRequest): string {
    return `${this.#root}/${RESERVED_SEGMENT}/${path}`;
  }

  #ask(
    request: ControlRequest,
    readMaxBytes: number | undefined,
  ): Promise<{ readonly status: number; readonly value: unknown }> {
    const { method, parameters = {}, body, signal, token, doing, giveUpAfterMs } = request;
    const url = this.#url(request);
    const target = new URL(url);
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== undefined) target.searchParams.set(name, String(value));
    }
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers: Record<string, string> = bytes === undefined ? {} : { "content-type": "application/json" };
    return withRetries(
      async () => {
        const answer = await this.#transport.send({ method, url: target.href, headers, body: bytes, signal, token });
        const { status } = answer;
        if (status < 200 || status >= 300) throw this.#error(await answerError(answer, url, doing));
        if (readMaxBytes !== undefined) return { status, value: await readJson(answer, readMaxBytes) };
        await answer.dump();
        return { status, value: undefined };
      },
      { ...this.#retry, ...(giveUpAfterMs === undefined ? {} : { giveUpAfterMs }), signal },
    );
  }

  #error(error: ClientError): ClientError {
    const { status, url, explained, code } = error;
    if (status === undefined) return error;
    const isOwn = explained && (status !== 404 || this.#name.ownNotFound.has(code));
    return NOT_SERVED.has(status) && !isOwn ? this.#missing(url, status) : error;
  }

  #missing(url: string, status: number): NoControlApiError {
    const { code, need } = this.#name;
    return new NoControlApiError({ url, status, code, message: `${need}, and ${this.#root} has none.` });
  }
}
