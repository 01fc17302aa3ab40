import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { JWKS_MAX_AGE_SECONDS, SUBSCRIPTION_BODY_MAX_BYTES } from "../../protocol/limits.ts";
import { jsonOrNothing } from "../checkpoint-file.ts";
import { CommandFailure } from "../command-failure.ts";
import { isSystemError } from "../file-error.ts";
import { FENCED, type CallbackAnswer, type CallbackBody, type ForwardedWake, refusal } from "./forwarded-wake.ts";
import type { PublicKey } from "./webhook-signer.ts";

const HOST = "127.0.0.1";
const JWKS_PATH = "/jwks.json";
const CALLBACK_PATH = "/callback";

/** Wakes whose tokens are still recognised, so that a late callback is told that it is late. */
const REMEMBERED_WAKES = 16;

/** What a handler needs of a server, on the loopback interface: the key to check signatures with, and a place to call back to. */
export class LoopbackEndpoint {
  readonly #server: Server;
  readonly #key: PublicKey;
  readonly #origin: string;
  #wakes: readonly ForwardedWake[] = [];

  private constructor(server: Server, key: PublicKey) {
    this.#server = server;
    this.#key = key;
    this.#origin = `http://${HOST}:${String((server.address() as AddressInfo).port)}`;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      void this.#serve(request, response);
    });
  }

  /** Listens on a port; 0 is any that is free. `orAny`: take a free one when it is taken. */
  static async open(key: PublicKey, port: number, orAny: boolean): Promise<LoopbackEndpoint> {
    const server = createServer();
    try {
      await listen(server, port);
    } catch (error) {
      if (!isSystemError(error) || (error.code !== "EADDRINUSE" && error.code !== "EACCES")) throw error;
      if (!orAny) {
        throw new CommandFailure(
          {
            code: "PORT_IN_USE",
            message: `Port ${String(port)} of ${HOST} cannot be listened on: it is taken, or not allowed.`,
            hint: "Choose another one by --port; 0 is any that is free.",
          },
          { cause: error },
        );
      }
      await listen(server, 0);
    }
    return new LoopbackEndpoint(server, key);
  }

  get jwksUrl(): string {
    return `${this.#origin}${JWKS_PATH}`;
  }

  get callbackUrl(): string {
    return `${this.#origin}${CALLBACK_PATH}`;
  }

  /** Takes callbacks for a wake, beside those that came before it. */
  expect(wake: ForwardedWake): void {
    this.#wakes = [wake, ...this.#wakes.slice(0, REMEMBERED_WAKES - 1)];
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "").split("?")[0];
    if (path === JWKS_PATH && (request.method === "GET" || request.method === "HEAD")) {
      const headers = { "cache-control": `public, max-age=${String(JWKS_MAX_AGE_SECONDS)}` };
      send(response, { status: 200, body: { keys: [this.#key] } }, "application/jwk-set+json", headers);
      return;
    }
    if (path !== CALLBACK_PATH || request.method !== "POST") {
      send(response, refusal(404, "ROUTE_NOT_FOUND", "There is only GET /jwks.json and POST /callback."));
      return;
    }
    const answer = await this.#callback(request).catch((error: unknown) =>
      refusal(500, "INTERNAL", error instanceof Error ? error.message : String(error)),
    );
    send(response, answer);
  }

  async #callback(request: IncomingMessage): Promise<CallbackAnswer> {
    const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
    const wake = token === undefined ? undefined : this.#wakes.find((each) => each.isTokenOf(token));
    if (wake === undefined) return refusal(401, "TOKEN_INVALID", "The token is not the callback_token of a wake.");
    const body = await readBody(request);
    if (body === undefined) {
      return refusal(413, "BODY_TOO_LARGE", `A callback has at most ${String(SUBSCRIPTION_BODY_MAX_BYTES)} bytes.`);
    }
    const value = jsonOrNothing(body);
    if (typeof value !== "object" || value === null) {
      return refusal(400, "INVALID_JSON", "The body of a callback is a JSON object.");
    }
    return wake === this.#wakes[0] ? wake.callback(value as CallbackBody) : FENCED;
  }
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, HOST);
  await once(server, "listening");
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.byteLength;
    if (bytes > SUBSCRIPTION_BODY_MAX_BYTES) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

function send(
  response: ServerResponse,
  { status, body }: CallbackAnswer,
  type = "application/json",
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": type, ...headers });
  response.end(JSON.stringify(body));
}
