import type { StreamClient } from "../../client/stream-client.ts";
import type { StreamMark } from "../copying/stream-source.ts";

/**
 * Hears over server-sent events that a stream has more. What it is, is read in the ordinary way: events carry text, in
 * which a line break of one kind is as good as another (section 5.8), and do not say of which creation they are.
 */
export class StreamNews {
  /** The end of what was heard of. */
  #heard = "";
  #closed = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  constructor(client: StreamClient, url: string, from: StreamMark, contentType: string, signal: AbortSignal) {
    const both = AbortSignal.any([signal, this.#stop.signal]);
    this.#ended = this.#listen(client, url, { offset: from.offset, contentType, signal: both });
  }

  /** Waits until there is more than what was read, or the stream is closed. Throws what ended the listening. */
  async wait(read: StreamMark): Promise<void> {
    while (!this.#closed && this.#heard <= read.offset) {
      if (this.#failure !== undefined) throw this.#failure.error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #listen(
    client: StreamClient,
    url: string,
    options: { readonly offset: string; readonly contentType: string; readonly signal: AbortSignal },
  ): Promise<void> {
    try {
      for await (const { nextOffset, closed } of client.follow(url, options)) {
        if (nextOffset !== undefined && nextOffset > this.#heard) this.#heard = nextOffset;
        this.#closed ||= closed;
        this.#wake?.();
      }
    } catch (error) {
      this.#failure = { error };
    }
    this.#wake?.();
  }
}
