import { createHash } from "node:crypto";
import type { PageHead } from "../../client/catch-up.ts";
import type { StreamDescription } from "../../client/operations.ts";
import type { RetryOptions } from "../../client/retry.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import { contentKind, type ContentKind } from "../../protocol/content-type.ts";
import { formatOffset, parseOffset } from "../../protocol/offset.ts";
import { CommandFailure, usageFailure } from "../command-failure.ts";
import { type PreparedTarget, prepareTarget } from "../copying/prepare-target.ts";
import { type Anchor, StreamCopy } from "../copying/stream-copy.ts";
import { StreamSource } from "../copying/stream-source.ts";
import { EXIT } from "../exit-codes.ts";
import { isSamePlace } from "../server-address.ts";
import { readMirrorCheckpoint, writeMirrorCheckpoint } from "./mirror-checkpoint.ts";
import { StreamNews } from "./news.ts";

/** A stream, and the client with the credentials for it. */
export interface MirrorEnd {
  readonly client: StreamClient;
  readonly url: string;
}

export interface MirrorOptions {
  readonly source: MirrorEnd;
  readonly target: MirrorEnd;
  /** Go on live until the source is closed. */
  readonly follow: boolean;
  /** Leave out the time to live and the expiry. */
  readonly withoutExpiry: boolean;
  readonly checkpoint?: string | undefined;
  readonly signal: AbortSignal;
  readonly retry: RetryOptions;
  readonly onProgress: (sentBytes: number) => void;
  /** Called when the mirror is up to date and waits for more. */
  readonly onCaughtUp: () => void;
  /** Called with how far it got when the signal ends it. */
  readonly onInterrupted?: ((summary: MirrorSummary) => void) | undefined;
}

/** What a run has mirrored. */
export interface MirrorSummary {
  readonly source: string;
  readonly target: string;
  readonly contentType: string;
  /** How far the target goes: messages of JSON, bytes otherwise. */
  readonly position: number;
  /** Where this run began. */
  readonly resumedAt: number;
  readonly batches: number;
  /** Bytes of the messages that this run has sent. */
  readonly bytes: number;
  readonly closed: boolean;
  /** JSON messages that the target's server wrote anew, of those that were compared. */
  readonly rewritten: number;
}

/** So much of what two of our servers have in common is compared when a mirror goes on. */
const COMPARED_POSITIONS: Readonly<Record<ContentKind, number>> = { json: 1000, text: 65_536, binary: 65_536 };

/** How often the checkpoint is written while there is much to copy. */
const SAVE_EVERY_MS = 1_000;

function replaced(url: string): CommandFailure {
  return new CommandFailure({
    code: "STREAM_REPLACED",
    message: `${url} was deleted and created again while it was mirrored.`,
    hint: "Mirror the new one to a name that is free.",
    exitCode: EXIT.conflict,
  });
}

interface Creation {
  readonly url: string;
  readonly incarnation: string | undefined;
}

/**
 * Refuses a stream beside itself: a server may have several names, and a stream that is copied to itself doubles whatever is
 * appended to it. Where the creations are not told apart, the URLs have to tell.
 */
export function requireTwo(source: Creation, target: Creation): void {
  const areTold = source.incarnation !== undefined && target.incarnation !== undefined;
  const isOne = areTold ? source.incarnation === target.incarnation : isSamePlace(source.url, target.url);
  if (isOne) throw usageFailure(`${source.url} and ${target.url} are the same stream.`, "Name another one for DST.");
}

/** Of a stream of ours it is the creation that is mirrored, wherever it is; of others the URL says which stream it is. */
function producerOf(url: string, incarnation: string | undefined): string {
  const identity = incarnation ?? createHash("sha256").update(url).digest("hex").slice(0, 32);
  return `mirror-${identity}`;
}

/** One run of a mirror. */
class Mirror {
  readonly #options: MirrorOptions;
  readonly #description: StreamDescription;
  readonly #producerId: string;
  readonly #original: StreamSource;
  #savedMs = performance.now();
  #reported = 0;

