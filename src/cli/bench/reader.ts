import { contentKind } from "../../protocol/content-type.ts";
import { isClientError } from "../../client/errors/client-error.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import type { DeliveryCheck } from "./delivery-check.ts";
import { LineCutter } from "./line-cutter.ts";
import { longPoll } from "./long-poll.ts";
import type { ReaderMode } from "./settings.ts";

export interface ReaderOptions {
  readonly client: StreamClient;
  readonly url: string;
  readonly mode: ReaderMode;
  readonly contentType: string;
  /** Where the stream ended before the first append. */
  readonly offset: string;
  /** No line of the load is longer. */
  readonly maxLineBytes: number;
  readonly check: DeliveryCheck;
  /** How long a message was under way, in milliseconds. */
  readonly onDelivery: (mode: ReaderMode, ms: number) => void;
  readonly onError: (error: unknown) => void;
}

/** Reads a stream live until it is stopped, and puts all that comes to the check. */
export class Reader {
  readonly check: DeliveryCheck;
  readonly #options: ReaderOptions;
  readonly #stop = new AbortController();
  readonly #lines: LineCutter | undefined;
  #begun: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;
  #done: Promise<void> | undefined;
  /** Whether the server is answering; a reader that is cut off proves nothing by what it has not got. */
  isConnected = false;
  /** When something last came, in milliseconds of the monotonic clock. */
  lastArrivalMs = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.check = options.check;
    this.#lines = contentKind(options.contentType) === "json" ? undefined : new LineCutter(options.maxLineBytes);
  }

  /** Begins to read; ends when the server is there. Throws a `ClientError` when it is not. */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#begun = { resolve, reject };
      this.#done = this.#run();
    });
  }

  /** Ends the reading. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    try {
      for await (const pieces of this.#pieces(signal)) this.#take(pieces);
      if (!signal.aborted) throw new Error(`${this.#options.url} was closed while it was read.`);
    } catch (error) {
      this.isConnected = false;
      if (signal.aborted) return;
      this.#begun?.reject(error);
      this.#options.onError(error);
    }
  }

  async *#pieces(signal: AbortSignal): AsyncGenerator<readonly Uint8Array[]> {
    const { client, url, mode, contentType, offset } = this.#options;
    if (mode === "long-poll") {
      // The first answer comes with the first message, so nothing can be waited for.
      this.#connected(true);
      const onState = (isAnswered: boolean): void => {
        this.isConnected = isAnswered;
      };
      yield* longPoll(client, url, { offset, contentType, signal, onState });
      return;
    }
    const onState = ({ name }: { readonly name: string }): void => {
      if (name !== "connecting") this.#connected(name === "live");
    };
    for await (const { pieces } of client.follow(url, { offset, contentType, signal, onState })) yield pieces;
  }

  #connected(isConnected: boolean): void {
    this.isConnected = isConnected;
    if (isConnected) this.#begun?.resolve();
  }

  #take(pieces: readonly Uint8Array[]): void {
    if (pieces.length === 0) return;
    const nowMs = performance.now();
    this.lastArrivalMs = nowMs;
    const { check, mode, onDelivery } = this.#options;
    for (const piece of pieces) {
      const texts = this.#lines?.push(piece) ?? [textOf(piece)];
      for (const text of texts) {
        const message = check.accept(text);
        if (message !== undefined) onDelivery(mode, nowMs - message.sentUs / 1_000);
      }
    }
  }
}

/** Errors by what a script would look for: the status, if there is one, and the code. */
export function errorName(error: unknown): string {
  if (!isClientError(error)) return "UNKNOWN";
  return error.status === undefined ? error.code : `${String(error.status)} ${error.code}`;
}

/** Without a copy of the bytes. */
function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString();
}
