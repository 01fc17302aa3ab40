import { createPublicKey, verify, type JsonWebKey } from "node:crypto";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A notification as a handler gets it (section 7.1). */
export interface Notification {
  readonly subscription_id: string;
  readonly wake_id: string;
  readonly generation: number;
  readonly streams: readonly {
    readonly path: string;
    readonly acked_offset: string;
    readonly tail_offset: string;
    readonly has_pending: boolean;
  }[];
  readonly callback_url: string;
  readonly callback_token: string;
}

export interface Received {
  readonly body: string;
  readonly signature: string;
  readonly notification: Notification;
}

export type Answer = (response: ServerResponse) => void;

/** A handler of webhooks that answers from a script, and hands what it gets to the test. */
export class WebhookHandler {
  readonly received: Received[] = [];
  /** Called for each of them. */
  onReceived: (() => void) | undefined;
  readonly #server = createServer();
  #noted = new AbortController();

  /** The answers in turn; the last one answers all that follow. */
  constructor(...answers: readonly Answer[]) {
    this.#server.on("request", (request, response) => {
      void (async () => {
        const pieces: Buffer[] = [];
        for await (const piece of request) pieces.push(piece as Buffer);
        const body = Buffer.concat(pieces).toString();
        answers[Math.min(this.received.length, answers.length - 1)]?.(response);
        this.received.push({
          body,
          signature: String(request.headers["webhook-signature"]),
          notification: JSON.parse(body) as Notification,
        });
        this.#noted.abort();
        this.onReceived?.();
      })();
    });
  }

  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}/hooks`;
  }

  /** The notification of this number, the first being 1, as soon as it is there. */
  async request(number: number, withinMs = 90_000): Promise<Received> {
    const late = AbortSignal.timeout(withinMs);
    for (;;) {
      const found = this.received[number - 1];
      if (found !== undefined) return found;
      this.#noted = new AbortController();
      const either = AbortSignal.any([late, this.#noted.signal]);
      await once(either, "abort");
      late.throwIfAborted();
    }
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Answers with a status and a JSON value. */
export function answer(status: number, value: unknown = {}): Answer {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  };
}

/** Never answers. */
export const silence = (): void => undefined;

/** Checks a signature as a receiver does, by a key that it looks up. */
export function isSigned({ body, signature }: Received, keys: readonly JsonWebKey[]): boolean {
  const [, time = "", kid = "", value = ""] = /^t=(\d+),kid=([^,]+),ed25519=([\w-]+)$/.exec(signature) ?? [];
  const jwk = keys.find((key) => key["kid"] === kid);
  if (jwk === undefined) return false;
  const key = createPublicKey({ key: jwk, format: "jwk" });
  return verify(null, Buffer.from(`${time}.${body}`), key, Buffer.from(value, "base64url"));
}