  private constructor(options: MirrorOptions, description: StreamDescription, incarnation: string | undefined) {
    const { source, signal, retry } = options;
    const { contentType } = description;
    this.#options = options;
    this.#description = description;
    this.#producerId = producerOf(source.url, incarnation);
    const replacement = (): Error => replaced(source.url);
    this.#original = new StreamSource(source.client, source.url, {
      ...{ contentType, incarnation, signal, retry },
      replaced: replacement,
    });
  }

  static async open(options: MirrorOptions): Promise<Mirror> {
    const { source, signal, retry } = options;
    const description = await source.client.describe(source.url, signal);
    const incarnation = await incarnationOf(source, description.nextOffset, { signal, retry });
    return new Mirror(options, description, incarnation);
  }

  async run(): Promise<MirrorSummary> {
    const { source, target, withoutExpiry, signal, retry, onProgress, onInterrupted } = this.#options;
    const { contentType, ttlSeconds, expiresAt } = this.#description;
    const expiry = withoutExpiry ? {} : { ttlSeconds, expiresAt };
    const prepared = await prepareTarget(target.client, target.url, { contentType, ...expiry }, { retry, signal });
    const words = { original: source.url, target: target.url };
    const copy = new StreamCopy(
      {
        ...{ client: target.client, url: target.url, contentType: prepared.contentType, words, retry, signal },
        kind: this.#original.kind,
        producerId: this.#producerId,
        open: ({ original }) => this.#original.chunks(original),
        onProgress: ({ sentBytes }) => {
          onProgress(sentBytes - this.#reported);
          this.#reported = sentBytes;
        },
        afterBatch: (running) => this.#saveSometimes(running),
      },
      await this.#anchor(prepared),
    );
    await copy.resume(prepared.isNew);
    try {
      const closed = await this.#copyAll(copy).finally(() => this.#save(copy));
      if (closed) await copy.close();
      return this.#summary(copy, closed);
    } catch (error) {
      if (signal.aborted) onInterrupted?.(this.#summary(copy, false));
      throw error;
    }
  }

  #summary({ reached, resumedAt, batches, sentBytes, rewritten }: StreamCopy, closed: boolean): MirrorSummary {
    const ends = { source: this.#options.source.url, target: this.#options.target.url };
    const { contentType } = this.#description;
    return { ...ends, contentType, position: reached, resumedAt, batches, bytes: sentBytes, closed, rewritten };
  }

  async #copyAll(copy: StreamCopy): Promise<boolean> {
    const { source, follow, signal, onCaughtUp } = this.#options;
    let closed = await copy.run();
    if (!follow || closed) return closed;
    const news = new StreamNews(source.client, source.url, copy.originalMark, this.#description.contentType, signal);
    try {
      while (!closed) {
        onCaughtUp();
        await this.#saveSometimes(copy);
        await news.wait(copy.originalMark);
        copy.reopen();
        closed = await copy.run();
      }
      return true;
    } finally {
      await news.stop();
    }
  }

  /**
   * Where the two are compared from. Of two servers of ours, both of which count, the target's end says how far it is;
   * else a checkpoint does, or they are compared from the start.
   */
  async #anchor({ isNew }: PreparedTarget): Promise<Anchor | undefined> {
    const { source, target, checkpoint, signal, retry } = this.#options;
    const mirror = { source: source.url, target: target.url, producerId: this.#producerId };
    // That of another mirror is refused before it is written over, whether it is needed or not.
    const known = checkpoint === undefined ? undefined : await readMirrorCheckpoint(checkpoint, mirror);
    if (isNew) return undefined;
    const { nextOffset } = await target.client.describe(target.url, signal);
    const ours = await incarnationOf(target, nextOffset, { signal, retry });
    const theirs = this.#original.identity.incarnation;
    requireTwo({ url: source.url, incarnation: theirs }, { url: target.url, incarnation: ours });
    const end = parseOffset(nextOffset);
    if (ours !== undefined && theirs !== undefined && end !== undefined) {
      const position = Math.max(0, end - COMPARED_POSITIONS[this.#original.kind]);
      const mark = { offset: position === 0 ? "-1" : formatOffset(position), skip: 0 };
      return { position, original: mark, copy: mark };
    }
    return known;
  }

  async #saveSometimes(copy: StreamCopy): Promise<void> {
    if (this.#options.checkpoint === undefined || performance.now() - this.#savedMs < SAVE_EVERY_MS) return;
    await this.#save(copy);
  }

  async #save({ anchor }: StreamCopy): Promise<void> {
    const { source, target, checkpoint } = this.#options;
    if (checkpoint === undefined) return;
    const producerId = this.#producerId;
    await writeMirrorCheckpoint(checkpoint, { source: source.url, target: target.url, producerId, anchor });
    this.#savedMs = performance.now();
  }
}

/** Which creation of its name a stream is, where its server says that. */
export async function incarnationOf(
  { client, url }: MirrorEnd,
  offset: string,
  { signal, retry }: { readonly signal: AbortSignal; readonly retry: RetryOptions },
): Promise<string | undefined> {
  let incarnation: string | undefined;
  const onPage = (page: PageHead): void => void (incarnation = page.incarnation);
  const reading = client.catchUp(url, { offset, signal, retry, onPage });
  try {
    await reading.next();
  } finally {
    await reading.return(undefined);
  }
  return incarnation;
}

export function kindOf({ contentType }: MirrorSummary): ContentKind {
  return contentKind(contentType);
}

/**
 * Copies a stream to another server, exactly once, and goes on live with `follow`; closes the copy when the source is
 * closed. What is in the target is what says how far earlier runs got.
 */
export async function mirrorStream(options: MirrorOptions): Promise<MirrorSummary> {
  return (await Mirror.open(options)).run();
}
