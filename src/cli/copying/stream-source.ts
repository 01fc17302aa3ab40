import type { PageHead } from "../../client/catch-up.ts";
import type { RetryOptions } from "../../client/retry.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import { contentKind, type ContentKind } from "../../protocol/content-type.ts";
import { sizeOf, slice } from "./pieces.ts";
import { readFailure, sameStream, type StreamIdentity } from "./stream-identity.ts";

/**
 * Where a stream is to be read on: after an offset that its server gave, and so many positions further (messages of JSON,
 * bytes otherwise). It names any place of a stream of any server.
 */
export interface StreamMark {
  readonly offset: string;
  readonly skip: number;
}

export const STREAM_START: StreamMark = { offset: "-1", skip: 0 };

/** A stretch of a stream, between two marks. */
export interface Chunk {
  readonly pieces: readonly Uint8Array[];
  readonly from: StreamMark;
  readonly end: StreamMark;
  /** Nothing will ever follow. */
  readonly closed: boolean;
}

export interface StreamSourceOptions {
  readonly contentType: string;
  /** What an earlier run learned of the stream; `undefined` where it does not matter or was not told. */
  readonly incarnation?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly retry?: RetryOptions | undefined;
  /** The error for a stream that is no longer the one that was begun with. */
  readonly replaced: () => Error;
}

/** A stream to be read by marks, several times, and always the same one: other answers throw what `replaced` makes. */
export class StreamSource {
  readonly kind: ContentKind;
  readonly #client: StreamClient;
  readonly #url: string;
  readonly #options: StreamSourceOptions;
  #identity: StreamIdentity;

  constructor(client: StreamClient, url: string, options: StreamSourceOptions) {
    const { contentType, incarnation } = options;
    this.kind = contentKind(contentType);
    this.#client = client;
    this.#url = url;
    this.#options = options;
    this.#identity = { contentType, incarnation };
  }

  /** What is known of the stream so far; all of it after the first answer. */
  get identity(): StreamIdentity {
    return this.#identity;
  }

  /** From a mark to the present end. Where that is already behind the mark, the stream is another one. */
  async *chunks(from: StreamMark): AsyncGenerator<Chunk> {
    const { signal, retry, replaced } = this.#options;
    let { offset, skip: toSkip } = from;
    let count = 0;
    const onPage = (page: PageHead): void => {
      this.#identity = sameStream(page, this.#identity, replaced);
      // Offsets are compared as text (section 8). A stream never gets shorter.
      if (offset !== "-1" && page.nextOffset < offset) throw replaced();
    };
    try {
      for await (const batch of this.#client.catchUp(this.#url, { offset, signal, retry, onPage })) {
        const { pieces, nextOffset, closed } = batch;
        const start: StreamMark = { offset, skip: count + toSkip };
        const size = sizeOf(this.kind, pieces);
        const skipped = Math.min(toSkip, size);
        toSkip -= skipped;
        count += size;
        if (nextOffset !== undefined) {
          offset = nextOffset;
          count = 0;
        }
        const end: StreamMark = { offset, skip: count + toSkip };
        yield { pieces: slice(this.kind, pieces, skipped, size), from: start, end, closed };
      }
    } catch (error) {
      throw readFailure(error, replaced);
    }
    if (toSkip > 0) throw replaced();
  }
}
