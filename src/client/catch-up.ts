import type { ContentKind } from "../protocol/content-type.ts";
import { cutPage } from "./cut-page.ts";
import { isClientError } from "./errors/client-error.ts";
import { readPage, type Page } from "./page.ts";
import { RetryClock, type RetryOptions } from "./retry.ts";
import type { StreamBatch } from "./stream-batch.ts";
import type { Transport } from "./transport.ts";

/** What an answer says before its content. */
export type PageHead = Omit<Page, "pieces">;

export interface CatchUpOptions {
  /** Where to start: an offset the server gave, or `-1` for the start. Default `-1`. */
  readonly offset?: string | undefined;
  /** Where to end: an offset the server gave. Default: the present end. */
  readonly untilOffset?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the head of every answer before any of its content is handed on; it may throw to end the read. */
  readonly onPage?: ((page: PageHead) => void) | undefined;
  /** What to do when an answer fails or breaks off: by default go on for 30 s. */
  readonly retry?: RetryOptions | undefined;
}

/** Leaves out what an earlier, broken answer already delivered: bytes at an offset never change (section 4). */
class Delivered {
  readonly #kind: ContentKind;
  /** Messages for JSON, bytes otherwise. */
  count = 0;
  #toSkip = 0;

  constructor(kind: ContentKind) {
    this.#kind = kind;
  }

  startOver(): void {
    this.#toSkip = this.count;
  }

  fresh(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
    const fresh: Uint8Array[] = [];
    for (const piece of pieces) {
      const size = this.#kind === "json" ? 1 : piece.byteLength;
      const skipped = Math.min(size, this.#toSkip);
      this.#toSkip -= skipped;
      this.count += size - skipped;
      if (skipped === size) continue;
      fresh.push(skipped === 0 ? piece : piece.subarray(skipped));
    }
    return fresh;
  }
}

/**
 * Reads from an offset to the present end, page by page (section 5.6), and ends there. An answer that fails or breaks off
 * is asked for again, and what it had delivered is left out of the repetition.
 */
export async function* catchUp(
  transport: Transport,
  url: string,
  options: CatchUpOptions = {},
): AsyncGenerator<StreamBatch> {
  const { signal } = options;
  const clock = new RetryClock({ ...options.retry, signal });
  const { untilOffset } = options;
  let offset = options.offset ?? "-1";
  let delivered: Delivered | undefined;
  // Offsets are to be compared as text (section 8); the sentinel -1 sorts before all of them.
  while (untilOffset === undefined || offset < untilOffset) {
    try {
      const page = await readPage(transport, url, offset, signal);
      options.onPage?.(page);
      delivered ??= new Delivered(page.kind);
      delivered.startOver();
      if (untilOffset !== undefined && page.nextOffset > untilOffset) {
        yield await cutPage(page, url, offset, untilOffset);
        return;
      }
      const { kind } = page;
      for await (const pieces of page.pieces) {
        const fresh = delivered.fresh(pieces);
        if (fresh.length > 0) yield { kind, pieces: fresh, nextOffset: undefined, upToDate: false, closed: false };
      }
      const { nextOffset, upToDate, closed } = page;
      const stands = nextOffset === offset;
      yield { kind, pieces: [], nextOffset, upToDate, closed };
      // A server that neither moves on nor says that it is done would be asked forever.
      if (upToDate || stands) return;
      clock.succeeded();
      offset = nextOffset;
      delivered = undefined;
    } catch (error) {
      if (!isClientError(error)) throw error;
      await clock.failed(error);
    }
  }
}
