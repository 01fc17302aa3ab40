import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { ApiError, errorBody } from "./api-error.ts";
import type { Fault, Faults } from "./faults.ts";
import { findRoute, type Answer, type BodyRule, type Call, type Permission, type Route } from "./route.ts";

/** A request as it came, for tests that ask what was sent. No header of it is kept: credentials are among them. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly userAgent: string;
  readonly route: string | undefined;
  readonly status: number;
}

export interface ServerParts {
  readonly routes: readonly Route[];
  readonly faults: Faults;
  /** Says what the credential may, or throws. */
  readonly permissionsOf: (headers: IncomingMessage["headers"]) => ReadonlySet<Permission>;
  readonly violations: string[];
  readonly requests: SeenRequest[];
}

const PREFIX = "/client/v4";
/** What the beginning of an answer looks like. */
const NOTHING_OF_AN_ANSWER = {
  status: 200,
  type: "application/json",
  bytes: Buffer.from('{"success":true,"errors":[],"messages":[],"result":{"id":"'),
};
const MAX_BODY_BYTES = 100 * 1024 * 1024;

/** The HTTP side of the API: what holds for every endpoint. */
export class ApiServer {
  readonly #parts: ServerParts;
  readonly #server: Server;
  readonly #closing = new AbortController();

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        parts.violations.push(`the control plane itself failed: ${error instanceof Error ? String(error.stack) : ""}`);
        response.destroy();
      });
    });
  }

  get server(): Server {
    return this.#server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${PREFIX}`;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://plane");
    const method = request.method ?? "GET";
    const path = url.pathname.startsWith(`${PREFIX}/`) ? url.pathname.slice(PREFIX.length) : undefined;
    const found = path === undefined ? undefined : findRoute(this.#parts.routes, method, path);
    const userAgent = request.headers["user-agent"] ?? "";
    const seen = { method, path: path ?? url.pathname, query: url.search, userAgent, route: found?.route.name };
    response.once("close", () => this.#parts.requests.push({ ...seen, status: response.statusCode }));
    const body = await readBody(request);
    if (found === undefined) {
      this.#parts.violations.push(`${method} ${url.pathname} is no endpoint that is known here`);
      send(response, new ApiError(404, 7003, `Could not route to ${url.pathname}.`));
      return;
    }
    const fault = this.#parts.faults.take(found.route, { userAgent, path: seen.path });
    const outcome = new Lazy(() => this.#answer(found.route, found.params, url.searchParams, request, body));
    if (fault === undefined) send(response, await outcome.value());
    else await this.#fail(fault, outcome, response);
  }

  async #answer(
    route: Route,
    params: Record<string, string>,
    query: URLSearchParams,
    { headers }: IncomingMessage,
    body: Buffer,
  ): Promise<Answer | ApiError> {
    try {
      const permissions = this.#parts.permissionsOf(headers);
      if (route.permission !== undefined && !permissions.has(route.permission)) {
        throw new ApiError(403, 10000, "Authentication error");
      }
      const { json, problem } = judge(route, query, headers["content-type"] ?? "", body);
      if (problem !== undefined) {
        this.#parts.violations.push(`${route.name}: ${problem}`);
        throw new ApiError(400, 10004, problem);
      }
      const call: Call = { params, query, headers, json, body };
      return await route.handle(call);
    } catch (error) {
      if (error instanceof ApiError) return error;
      throw error;
    }
  }

  async #fail({ what, applied }: Fault, outcome: Lazy<Answer | ApiError>, response: ServerResponse): Promise<void> {
    if (applied === true) await outcome.value();
    switch (what.kind) {
      case "answer": {
        const { status, code = 10001, message = "A fault that a test planted.", body, headers = {} } = what;
        response.writeHead(status, {
          "content-type": body === undefined ? "application/json" : "text/html",
          ...headers,
        });
        response.end(body ?? JSON.stringify(errorBody({ code, message })));
        return;
      }
      case "delay":
        await wait(what.ms, undefined, { signal: this.#closing.signal }).catch(() => undefined);
        send(response, await outcome.value());
        return;
      case "silence":
        return;
      case "cut": {
        const { bytes, type, status } = applied === true ? encoded(await outcome.value()) : NOTHING_OF_AN_ANSWER;
        response.writeHead(status, { "content-type": type, "content-length": String(bytes.byteLength + 1) });
        // The length says more than comes, so that even a whole answer is seen to be cut off.
        response.flushHeaders();
        response.write(bytes.subarray(0, what.afterBytes), () => response.socket?.resetAndDestroy());
        if (what.afterBytes === 0) response.socket?.resetAndDestroy();
      }
    }
  }
}

/** Something that happens at most once, and only when it is asked for. */
class Lazy<T> {
  readonly #make: () => Promise<T>;
  #made: Promise<T> | undefined;

  constructor(make: () => Promise<T>) {
    this.#make = make;
  }

  value(): Promise<T> {
    this.#made ??= this.#make();
    return this.#made;
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.byteLength;
    if (length > MAX_BODY_BYTES) throw new Error("a body of more than 100 MB");
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Whether a request is what its route takes. */
function judge(
  { query: allowed = {}, body: rule = { kind: "none" } }: Route,
  query: URLSearchParams,
  type: string,
  body: Buffer,
): { json?: unknown; problem?: string } {
  for (const [name, value] of query) {
    const pattern = Object.hasOwn(allowed, name) ? allowed[name] : undefined;
    if (pattern === undefined) return { problem: `the query parameter ${name} is not known` };
    if (!pattern.test(value)) return { problem: `the query parameter ${name} has the value ${value}` };
  }
  return judgeBody(rule, type, body);
}

function judgeBody(rule: BodyRule, type: string, body: Buffer): { json?: unknown; problem?: string } {
  if (rule.kind === "bytes") return {};
  if (rule.kind === "none") return body.byteLength === 0 ? {} : { problem: "there is a body where none belongs" };
  if (rule.kind === "form") {
    return type.startsWith("multipart/form-data") ? {} : { problem: `the body is ${type}, and no form` };
  }
  // wrangler leaves the type out with some endpoints, and they take it.
  const isJson = (rule.type ?? /^(?:application\/json\b.*|text\/plain;charset=UTF-8|)$/i).test(type);
  if (!isJson) return { problem: `the body's type is ${type}` };
  try {
    const json: unknown = JSON.parse(body.toString("utf8"));
    const problem = rule.shape(json, "the body");
    return problem === undefined ? { json } : { problem };
  } catch (error) {
    return { problem: `the body is no JSON: ${String(error)}` };
  }
}

function encoded(answer: Answer | ApiError): {
  status: number;
  type: string;
  bytes: Buffer;
  headers: Readonly<Record<string, string>>;
} {
  if (answer instanceof ApiError) {
    const bytes = Buffer.from(JSON.stringify(errorBody(answer)));
    return { status: answer.status, type: "application/json", bytes, headers: answer.headers };
  }
  if ("raw" in answer) {
    return { status: 200, type: answer.type, bytes: Buffer.from(answer.raw), headers: answer.headers ?? {} };
  }
  const { result, info, status = 200 } = answer;
  const body = {
    success: true,
    errors: [],
    messages: [],
    result,
    ...(info === undefined ? {} : { result_info: info }),
  };
  return { status, type: "application/json", bytes: Buffer.from(JSON.stringify(body)), headers: {} };
}

function send(response: ServerResponse, answer: Answer | ApiError): void {
  const { status, type, bytes, headers } = encoded(answer);
  response.writeHead(status, { "content-type": type, ...headers });
  response.end(bytes);
}
