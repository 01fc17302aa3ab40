import { setTimeout as wait } from "node:timers/promises";
import { answerError, noAnswerError, type Purpose } from "./answer-error.ts";
import { CloudflareError } from "./cloudflare-error.ts";
import { fieldsOf, listOf, numberOf } from "./fields.ts";

/** What opens an account: an API token or wrangler's login, or the older key with its address. */
export type CloudflareCredentials =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "key"; readonly key: string; readonly email: string };

export interface CloudflareApiOptions {
  readonly credentials: CloudflareCredentials;
  /** Default: `CLOUDFLARE_API_BASE_URL`, as wrangler reads it, or Cloudflare itself. */
  readonly baseUrl?: string | undefined;
  readonly userAgent: string;
  /** How long an answer may take. Default: half a minute. */
  readonly answerTimeoutMs?: number | undefined;
  /** Aborts the request under way and the waits between tries. */
  readonly signal?: AbortSignal | undefined;
  /** Gets a line for each request and answer; no header, so no credential, is in it. */
  readonly trace?: ((line: string) => void) | undefined;
  /** Told of each answer, good or bad, what its clock says and when it was waited for. */
  readonly onAnswer?: ((times: AnswerTimes) => void) | undefined;
}

/** When a request was sent and its answer was there, by the clock of this machine, beside the clock of who answered. */
export interface AnswerTimes {
  /** The `Date` of the answer, which counts whole seconds; nothing where it has none. */
  readonly date: string | undefined;
  readonly sentAtMs: number;
  readonly receivedAtMs: number;
}

export interface ApiRequest extends Purpose {
  /** Below the API's root, beginning with a slash; names in it are encoded already. */
  readonly path: string;
}

type Method = "GET" | "POST" | "DELETE";

/** What goes out, and what an answer to it looks like. */
type Sending =
  | { readonly kind: "json"; readonly body?: unknown }
  /** A question as a text; the answer has no envelope. */
  | { readonly kind: "query"; readonly text: string };

const DEFAULT_BASE_URL = "https://api.cloudflare.com/client/v4";
const ANSWER_TIMEOUT_MS = 30_000;
const TRIES = 4;
const FIRST_WAIT_MS = 300;
const LONGEST_ASKED_WAIT_MS = 30_000;
const PAGE_SIZE = 100;
const REASON_MAX_LENGTH = 300;

/** Where the API is, without a slash at the end. */
export function apiBaseUrl(given = process.env["CLOUDFLARE_API_BASE_URL"]): string {
  return (given === undefined || given === "" ? DEFAULT_BASE_URL : given).replace(/\/+$/, "");
}

/** Cloudflare's API for one login. Every method throws a {@link CloudflareError}, or the reason of the signal. */
export class CloudflareApi {
  readonly #options: CloudflareApiOptions;
  readonly baseUrl: string;

  constructor(options: CloudflareApiOptions) {
    this.#options = options;
    this.baseUrl = apiBaseUrl(options.baseUrl);
  }

