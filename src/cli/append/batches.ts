import type { ContentKind } from "../../protocol/content-type.ts";
import { APPEND_MAX_MESSAGES } from "../../protocol/limits.ts";
import type { InputKind } from "./input-kind.ts";
import type { Frame } from "./frames.ts";

/** What goes out as one append. */
export interface Batch {
  readonly body: Uint8Array;
  /** How many messages it holds; raw bytes are one. */
  readonly messages: number;
  /** The input that the batch was made from, in order; it can be longer than the body, or shorter. */
  readonly inputs: readonly Uint8Array[];
  /** The input is known to be at its end. */
  readonly isLast: boolean;
}

export interface BatchOptions {
  readonly kind: InputKind;
  readonly content: ContentKind;
  /** A body is not made longer than this, unless a single message is. */
  readonly batchBytes: number;
  /** How long to wait for more input before a batch that is not full is sent, in milliseconds; `Infinity` until it is. */
  readonly lingerMs: number;
}

const OPEN = Buffer.from("[");
const COMMA = Buffer.from(",");
const CLOSE = Buffer.from("]");

class BatchBuilder {
  readonly #options: BatchOptions;
  #bodies: Uint8Array[] = [];
  #inputs: Uint8Array[] = [];
  #bytes = 0;
  #messages = 0;
  /** When the first frame came, by the clock of `performance.now()`. */
  sinceMs = 0;

  constructor(options: BatchOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#inputs.length === 0;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#options.batchBytes || this.#bodies.length >= APPEND_MAX_MESSAGES;
  }

  /** Whether a frame goes in without passing the limit. An empty batch takes everything. */
  fits(frame: Frame): boolean {
    return (
      this.#bodies.length === 0 || (!this.isFull && this.#bytes + frame.body.byteLength < this.#options.batchBytes)
    );
  }

  add(frame: Frame): void {
    if (this.isEmpty) this.sinceMs = performance.now();
    this.#inputs.push(frame.input);
    if (frame.body.byteLength === 0) return;
    this.#bodies.push(frame.body);
    this.#messages = this.#options.kind === "raw" ? 1 : this.#messages + frame.messages;
    // The comma or bracket of JSON counts as one byte for each message.
    this.#bytes += frame.body.byteLength + 1;
  }

  seal(isLast: boolean): Batch {
    const batch = { body: this.#body(), messages: this.#messages, inputs: this.#inputs, isLast };
    this.#bodies = [];
    this.#inputs = [];
    this.#bytes = 0;
    this.#messages = 0;
    return batch;
  }

  #body(): Uint8Array {
    const { kind, content } = this.#options;
    const bodies = this.#bodies;
    if (bodies.length === 0) return new Uint8Array(0);
    // A whole JSON text is sent as it is; putting it in an array would nest an array one level deeper.
    if (content !== "json" || kind === "json") return Buffer.concat(bodies);
    return Buffer.concat([OPEN, ...bodies.flatMap((body, i) => (i === 0 ? [body] : [COMMA, body])), CLOSE]);
  }
}

/** Resolves to `late` when the promise has not settled after so long. A promise that has settled always wins. */
async function within<T>(promise: Promise<T>, waitMs: number): Promise<T | "late"> {
  if (waitMs === Infinity) return promise;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(resolve, Math.max(0, waitMs), "late");
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A raw frame may be larger than a batch: it is cut, since bytes have no boundaries to keep. */
function cut(frame: Frame, { kind, batchBytes }: BatchOptions): Frame[] {
  if (kind !== "raw" || frame.body.byteLength <= batchBytes) return [frame];
  const parts: Frame[] = [];
  for (let at = 0; at < frame.body.byteLength; at += batchBytes) {
    const part = frame.body.subarray(at, at + batchBytes);
    parts.push({ body: part, input: part, messages: 1 });
  }
  return parts;
}

/**
 * Groups frames into batches. While a batch is being sent at most one more piece of the input is read, so memory stays
 * bounded by the size of a batch and a piece. When the input fails, what came before the fault is still handed on.
 */
export async function* batches(groups: AsyncIterator<readonly Frame[]>, options: BatchOptions): AsyncGenerator<Batch> {
  const builder = new BatchBuilder(options);
  const pull = (): Promise<IteratorResult<readonly Frame[]>> => {
    const pulled = groups.next();
    // It may fail while a batch is being sent and nobody awaits it yet.
    pulled.catch(() => undefined);
    return pulled;
  };
  let pulled = pull();
  for (;;) {
    const waitMs = builder.isEmpty ? Infinity : builder.sinceMs + options.lingerMs - performance.now();
    let result: IteratorResult<readonly Frame[]> | "late";
    try {
      result = await within(pulled, waitMs);
    } catch (error) {
      if (!builder.isEmpty) yield builder.seal(false);
      throw error;
    }
    if (result === "late") {
      yield builder.seal(false);
      continue;
    }
    if (result.done === true) {
      if (!builder.isEmpty) yield builder.seal(true);
      return;
    }
    pulled = pull();
    for (const frame of result.value.flatMap((each) => cut(each, options))) {
      if (!builder.fits(frame)) yield builder.seal(false);
      builder.add(frame);
    }
    if (builder.isFull) yield builder.seal(false);
  }
}
