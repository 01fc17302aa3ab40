import type { PageHead } from "../../../client/catch-up.ts";
import type { StreamClient } from "../../../client/stream-client.ts";
import type { StreamBatch } from "../../../client/stream-batch.ts";
import { contentKind } from "../../../protocol/content-type.ts";
import { formatOffset, parseOffset, type Position } from "../../../protocol/offset.ts";
import { CommandFailure } from "../../command-failure.ts";
import { sizeOf, slice } from "../../copying/pieces.ts";
import { countsPositions, readFailure, sameStream, type StreamIdentity } from "../../copying/stream-identity.ts";
import { EXIT } from "../../exit-codes.ts";
import { RowCutter, rowShape, type CutRow } from "./rows.ts";

/** Where a stream is to be read on. It works with any server: an offset is one that the server gave. */
export interface ReadMark {
  /** A read from this offset ... */
  readonly offset: string;
  /** ... begins at this position, ... */
  readonly offsetPosition: Position;
  /** ... and the next row at this one. */
  readonly position: Position;
}

export const FIRST_MARK: ReadMark = { offset: "-1", offsetPosition: 0, position: 0 };

export interface StreamRowsOptions {
  /** Default: the stream's start. */
  readonly from?: ReadMark | undefined;
  /** What the stream was when an earlier run read of it. */
  readonly expected?: StreamIdentity | undefined;
  /** Where to end. Default: the stream's present end. */
  readonly end?: Position | undefined;
  /** Whether rows will show. */
  readonly hasRows: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The stream that was read from is no longer the one at its URL. */
function replaced(url: string): CommandFailure {
  return new CommandFailure({
    code: "STREAM_REPLACED",
    message: `${url} was deleted and created again since this export was begun.`,
    hint: "Export the new one to another file, or run the command again with --force to start over.",
    exitCode: EXIT.conflict,
  });
}

interface PageStart {
  readonly offset: string;
  readonly position: Position;
}

/** What the first answer brought. */
interface Opened {
  readonly identity: StreamIdentity;
  readonly batches: AsyncGenerator<StreamBatch>;
  readonly first: StreamBatch;
  readonly tail: string;
}

/**
 * A stream as rows, from a mark to its present end. Where that can be told in positions it is the end at the beginning:
 * of a stream that grows meanwhile, no more is read. Throws a `ClientError`, or `STREAM_REPLACED` when the stream is no
 * longer the one that was begun with.
 */
export class StreamRows {
  readonly identity: StreamIdentity;
  /** Where it ends; `undefined` where that is not known before. */
  readonly end: Position | undefined;
  readonly #from: ReadMark;
  readonly #url: string;
  readonly #batches: AsyncGenerator<StreamBatch>;
  readonly #cutter: RowCutter;
  readonly #first: StreamBatch | undefined;
  /** Where the answers began that hold the next row and what was read after it. */
  #pages: readonly PageStart[];
  #at: Position;

  private constructor(url: string, opened: Opened, { from = FIRST_MARK, end, hasRows }: StreamRowsOptions) {
    const { offset, offsetPosition, position } = from;
    const { identity, batches, first, tail } = opened;
    this.identity = identity;
    this.end = end ?? (countsPositions(identity) ? parseOffset(tail) : undefined);
    this.#from = from;
    this.#url = url;
    this.#batches = batches;
    this.#first = first;
    this.#cutter = new RowCutter(rowShape(contentKind(identity.contentType), hasRows), position);
    this.#pages = [{ offset, position: offsetPosition }];
    this.#at = offsetPosition;
  }

  /** Waits for the first answer. */
  static async open(client: StreamClient, url: string, options: StreamRowsOptions): Promise<StreamRows> {
    const { from = FIRST_MARK, expected, signal } = options;
    const { nextOffset: tail } = await client.describe(url, signal);
    let identity = expected;
    const onPage = (page: PageHead): void => {
      identity = sameStream(page, identity, () => replaced(url));
    };
    const batches = client.catchUp(url, { offset: from.offset, signal, onPage });
    const first = await batches.next().catch((error: unknown) => {
      throw readFailure(error, () => replaced(url));
    });
    if (identity === undefined || first.done === true) throw new Error("a read ended without an answer");
    return new StreamRows(url, { identity, batches, first: first.value, tail }, options);
  }

  /** The mark for going on with the row that begins there: the end of a row of the latest batch, or the next one's start. */
  markAt(position: Position): ReadMark {
    const page = this.#pages.findLast((each) => each.position <= position);
    if (page === undefined) throw new RangeError(`position ${String(position)} is before everything that is kept`);
    return { offset: page.offset, offsetPosition: page.position, position };
  }

  /** The offset after the last row: where a later read goes on. */
  get nextOffset(): string | undefined {
    if (countsPositions(this.identity)) return formatOffset(this.#cutter.position);
    return this.#pages.at(-1)?.offset;
  }

  /** The rows, as many at a time as arrive together; maybe none. */
  async *batches(): AsyncGenerator<readonly CutRow[]> {
    try {
      if (this.#first !== undefined) yield this.#take(this.#first);
      while (this.end === undefined || this.#at < this.end) {
        const next = await this.#batches.next();
        if (next.done === true) break;
        yield this.#take(next.value);
      }
      // A stream never gets shorter.
      if (this.#at < Math.max(this.#from.position, this.end ?? 0)) throw replaced(this.#url);
      yield this.#cutter.end();
    } catch (error) {
      throw readFailure(error, () => replaced(this.#url));
    } finally {
      await this.#batches.return(undefined);
    }
  }

  #take({ kind, pieces, nextOffset }: StreamBatch): readonly CutRow[] {
    const size = sizeOf(kind, pieces);
    const from = Math.max(0, this.#from.position - this.#at);
    const to = Math.min(size, (this.end ?? Infinity) - this.#at);
    this.#at += size;
    const rows = this.#cutter.push(slice(kind, pieces, from, to));
    if (nextOffset !== undefined) this.#startPage({ offset: nextOffset, position: this.#at });
    return rows;
  }

  #startPage(page: PageStart): void {
    const needed = this.#pages.findLastIndex(({ position }) => position <= this.#cutter.position);
    this.#pages = [...this.#pages.slice(Math.max(0, needed)), page];
  }
}