  /** The same login under another signal. */
  withSignal(signal: AbortSignal): CloudflareApi {
    return new CloudflareApi({ ...this.#options, signal });
  }

  /** Asks; repeated when Cloudflare is busy or out of reach. */
  async get(request: ApiRequest): Promise<unknown> {
    return fieldsOf(await this.#send("GET", request))["result"];
  }

  /** Makes something. Repeated only after 429, which says that nothing was done. */
  async post(request: ApiRequest, body: unknown): Promise<unknown> {
    return fieldsOf(await this.#send("POST", request, { kind: "json", body }))["result"];
  }

  /**
   * Asks by a text that is sent as it is, and gives back the JSON of the answer, which has no envelope around it. It
   * changes nothing, so it is repeated like any question.
   */
  query(request: ApiRequest, text: string): Promise<unknown> {
    return this.#send("POST", request, { kind: "query", text });
  }

  /** Removes something; repeated like a question, because what is gone stays gone. */
  async delete(request: ApiRequest): Promise<void> {
    await this.#send("DELETE", request);
  }

  /** Everything of a list that comes in pages. */
  async *list(request: ApiRequest): AsyncGenerator {
    const join = request.path.includes("?") ? "&" : "?";
    for (let page = 1, seen = 0; ; page++) {
      const path = `${request.path}${join}page=${String(page)}&per_page=${String(PAGE_SIZE)}`;
      const answer = fieldsOf(await this.#send("GET", { ...request, path }));
      const items = listOf(answer["result"]);
      yield* items;
      seen += items.length;
      const total = numberOf(fieldsOf(answer["result_info"])["total_count"]);
      if (items.length === 0 || (total === undefined ? items.length < PAGE_SIZE : seen >= total)) return;
    }
  }

  async #send(method: Method, request: ApiRequest, sending: Sending = { kind: "json" }): Promise<unknown> {
    const isQuestion = method !== "POST" || sending.kind === "query";
    for (let tried = 1; ; tried++) {
      try {
        return await this.#sendOnce(method, request, sending);
      } catch (error) {
        if (tried === TRIES || !(error instanceof ApiFailure) || !mayRepeat(isQuestion, error.reason)) {
          throw error instanceof ApiFailure ? error.reason : error;
        }
        await this.#pause(tried, error.askedWaitMs);
      }
    }
  }

  async #pause(tried: number, askedWaitMs: number): Promise<void> {
    const { signal } = this.#options;
    const waitMs = Math.max(FIRST_WAIT_MS * 2 ** (tried - 1) * (0.5 + Math.random() / 2), askedWaitMs);
    await wait(waitMs, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw error;
    });
  }

  async #sendOnce(method: Method, request: ApiRequest, sending: Sending): Promise<unknown> {
    const { signal, answerTimeoutMs = ANSWER_TIMEOUT_MS, onAnswer } = this.#options;
    signal?.throwIfAborted();
    const timeout = AbortSignal.timeout(answerTimeoutMs);
    const startedMs = performance.now();
    const content = contentOf(sending);
    const sentAtMs = Date.now();
    try {
      const response = await fetch(`${this.baseUrl}${request.path}`, {
        method,
        headers: { ...this.#headers(), ...(content === undefined ? {} : { "content-type": content.type }) },
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        // An answer that leads elsewhere would take the credential along.
        redirect: "error",
        ...(content === undefined ? {} : { body: content.text }),
      });
      onAnswer?.({ date: response.headers.get("date") ?? undefined, sentAtMs, receivedAtMs: Date.now() });
      const text = await response.text();
      this.#trace(method, request.path, `${String(response.status)} in ${elapsed(startedMs)}`);
      return judged(response, text, request, sending);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ApiFailure || error instanceof CloudflareError) throw error;
      this.#trace(method, request.path, `no answer in ${elapsed(startedMs)}`);
      const isChange = method !== "GET" && sending.kind !== "query";
      throw new ApiFailure(noAnswerError(error, request, this.baseUrl, isChange));
    }
  }

  #headers(): Record<string, string> {
    const { credentials, userAgent } = this.#options;
    const login: Record<string, string> =
      credentials.kind === "token"
        ? { authorization: `Bearer ${credentials.token}` }
        : { "x-auth-key": credentials.key, "x-auth-email": credentials.email };
    return { ...login, "user-agent": userAgent };
  }

  #trace(method: Method, path: string, outcome: string): void {
    this.#options.trace?.(`cloudflare ${method} ${path} ${outcome}`);
  }
}

/** A failure with what decides about another try. */
class ApiFailure extends Error {
  readonly reason: CloudflareError;
  readonly askedWaitMs: number;

  constructor(reason: CloudflareError, askedWaitMs = 0) {
    super(reason.message);
    this.reason = reason;
    this.askedWaitMs = askedWaitMs;
  }
}

function contentOf(sending: Sending): { readonly type: string; readonly text: string } | undefined {
  if (sending.kind === "query") return { type: "text/plain", text: sending.text };
  return sending.body === undefined ? undefined : { type: "application/json", text: JSON.stringify(sending.body) };
}

/** A creation without an answer may have happened: whoever asked looks again at the next run. */
function mayRepeat(isQuestion: boolean, reason: CloudflareError): boolean {
  return reason.kind === "unavailable" && (isQuestion || reason.status === 429);
}

function judged(response: Response, text: string, request: ApiRequest, { kind }: Sending): unknown {
  const body = parseJson(text);
  const isExpected = kind === "query" ? body !== undefined : fieldsOf(body)["success"] === true;
  if (response.ok && isExpected) return body;
  if (response.ok) {
    throw new CloudflareError({
      kind: "rejected",
      code: "CLOUDFLARE_ANSWER_UNKNOWN",
      message: `${request.doing} was answered with ${String(response.status)} and something that is no answer of Cloudflare's API.`,
      hint: "Check CLOUDFLARE_API_BASE_URL and any proxy on the way.",
      status: response.status,
    });
  }
  const asked = Number(response.headers.get("retry-after")) * 1000;
  const askedWaitMs = Number.isFinite(asked) ? Math.min(asked, LONGEST_ASKED_WAIT_MS) : 0;
  const isEnveloped = listOf(fieldsOf(body)["errors"]).length > 0;
  const said = kind === "query" && !isEnveloped ? plainReason(text) : body;
  throw new ApiFailure(answerError(response.status, said, request), askedWaitMs);
}

/** Where there is no envelope, an error may be a sentence. A page of a proxy is none, and neither is anything long. */
function plainReason(text: string): unknown {
  const message = text.replace(/[^\x20-\x7e]+/g, " ").trim();
  return message === "" || message.startsWith("<")
    ? undefined
    : { errors: [{ message: message.slice(0, REASON_MAX_LENGTH) }] };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function elapsed(startedMs: number): string {
  return `${String(Math.round(performance.now() - startedMs))}ms`;
}
