import { env } from "cloudflare:workers";
import { createStreamWorker, type BaseEnv, type StreamWorkerConfig } from "../../../src/worker/create-stream-worker.ts";
import type { StreamDO } from "../../../src/worker/stream/stream-do.ts";

export const ORIGIN = "http://streams.test";
export const FIRST_OFFSET = "0000000000000000_0000000000000000";

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: BodyInit | undefined;
}

/** Sends a request to a Worker without a network in between: a body is read exactly as fast as the test reads it. */
export type Send = (pathAndQuery: string, options?: RequestOptions) => Promise<Response>;

const background: Promise<unknown>[] = [];

/** Waits for what the Worker does beside its answers. */
export async function settleBackground(): Promise<void> {
  while (background.length > 0) await Promise.all(background.splice(0));
}

/** The Worker with a configuration and bindings of the test's own. */
export function sendTo<E extends BaseEnv = BaseEnv>(
  config: StreamWorkerConfig<E> = {},
  bindings: Readonly<Record<string, unknown>> = {},
): Send {
  const worker = createStreamWorker<E>(config);
  return async (pathAndQuery, options = {}) => {
    const { body = null, ...init } = options;
    const request = new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}${pathAndQuery}`, { ...init, body });
    const context = { waitUntil: (work: Promise<unknown>) => background.push(work) };
    return worker.fetch(request, { ...env, ...bindings } as unknown as E, context as unknown as ExecutionContext);
  };
}

export interface StreamOptions {
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: BodyInit;
  readonly send?: Send;
}

let names = 0;

/** A stream name that no other test of the run has. */
export function freshName(hint = "stream"): string {
  return `${hint}-${String(++names)}-${crypto.randomUUID()}`;
}

/** Creates a stream of its own for a test. */
export async function createStream(options: StreamOptions = {}): Promise<StreamClient> {
  const stream = new StreamClient(freshName(), options.contentType ?? "application/json", options.send ?? sendTo());
  const response = await stream.put({ headers: options.headers ?? {}, body: options.body });
  if (response.status !== 201) throw new Error(`PUT answered ${String(response.status)}: ${await response.text()}`);
  return stream;
}

/** One stream as its writers, its readers and its own object see it. */
export class StreamClient {
  readonly name: string;
  readonly path: string;
  readonly contentType: string;
  readonly send: Send;

  constructor(name: string, contentType: string, send: Send) {
    this.name = name;
    this.path = `/v1/stream/${name}`;
    this.contentType = contentType;
    this.send = send;
  }

  /** The object that holds the stream. A new stub each time: one that saw its object fail stays broken. */
  get object(): DurableObjectStub<StreamDO> {
    return env.STREAMS.getByName(`default/${this.name}`);
  }

  put({ headers = {}, body }: Omit<RequestOptions, "method"> = {}): Promise<Response> {
    return this.send(this.path, { method: "PUT", headers: { "Content-Type": this.contentType, ...headers }, body });
  }

  post(body: BodyInit | undefined, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.send(this.path, { method: "POST", headers: { "Content-Type": this.contentType, ...headers }, body });
  }

  /** Appends what must succeed; gives the offset after it. */
  async append(body: BodyInit, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    const response = await this.post(body, headers);
    if (!response.ok) throw new Error(`POST answered ${String(response.status)}: ${await response.text()}`);
    return nextOffset(response);
  }

  async close(body?: BodyInit): Promise<void> {
    const response = await this.post(body, { "Stream-Closed": "true" });
    if (response.status !== 204) throw new Error(`closing answered ${String(response.status)}`);
  }

  get(query = "", headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.send(`${this.path}${query}`, { headers });
  }

  head(): Promise<Response> {
    return this.send(this.path, { method: "HEAD" });
  }

  delete(): Promise<Response> {
    return this.send(this.path, { method: "DELETE" });
  }

  /** All bytes from `offset` to the tail, chunk by chunk. */
  async readAll(offset = "-1"): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let from = offset;
    for (;;) {
      const response = await this.get(`?offset=${from}`);
      if (response.status !== 200) throw new Error(`GET answered ${String(response.status)}: ${await response.text()}`);
      chunks.push(new Uint8Array(await response.arrayBuffer()));
      from = nextOffset(response);
      if (response.headers.get("Stream-Up-To-Date") === "true") return concat(chunks);
    }
  }

  /** All messages of a JSON stream from `offset` on. */
  async readMessages(offset = "-1"): Promise<unknown[]> {
    const messages: unknown[] = [];
    let from = offset;
    for (;;) {
      const response = await this.get(`?offset=${from}`);
      if (response.status !== 200) throw new Error(`GET answered ${String(response.status)}: ${await response.text()}`);
      messages.push(...(await response.json<unknown[]>()));
      from = nextOffset(response);
      if (response.headers.get("Stream-Up-To-Date") === "true") return messages;
    }
  }
}

export function nextOffset(response: Response): string {
  const offset = response.headers.get("Stream-Next-Offset");
  if (offset === null) throw new Error(`an answer of ${String(response.status)} without Stream-Next-Offset`);
  return offset;
}

/** The offset of a position, as this server writes it. */
export function offsetAt(position: number): string {
  return `0000000000000000_${String(position).padStart(16, "0")}`;
}

/** The `code` of an error answer. */
export async function errorCode(response: Response): Promise<string> {
  const body = await response.json<{ error: { code: string; message: string } }>();
  return body.error.code;
}

export function producer(id: string, epoch: number, seq: number): Record<string, string> {
  return { "Producer-Id": id, "Producer-Epoch": String(epoch), "Producer-Seq": String(seq) };
}

export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
