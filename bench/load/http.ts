import { Client, type Dispatcher } from "undici";
import type { Target } from "../types.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

type Method = "GET" | "HEAD" | "POST" | "PUT";

export interface Call {
  readonly method: Method;
  readonly path: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** Longer than anything waits here, long-polls included. */
const TIMEOUT_MS = 60_000;

/** One connection that is kept open and has one request under way at a time. */
export function connect(target: Target): Client {
  return new Client(target.url, { pipelining: 1, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
}

/** Sends one request, with as little work of our own as undici allows: the load generator shares the machine. */
function send(client: Dispatcher, { method, path, contentType, headers: more, body }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = contentType === undefined ? { ...more } : { ...more, "content-type": contentType };
    client.dispatch({ method, path, headers, body: body ?? null }, new AnswerHandler(resolve, reject));
  });
}

class AnswerHandler implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: Error) => void;
  readonly #chunks: Buffer[] = [];
  #status = 0;
  #headers: Answer["headers"] = {};

  constructor(resolve: (answer: Answer) => void, reject: (error: Error) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(): void {
    // undici asks for the method; there is nothing to do.
  }

  onResponseStart(_controller: unknown, status: number, headers: Answer["headers"]): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const body =
      this.#chunks.length === 1 && this.#chunks[0] !== undefined ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#reject(error);
  }
}

/** Sends one request and insists on the status. */
export async function expectStatus(client: Dispatcher, call: Call, ...statuses: number[]): Promise<Answer> {
  const answer = await send(client, call);
  if (statuses.includes(answer.status)) return answer;
  throw new Error(
    `${call.method} ${call.path} was answered with ${answer.status}: ${answer.body.toString("utf8", 0, 300)}`,
  );
}

/** Gives `work` connections of its own and closes them whatever happens. */
export async function withConnections<T>(
  target: Target,
  count: number,
  work: (clients: readonly Client[]) => Promise<T>,
): Promise<T> {
  const clients = Array.from({ length: count }, () => connect(target));
  try {
    return await work(clients);
  } finally {
    await Promise.all(clients.map((client) => client.destroy()));
  }
}

export async function withConnection<T>(target: Target, work: (client: Client) => Promise<T>): Promise<T> {
  const client = connect(target);
  try {
    return await work(client);
  } finally {
    await client.destroy();
  }
}
