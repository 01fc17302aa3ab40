import { randomInt, randomUUID } from "node:crypto";
import type { AppendResult, Producer } from "../../client/operations.ts";
import type { RetryOptions } from "../../client/retry.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import { contentKind, type ContentKind } from "../../protocol/content-type.ts";
import { BODY_MAX_BYTES } from "../../protocol/limits.ts";
import { requireWritableCheckpoint } from "../checkpoint-file.ts";
import { usageFailure } from "../command-failure.ts";
import { requireInputFile } from "../file-error.ts";
import { lockFile } from "../file-lock.ts";
import { batches, type Batch } from "./batches.ts";
import { frames, type FrameOptions } from "./frames.ts";
import { ConsumedInput, type Consumed, NOTHING_CONSUMED, openInput, resumeInput } from "./input.ts";
import { defaultInputKind, requireFitting, type InputKind, type InputSource } from "./input-kind.ts";
import {
  producerOf,
  readJournal,
  requireMatch,
  writeJournal,
  type JournalState,
  type PendingBatch,
} from "./journal.ts";

export interface AppendInputOptions {
  readonly source: InputSource;
  /** Default: by the stream's content type and the source. */
  readonly kind?: InputKind | undefined;
  readonly batchBytes: number;
  readonly lingerMs: number;
  /** Default: a random one. */
  readonly producerId?: string | undefined;
  /** The journal that makes the append exactly-once across crashes. */
  readonly checkpoint?: string | undefined;
  /** `Stream-Seq` of the one append that the input then has to fit into. */
  readonly streamSeq?: string | undefined;
  /** Close the stream with the last append. */
  readonly close: boolean;
  /** Stops reading the input; the batch under way is still finished. */
  readonly signal?: AbortSignal | undefined;
  readonly retry?: RetryOptions | undefined;
  readonly onProgress?: ((summary: AppendSummary) => void) | undefined;
}

/** What an append has done so far. */
export interface AppendSummary {
  /** New messages; for raw bytes the number of appends. */
  messages: number;
  /** Messages of an earlier run that the server had already when this one sent them again. */
  messagesAlreadyThere: number;
  /** Bytes of their bodies. */
  bytes: number;
  batches: number;
  /** Batches that the server had already. */
  duplicates: number;
  nextOffset: string | undefined;
  closed: boolean;
  /** Input bytes that an earlier run had sent. */
  resumedAtBytes: number;
  producerId: string;
  /** How the input was read. */
  input: InputKind;
  /** The signal ended it before the input did. */
  interrupted: boolean;
}

/**
 * The epoch of a session under a name that was used before: later sessions get a greater one without asking the server,
 * which is what fences off earlier ones (section 5.2.1). Microseconds, the last three digits random; below 2^53.
 */
function sessionEpoch(): number {
  return Date.now() * 1000 + randomInt(1000);
}

function firstState(
  stream: string,
  contentType: string,
  input: InputKind,
  producerId: string | undefined,
): JournalState {
  return {
    stream,
    contentType,
    input,
    producerId: producerId ?? randomUUID(),
    epoch: producerId === undefined ? 0 : sessionEpoch(),
    consumed: NOTHING_CONSUMED,
    pending: undefined,
    nextSeq: 0,
    closed: false,
  };
}

/** Sends batches one at a time and keeps the journal a step ahead of the network. */
class Sender {
  readonly #client: StreamClient;
  readonly #options: AppendInputOptions;
  #state: JournalState;
  readonly summary: AppendSummary;

  constructor(client: StreamClient, options: AppendInputOptions, state: JournalState) {
    this.#client = client;
    this.#options = options;
    this.#state = state;
    this.summary = {
      messages: 0,
      messagesAlreadyThere: 0,
      bytes: 0,
      batches: 0,
      duplicates: 0,
      nextOffset: undefined,
      closed: state.closed,
      resumedAtBytes: state.consumed.bytes,
      producerId: state.producerId,
      input: state.input,
      interrupted: false,
    };
  }

  get isClosed(): boolean {
    return this.summary.closed;
  }

  /** Sends again what a run that died was sending: the server may have it. */
  async repeat(pending: PendingBatch): Promise<void> {
    await this.#deliver(pending, true);
  }

  async send(batch: Pick<Batch, "body" | "messages">, consumed: ConsumedInput, close: boolean): Promise<void> {
    const { body, messages } = batch;
    const seq = this.#state.nextSeq;
    const pending: PendingBatch = { seq, body, messages, close };
    await this.#journal({ ...this.#state, consumed: this.#consumedState(consumed), pending, nextSeq: seq + 1 });
    await this.#deliver(pending, false);
  }

  /** Input that makes no messages, such as blank lines at the end. */
  skip(consumed: ConsumedInput): void {
    this.#state = { ...this.#state, consumed: this.#consumedState(consumed), pending: undefined };
  }

  /** Leaves the journal as things stand: with the pending batch only if its delivery failed. */
  async finish(): Promise<void> {
    if (this.summary.batches > 0 || this.summary.closed || this.#state.consumed.bytes > 0)
      await this.#journal(this.#state);
  }

  #consumedState(consumed: ConsumedInput): JournalState["consumed"] {
    return this.#options.checkpoint === undefined ? NOTHING_CONSUMED : consumed.state();
  }

  async #journal(state: JournalState): Promise<void> {
    this.#state = state;
    if (this.#options.checkpoint !== undefined) await writeJournal(this.#options.checkpoint, state);
  }

