import { ConflictError } from "../../client/errors/conflict-error.ts";
import { SequenceGapError } from "../../client/errors/sequence-gap-error.ts";
import { UnexpectedDuplicateError } from "../../client/errors/unexpected-duplicate-error.ts";
import { noSequenceCheck, type ProducerStanding } from "../../client/producer-standing.ts";
import { type RetryOptions, withRetries } from "../../client/retry.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import type { ContentKind } from "../../protocol/content-type.ts";
import { formatOffset } from "../../protocol/offset.ts";
import { compare, type Comparison, type Place, placeOf } from "./compare.ts";
import { closedEarly, type CopyWords, notACopy, notOurs, otherWriter, readBackDiffers } from "./copy-failures.ts";
import { PieceCursor } from "./piece-cursor.ts";
import { type Chunk, STREAM_START, type StreamMark, StreamSource } from "./stream-source.ts";
import { countsPositions } from "./stream-identity.ts";
import { takeBatch } from "./take-batch.ts";

/** A place up to which the original and its copy are the same. */
export type Anchor = Place;

const NEVER_HEARD_OF: ProducerStanding = { kind: "open", nextSeq: 0 };

const START: Anchor = { position: 0, original: STREAM_START, copy: STREAM_START };

export interface StreamCopyOptions {
  readonly client: StreamClient;
  /** The copy's URL. It is there. */
  readonly url: string;
  readonly contentType: string;
  readonly kind: ContentKind;
  /** The same for every run of this copy, and for no other copy. */
  readonly producerId: string;
  /** Reads the original from a place to its present end. */
  readonly open: (from: Anchor) => AsyncGenerator<Chunk>;
  readonly words: CopyWords;
  /** How long to try while the copy's server cannot be reached. */
  readonly retry: RetryOptions;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((copy: StreamCopy) => void) | undefined;
  /** Awaited after each batch that is in the copy. */
  readonly afterBatch?: ((copy: StreamCopy) => Promise<void>) | undefined;
}

/** How often others may be ahead of this run, without it getting on, until it gives up. */
const OVERTAKEN_MAX = 5;

/**
 * The `Stream-Seq` of a copy's first batch, and of nothing else. Of all batches with it a stream takes one (section 5.2): of
 * copies of several originals that find it empty at the same time, one gets it, and the others are refused before anything is
 * mixed. It is the smallest text that a header can hold, so that it is in the way of nobody's numbers later.
 */
const CLAIM = "!";

/** Somebody else was first: another run of this copy or, where it was the first batch, also a copy of something else. */
function isOvertaken(error: unknown, seq: number): boolean {
  if (seq === 0 && error instanceof ConflictError) return true;
  return error instanceof Overtaken || error instanceof UnexpectedDuplicateError || error instanceof SequenceGapError;
}

/** The target may hold another batch under the number that was sent, or the same one: it has to be looked at again. */
class Overtaken extends Error {}

/**
 * Copies an original that only grows to a stream of any server, every message exactly once, whatever happened to earlier
 * runs. What is in the copy already is the state: it is compared with the original, and copying goes on where it ends.
 *
 * A batch is sent under the sequence number that the copy's stream waits for, and that number is asked for *before* its
 * content is looked at. So if a request of a process that was killed still arrives, it takes the number away from this
 * run, whose own batch is then refused as a duplicate, and the copy is looked at again (docs/decisions/0016).
 */
export class StreamCopy {
  /** Messages of JSON, or bytes, that an earlier run had copied. */
  resumedAt = 0;
  /** Bytes of the messages that were sent. */
  sentBytes = 0;
  batches = 0;
  /** Messages of JSON, or bytes, that are known to be in the copy. What was read further may not be there. */
  reached = 0;
  /** What the copy's server wrote anew of the messages that were compared. */
  rewritten = 0;
  readonly #options: StreamCopyOptions;
  readonly #copy: StreamSource;
  #original: PieceCursor;
  #nextSeq = 0;
  #anchor: Anchor;
  /** The one before: what lies between the two is compared when a later run goes on from it. */
  #earlierAnchor: Anchor;
  /** Up to here it was compared when this run began. */
  #compared: Anchor = START;
  #isClosed = false;

