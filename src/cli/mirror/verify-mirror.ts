import { StreamGoneError } from "../../client/errors/stream-gone-error.ts";
import { StreamNotFoundError } from "../../client/errors/stream-not-found-error.ts";
import type { StreamDescription } from "../../client/operations.ts";
import type { RetryOptions } from "../../client/retry.ts";
import { sameContentType } from "../../protocol/content-type.ts";
import { formatOffset } from "../../protocol/offset.ts";
import { CommandFailure } from "../command-failure.ts";
import { compare, type Place, placeOf } from "../copying/compare.ts";
import { PieceCursor } from "../copying/piece-cursor.ts";
import { bytesOf } from "../copying/pieces.ts";
import { countsPositions } from "../copying/stream-identity.ts";
import { type Chunk, STREAM_START, type StreamMark, StreamSource } from "../copying/stream-source.ts";
import { EXIT } from "../exit-codes.ts";
import { counted } from "../../client/figures.ts";
import { incarnationOf, type MirrorEnd, requireTwo } from "./mirror-stream.ts";

export interface VerifyMirrorOptions {
  readonly source: MirrorEnd;
  readonly target: MirrorEnd;
  readonly signal: AbortSignal;
  readonly retry: RetryOptions;
  /** Called with the bytes of SRC that were read. */
  readonly onProgress: (bytes: number) => void;
}

/** The first thing in which a copy is not its original. */
export interface MirrorDifference {
  /**
   * `missing`: there is no copy. `content`: a message or byte is another one. `rewritten`: its server has written JSON anew.
   * `shorter` and `longer`: than the original. `content-type` and `closure`: of the streams as such.
   */
  readonly kind: "missing" | "content-type" | "content" | "rewritten" | "shorter" | "longer" | "closure";
  /** From the start, where it is in the content: messages of JSON, bytes otherwise. */
  readonly position: number | null;
  /** The same place in each: what follows `offset`, and so many positions (`skip`) further. */
  readonly source: StreamMark | null;
  readonly target: StreamMark | null;
  /** A sentence without its full stop. */
  readonly problem: string;
}

/** How a copy compares with its original. */
export interface MirrorVerification {
  readonly source: string;
  readonly target: string;
  readonly contentType: string;
  /** How far the two were compared: messages of JSON, bytes otherwise. */
  readonly position: number;
  /** Bytes of SRC that were read for it. */
  readonly bytes: number;
  readonly closed: boolean;
  /** JSON messages that the copy's server has written anew. */
  readonly rewritten: number;
  readonly difference: MirrorDifference | null;
}

function replaced(url: string): () => CommandFailure {
  return () =>
    new CommandFailure({
      code: "STREAM_REPLACED",
      message: `${url} was deleted and created again while it was compared.`,
      hint: "Run the same command again.",
      exitCode: EXIT.conflict,
    });
}

/** Up to an offset that was the end once, and what an answer holds beyond it. Offsets are compared as text (section 8). */
async function* upTo(chunks: AsyncGenerator<Chunk>, tail: string): AsyncGenerator<Chunk> {
  for await (const chunk of chunks) {
    yield chunk;
    if (chunk.end.skip === 0 && chunk.end.offset >= tail) return;
  }
}

/** One comparison of two streams from their starts. Nothing is written. */
class Comparing {
  rewritten = 0;
  bytes = 0;
  #rewrittenAt: Place | undefined;
  readonly #options: VerifyMirrorOptions;
  readonly #description: StreamDescription;
  readonly #source: StreamSource;
  readonly #target: StreamSource;
  #original: PieceCursor;
  #copy: PieceCursor;

  constructor(options: VerifyMirrorOptions, description: StreamDescription) {
    const { source, target, signal, retry } = options;
    const { contentType, nextOffset } = description;
    this.#options = options;
    this.#description = description;
    const reader = ({ client, url }: MirrorEnd): StreamSource =>
      new StreamSource(client, url, { contentType, signal, retry, replaced: replaced(url) });
    this.#source = reader(source);
    this.#target = reader(target);
    // What is appended while this runs is not asked for: a mirror that follows may not have it yet.
    this.#original = this.#cursor(upTo(this.#counted(this.#source.chunks(STREAM_START)), nextOffset), STREAM_START, 0);
    this.#copy = this.#cursor(this.#target.chunks(STREAM_START), STREAM_START, 0);
  }

  get position(): number {
    return this.#original.position;
  }