  async #deliver(pending: PendingBatch, mayBeThere: boolean): Promise<void> {
    const { body, close, seq } = pending;
    const producer: Producer = producerOf(this.#state, seq);
    const { contentType, stream } = this.#state;
    const { streamSeq, retry, signal } = this.#options;
    const delivery = { contentType, body, producer, close, streamSeq, mayBeThere };
    // The signal ends the waits between tries, not a request under way: its answer decides what the journal says.
    const result = await this.#client.deliver(stream, delivery, { ...retry, signal });
    this.#state = { ...this.#state, pending: undefined, closed: this.#state.closed || close };
    this.#count(pending, result, mayBeThere);
  }

  #count({ body, messages, close }: PendingBatch, result: AppendResult, isRepeated: boolean): void {
    const { summary } = this;
    // A duplicate of a batch that this run was the first to send is a lost answer: its messages are new.
    if (isRepeated && result.duplicate) {
      summary.messagesAlreadyThere += messages;
    } else {
      summary.messages += messages;
      summary.bytes += body.byteLength;
    }
    if (body.byteLength > 0) summary.batches++;
    if (result.duplicate) summary.duplicates++;
    summary.nextOffset = result.nextOffset ?? summary.nextOffset;
    summary.closed ||= close;
    this.#options.onProgress?.(summary);
  }
}

/** Breaks the input off with the signal's reason: a line of which only a part was read is not sent. */
async function* untilAborted(
  input: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (signal === undefined) {
    yield* input;
    return;
  }
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => {
      reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    };
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
  aborted.catch(() => undefined);
  const iterator = input[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted]);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    if (abort !== undefined) signal.removeEventListener("abort", abort);
  }
}

/** With `Stream-Seq` there is one append, so one batch; whether there is a second is known before the first is sent. */
async function* onlyOne(all: AsyncGenerator<Batch>): AsyncGenerator<Batch> {
  const first = await all.next();
  if (first.done === true) return;
  const second = await all.next();
  if (second.done !== true) {
    throw usageFailure(
      `--stream-seq names one append, and the input does not fit into one of ${String(BODY_MAX_BYTES)} bytes. Nothing was sent.`,
      "Leave --stream-seq out, or split the input and give each part its own.",
    );
  }
  yield { ...first.value, isLast: true };
}

/** What is typed is judged whole before any of it is sent; what is read may have no end. */
async function requireGoodArgument(source: InputSource, options: FrameOptions): Promise<void> {
  if (source.from !== "argument") return;
  const groups = frames(openInput(source), options);
  while ((await groups.next()).done !== true);
}

async function run(client: StreamClient, url: string, options: AppendInputOptions): Promise<AppendSummary> {
  const { checkpoint, source, producerId, signal } = options;
  const { contentType } = await client.describe(url, signal);
  const content = contentKind(contentType);
  const kind = options.kind ?? defaultInputKind(content, source);
  requireFitting(kind, content);
  await requireGoodArgument(source, { kind, content, linesBefore: 0, insideLine: false, isTyped: true });
  const journal = checkpoint === undefined ? undefined : await readJournal(checkpoint);
  if (checkpoint !== undefined && journal !== undefined) {
    requireMatch(checkpoint, journal, { stream: url, input: kind, producerId });
  }
  const state = journal ?? firstState(url, contentType, kind, producerId);
  const { consumed: before } = state;
  const { rest, hash } = await resumeInput(openInput(source), before, kind === "lines" || kind === "ndjson");
  const sender = new Sender(client, options, state);
  try {
    if (state.pending !== undefined) await sender.repeat(state.pending);
    await sendAll(sender, rest, new ConsumedInput(hash, before), { ...options, kind, content, before });
  } catch (error) {
    if (signal?.aborted !== true || error !== signal.reason) throw error;
    sender.summary.interrupted = true;
  } finally {
    await sender.finish();
  }
  return sender.summary;
}

interface SendAllOptions extends AppendInputOptions {
  readonly kind: InputKind;
  readonly content: ContentKind;
  readonly before: Consumed;
}

async function sendAll(
  sender: Sender,
  input: AsyncIterable<Uint8Array>,
  consumed: ConsumedInput,
  options: SendAllOptions,
): Promise<void> {
  const { kind, content, checkpoint, close, streamSeq } = options;
  const { lines: linesBefore, insideLine } = options.before;
  const groups = frames(untilAborted(input, options.signal), { kind, content, linesBefore, insideLine });
  const isSingle = streamSeq !== undefined;
  const all = batches(groups, {
    kind,
    content,
    batchBytes: isSingle ? BODY_MAX_BYTES : options.batchBytes,
    lingerMs: isSingle ? Infinity : options.lingerMs,
  });
  for await (const batch of isSingle ? onlyOne(all) : all) {
    if (checkpoint !== undefined) consumed.add(batch.inputs);
    if (batch.body.byteLength > 0) await sender.send(batch, consumed, close && batch.isLast);
    else sender.skip(consumed);
  }
  if (close && !sender.isClosed) await sender.send({ body: new Uint8Array(0), messages: 0 }, consumed, true);
}

/**
 * Appends an input to a stream in batches, always as an idempotent producer: a repeated request is stored once. With a
 * checkpoint that holds across crashes of this process too, for the same input given again from its beginning.
 */
export async function appendInput(
  client: StreamClient,
  url: string,
  options: AppendInputOptions,
): Promise<AppendSummary> {
  if (options.source.from === "file") await requireInputFile(options.source.file, "--file");
  if (options.checkpoint === undefined) return run(client, url, options);
  await requireWritableCheckpoint(options.checkpoint);
  const lock = await lockFile(options.checkpoint);
  try {
    return await run(client, url, options);
  } finally {
    await lock.release();
  }
}