  constructor(options: StreamCopyOptions, anchor: Anchor = START) {
    this.#options = options;
    this.#anchor = anchor;
    this.#earlierAnchor = anchor;
    this.#original = this.#cursor(anchor);
    const { client, url, contentType, words, signal, retry } = options;
    const replaced = (): Error => notACopy(words, this.#anchor.position, false);
    this.#copy = new StreamSource(client, url, { contentType, signal, retry, replaced });
  }

  get position(): number {
    return this.#original.position;
  }

  /** Where the original was read to. */
  get originalMark(): StreamMark {
    return this.#original.mark;
  }

  /** Where a later run can begin to compare. */
  get anchor(): Anchor {
    return this.#earlierAnchor;
  }

  /** Finds out how far earlier runs got. Throws where the target is something else. */
  async resume(isNew: boolean): Promise<void> {
    this.rewritten = await this.#resolve(isNew);
    this.resumedAt = this.position;
    this.#compared = this.#anchor;
  }

  /** Copies up to the original's present end; true when nothing will follow there. */
  async run(): Promise<boolean> {
    let overtaken = 0;
    for (;;) {
      const before = this.position;
      try {
        await this.#pump();
        return this.#original.closed;
      } catch (error) {
        // A 204 to the first batch that says nothing of the producer is a plain success of a server that knows none.
        if (error instanceof UnexpectedDuplicateError && !error.knowsProducer && this.#nextSeq === 0) {
          throw noSequenceCheck(this.#options.url, "took the first batch without a word of its number");
        }
        if (!isOvertaken(error, this.#nextSeq) || overtaken >= OVERTAKEN_MAX) throw error;
        await this.#resolve(false);
        overtaken = this.position > before ? 0 : overtaken + 1;
      }
    }
  }

  /** Looks for what the original has got since. */
  reopen(): void {
    const { position, mark } = this.#original;
    this.#original = this.#cursor({ ...this.#anchor, position, original: mark });
  }

  /** Closes the copy, after everything is in it. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    const { client, url, retry, signal } = this.#options;
    await withRetries(() => client.closeStream(url), { ...retry, signal });
  }

  /**
   * Reads back what this run has sent, and compares it. What was there before was compared when the run began. That
   * messages were written anew is not thrown but counted in `rewritten`.
   */
  async verify(): Promise<void> {
    const { words } = this.#options;
    const original = this.#cursor(this.#compared);
    const { kind, rewritten } = await this.#compare(original, this.#compared);
    if (kind === "different") throw readBackDiffers(words, `the two differ at position ${String(original.position)}`);
    const missing = this.position - original.position;
    if (kind !== "end" || missing !== 0) {
      const what = missing > 0 ? "its end is missing" : "something else was appended to it";
      throw readBackDiffers(words, what);
    }
    this.rewritten += rewritten;
  }

  #cursor(from: Anchor): PieceCursor {
    const { kind, open } = this.#options;
    return new PieceCursor(kind, open(from), from.original, from.position);
  }

  /** Compares from a place on; both cursors are then where the copy ends. */
  async #compare(original: PieceCursor, from: Anchor): Promise<Comparison & { readonly end: Anchor }> {
    const copy = new PieceCursor(this.#copy.kind, this.#copy.chunks(from.copy), from.copy, from.position);
    try {
      const comparison = await compare(original, copy);
      this.#isClosed ||= copy.closed;
      return { ...comparison, end: placeOf(original, copy) };
    } finally {
      await copy.close();
    }
  }

  /** Where the copy stands, and goes on; says how many messages of what was compared its server wrote anew. */
  async #resolve(isNew: boolean): Promise<number> {
    const { words } = this.#options;
    const standing = isNew ? NEVER_HEARD_OF : await this.#ask();
    const isUnknown = standing.kind === "open" && standing.nextSeq === 0;
    // What an earlier run knew is of no use when the stream is another one.
    if (isUnknown) this.#anchor = START;
    if (isUnknown && (await this.#holdsAnything())) throw notOurs(words);
    const { rewritten, end } = await this.#look();
    if (end.position > this.#anchor.position) this.#earlierAnchor = this.#anchor;
    this.#anchor = end;
    this.reached = end.position;
    if (standing.kind === "open") this.#nextSeq = standing.nextSeq;
    else this.#isClosed = true;
    return rewritten;
  }

  /**
   * Asks which batch the copy waits for. A server that may not check producers would store the question: of it the content
   * is looked at first, so that nothing is ever appended to somebody else's stream, and an empty one is asked nothing: the
   * answer to the first batch tells.
   */
  async #ask(): Promise<ProducerStanding> {
    const { client, url, contentType, producerId, signal } = this.#options;
    const request = { producerId, contentType, signal };
    if (!(await client.checksProducers(url, request))) {
      const { end } = await this.#look();
      if (this.#isClosed) return { kind: "closed" };
      if (end.position === 0) return NEVER_HEARD_OF;
    }
    return client.standing(url, { ...request, staleSeq: CLAIM });
  }

  /** Compares from the anchor to where the copy ends; throws where it is something else. */
  async #look(): Promise<Comparison & { readonly end: Anchor }> {
    await this.#original.close();
    this.#original = this.#cursor(this.#anchor);
    const comparison = await this.#compare(this.#original, this.#anchor);
    const { kind } = comparison;
    if (kind !== "end") throw notACopy(this.#options.words, this.#original.position, kind === "copy-is-longer");
    return comparison;
  }

  async #holdsAnything(): Promise<boolean> {
    const copy = new PieceCursor(this.#copy.kind, this.#copy.chunks(STREAM_START), STREAM_START, 0);
    try {
      return await copy.fill();
    } finally {
      await copy.close();
    }
  }

  async #pump(): Promise<void> {
    const { client, url, contentType, producerId, words, retry, signal, onProgress, afterBatch } = this.#options;
    for (;;) {
      signal?.throwIfAborted();
      const batch = await takeBatch(this.#original);
      if (batch === undefined) return;
      const { body, messageBytes } = batch;
      if (this.#isClosed) throw closedEarly(words);
      const producer = { id: producerId, epoch: 0, seq: this.#nextSeq };
      // The signal ends the waits between tries, not a request under way.
      const streamSeq = this.#nextSeq === 0 ? CLAIM : undefined;
      const delivery = { contentType, body, producer, streamSeq, mayBeThere: false };
      const { nextOffset, duplicate } = await client.deliver(url, delivery, { ...retry, signal });
      if (duplicate) throw new Overtaken();
      this.#nextSeq++;
      this.batches++;
      this.reached = this.position;
      this.sentBytes += messageBytes;
      this.#advance(nextOffset);
      onProgress?.(this);
      await afterBatch?.(this);
    }
  }

  #advance(nextOffset: string | undefined): void {
    const { position, mark } = this.#original;
    if (nextOffset === undefined) return;
    const expected = formatOffset(position);
    if (countsPositions(this.#copy.identity) && nextOffset !== expected) {
      throw otherWriter(this.#options.words, expected, nextOffset);
    }
    this.#earlierAnchor = this.#anchor;
    this.#anchor = { position, original: mark, copy: { offset: nextOffset, skip: 0 } };
  }
}
