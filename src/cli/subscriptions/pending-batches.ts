import type { StreamClient } from "../../client/stream-client.ts";
import type { ContentKind } from "../../protocol/content-type.ts";
import { FIRST_OFFSET, formatOffset, parseOffset } from "../../protocol/offset.ts";
import { RecordSplitter } from "../reading/record-splitter.ts";

/** How much of a stream a command gets at once. */
export interface BatchLimits {
  /** Messages of a JSON stream, lines of text. */
  readonly messages: number;
  /** A larger message goes alone. */
  readonly bytes: number;
}

/** A stretch of one stream, whole messages of it. */
export interface PendingBatch {
  readonly kind: ContentKind;
  /** Messages of JSON, lines of text, and of anything else pieces of bytes. */
  readonly records: readonly Uint8Array[];
  readonly bytes: number;
  /** Where it begins and ends; `undefined` inside an answer of a server whose offsets do not count what is in it. */
  readonly offset: string | undefined;
  readonly nextOffset: string | undefined;
}

export interface PendingOptions {
  readonly client: StreamClient;
  readonly url: string;
  /** Where the subscription stands. */
  readonly from: string;
  readonly limits: BatchLimits;
  readonly signal: AbortSignal;
}

/** Everything from an offset to the present end, in batches. Memory holds one of them and a piece of an answer. */
export async function* pendingBatches(options: PendingOptions): AsyncGenerator<PendingBatch> {
  const { client, url, from: offset, signal, limits } = options;
  const collector = new Collector(offset, limits);
  const batches = client.catchUp(url, {
    offset,
    signal,
    onPage: (page) => {
      collector.begin(page.kind, page.incarnation !== undefined);
    },
  });
  for await (const { pieces, nextOffset } of batches) {
    yield* collector.push(pieces);
    if (nextOffset !== undefined) yield* collector.pageEnd(nextOffset);
  }
  yield* collector.end();
}

/** Puts records together, and knows at which offset of the stream each batch ends. */
class Collector {
  readonly #limits: BatchLimits;
  #kind: ContentKind = "binary";
  #splitter: RecordSplitter | undefined;
  /** Our server's offsets count messages, or bytes: then every one between two that it told is known, too. */
  #isCounting = false;
  /** The last offset that the server told, and what was taken since: messages for JSON, bytes otherwise. */
  #known: string;
  #sinceKnown = 0;
  /** The end of what has been read, where it is not the end of a record. */
  #told: string | undefined;
  #offset: string | undefined;
  #records: Uint8Array[] = [];
  #bytes = 0;

  constructor(from: string, limits: BatchLimits) {
    this.#known = from;
    this.#offset = from;
    this.#limits = limits;
  }

  begin(kind: ContentKind, isCounting: boolean): void {
    this.#kind = kind;
    this.#isCounting = isCounting;
    this.#splitter ??= new RecordSplitter(kind);
  }

  *push(pieces: readonly Uint8Array[]): Generator<PendingBatch> {
    for (const record of this.#splitter?.push(pieces) ?? []) {
      if (this.#kind === "binary") yield* this.#cut(record);
      else yield* this.#add(record);
    }
  }

  /** Bytes have no boundaries: they are cut wherever a batch is full. */
  *#cut(bytes: Uint8Array): Generator<PendingBatch> {
    let rest = bytes;
    while (rest.byteLength > 0) {
      if (this.#bytes === this.#limits.bytes) yield* this.#flush();
      const part = rest.subarray(0, this.#limits.bytes - this.#bytes);
      yield* this.#add(part);
      rest = rest.subarray(part.byteLength);
    }
  }

  /** Where everything up to an offset of the server's is whole records, that is known to be their end. */
  *pageEnd(nextOffset: string): Generator<PendingBatch> {
    this.#told = nextOffset;
    if (this.#splitter !== undefined && this.#splitter.held.byteLength > 0) return;
    this.#learn(nextOffset);
    // Elsewhere the offsets inside the next answer are not known.
    if (!this.#isCounting) yield* this.#flush();
  }

  *end(): Generator<PendingBatch> {
    for (const record of this.#splitter?.end() ?? []) yield* this.#add(record);
    if (this.#told !== undefined) this.#learn(this.#told);
    yield* this.#flush();
  }

  #learn(offset: string): void {
    this.#known = offset;
    this.#sinceKnown = 0;
  }

  *#add(record: Uint8Array): Generator<PendingBatch> {
    if (record.byteLength === 0) return;
    const isFull =
      this.#bytes + record.byteLength > this.#limits.bytes ||
      (this.#kind !== "binary" && this.#records.length >= this.#limits.messages);
    if (isFull) yield* this.#flush();
    this.#records.push(record);
    this.#bytes += record.byteLength;
    this.#sinceKnown += this.#kind === "json" ? 1 : record.byteLength;
  }

  *#flush(): Generator<PendingBatch> {
    if (this.#records.length === 0) return;
    const nextOffset = this.#here();
    yield {
      kind: this.#kind,
      records: this.#records,
      bytes: this.#bytes,
      offset: this.#offset,
      nextOffset,
    };
    this.#offset = nextOffset;
    this.#records = [];
    this.#bytes = 0;
  }

  #here(): string | undefined {
    if (this.#sinceKnown === 0) return this.#known;
    const position = this.#isCounting ? parseOffset(this.#known === "-1" ? FIRST_OFFSET : this.#known) : undefined;
    return position === undefined ? undefined : formatOffset(position + this.#sinceKnown);
  }
}