  async run(): Promise<MirrorDifference | undefined> {
    try {
      const difference = (await this.#content()) ?? (await this.#closure());
      if (difference !== undefined || this.#rewrittenAt === undefined) return difference;
      const messages = counted(this.rewritten, "JSON message");
      return this.#at("rewritten", this.#rewrittenAt, `the server of DST has written ${messages} anew, the first at`);
    } finally {
      await this.#original.close();
      await this.#copy.close();
    }
  }

  /**
   * Each side is read at a time of its own, and both may grow meanwhile. So where one ends before the other, it is looked
   * whether it has got more since.
   */
  async #content(): Promise<MirrorDifference | undefined> {
    let isPastEnd = false;
    let isCopyReopened = false;
    for (;;) {
      const before = this.#original.position;
      const { kind, rewritten, rewrittenAt } = await compare(this.#original, this.#copy);
      this.rewritten += rewritten;
      this.#rewrittenAt ??= rewrittenAt;
      const place = placeOf(this.#original, this.#copy);
      const hasMoved = place.position > before;
      if (kind === "different") return this.#at("content", place, "the two differ at");
      if (kind === "end") {
        if (isPastEnd || !(await this.#original.fill())) return undefined;
        if (isCopyReopened && !hasMoved) return this.#at("shorter", place, "DST ends, and SRC goes on, at");
        await this.#copy.close();
        this.#copy = this.#cursor(this.#target.chunks(place.copy), place.copy, place.position);
        isCopyReopened = true;
      } else {
        if (isPastEnd && !hasMoved) return this.#at("longer", place, "SRC ends, and DST goes on, at");
        await this.#original.close();
        const chunks = this.#counted(this.#source.chunks(place.original));
        this.#original = this.#cursor(chunks, place.original, place.position);
        isPastEnd = true;
      }
    }
  }

  /** A copy is closed after its original is, so what was read of each before decides nothing: the copy is asked first. */
  async #closure(): Promise<MirrorDifference | undefined> {
    const { source, target, signal } = this.#options;
    const wasClosed = this.#description.closed;
    const { closed } = await target.client.describe(target.url, signal);
    const isClosed = wasClosed || (closed && (await source.client.describe(source.url, signal)).closed);
    if (closed === isClosed) return undefined;
    const problem = closed ? "DST is closed, and SRC is not" : "SRC is closed, and DST is not";
    return { kind: "closure", position: null, source: null, target: null, problem };
  }

  #at(kind: MirrorDifference["kind"], place: Place, what: string): MirrorDifference {
    const { position } = place;
    const unit = this.#source.kind === "json" ? "message" : "byte";
    // Of a server that counts, the offset of any place is known.
    const markOf = (side: StreamSource, mark: StreamMark): StreamMark =>
      countsPositions(side.identity) ? { offset: formatOffset(position), skip: 0 } : mark;
    const source = markOf(this.#source, place.original);
    const target = markOf(this.#target, place.copy);
    const words = ({ offset, skip }: StreamMark): string =>
      `${skip === 0 ? "" : `${counted(skip, unit)} after `}offset ${offset}`;
    const problem = `${what} ${unit} ${String(position)}, counted from 0: ${words(source)} of SRC, ${words(target)} of DST`;
    return { kind, position, source, target, problem };
  }

  #cursor(chunks: AsyncGenerator<Chunk>, at: StreamMark, position: number): PieceCursor {
    return new PieceCursor(this.#source.kind, chunks, at, position);
  }

  async *#counted(chunks: AsyncGenerator<Chunk>): AsyncGenerator<Chunk> {
    for await (const chunk of chunks) {
      const bytes = bytesOf(chunk.pieces);
      this.bytes += bytes;
      this.#options.onProgress(bytes);
      yield chunk;
    }
  }
}

async function describeCopy({ client, url }: MirrorEnd, signal: AbortSignal): Promise<StreamDescription | undefined> {
  try {
    return await client.describe(url, signal);
  } catch (error) {
    if (error instanceof StreamNotFoundError || error instanceof StreamGoneError) return undefined;
    throw error;
  }
}

/** Reads a stream and its copy from their starts to where the stream ends now, and compares them. Writes nothing. */
export async function verifyMirror(options: VerifyMirrorOptions): Promise<MirrorVerification> {
  const { source, target, signal, retry } = options;
  const description = await source.client.describe(source.url, signal);
  const { contentType, closed } = description;
  const told = { source: source.url, target: target.url, contentType, closed };
  const unread = (kind: MirrorDifference["kind"], problem: string): MirrorVerification => {
    const difference = { kind, position: null, source: null, target: null, problem };
    return { ...told, position: 0, bytes: 0, rewritten: 0, difference };
  };
  const copy = await describeCopy(target, signal);
  if (copy === undefined) return unread("missing", `DST is not there: ${target.url}`);
  const asked = { signal, retry };
  requireTwo(
    { url: source.url, incarnation: await incarnationOf(source, description.nextOffset, asked) },
    { url: target.url, incarnation: await incarnationOf(target, copy.nextOffset, asked) },
  );
  if (!sameContentType(contentType, copy.contentType)) {
    return unread("content-type", `DST holds ${copy.contentType}, and SRC ${contentType}`);
  }
  const comparing = new Comparing(options, description);
  const difference = (await comparing.run()) ?? null;
  const { position, bytes, rewritten } = comparing;
  return { ...told, position, bytes, rewritten, difference };
}
