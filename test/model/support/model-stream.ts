import {
  INVALID_JSON,
  mediaType,
  offsetOf,
  refuseEmpty,
  type ChunkEnd,
  type Expected,
  type ModelAppend,
  type ModelConfig,
  type ModelRead,
  type Tuple,
  type WantedConfig,
  type WantedOrigin,
} from "./model-answers.ts";

/** What is meant by a creation that says nothing. */
const DEFAULTS = { contentType: "application/octet-stream", ttlSeconds: undefined };

/**
 * What a stream is, said as plainly as possible and without a line of the server's code: a list of bytes or of JSON
 * texts, a closed flag, and what is remembered of writers. Each method gives the answer that the server must give.
 */
export class ModelStream {
  readonly config: ModelConfig;
  readonly isJson: boolean;
  readonly #origin: WantedOrigin | undefined;
  /** The messages of a JSON stream. */
  readonly #messages: string[] = [];
  /** The content of any other stream. */
  #text = "";
  #closed: boolean;
  #closedBy: Tuple | undefined;
  #streamSeq: string | undefined;
  readonly #producers = new Map<string, { epoch: number; lastSeq: number }>();

  /** @param source what a fork comes from, as it is at that moment: what it inherits is copied here. */
  constructor(wanted: WantedConfig, messages: readonly string[], source?: ModelStream) {
    const { origin, closed } = wanted;
    const contentType = wanted.contentType ?? source?.config.contentType ?? "application/octet-stream";
    const ttlSeconds = wanted.ttlSeconds ?? source?.config.ttlSeconds;
    this.config = { contentType, ttlSeconds, public: wanted.public ?? false, closed };
    this.isJson = /^application\/json *(;|$)/i.test(contentType);
    if (origin !== undefined && source !== undefined) {
      const offset = origin.offset ?? source.tail;
      this.#origin = { ...origin, offset };
      this.#add(source.#until(offset + origin.subOffset));
    }
    this.#add(messages);
    this.#closed = closed;
  }

  /** The fork that somebody asks for of this stream, or why there can be none. */
  fork(wanted: WantedConfig, messages: readonly string[] | "invalid"): ModelStream | Expected {
    if (wanted.contentType !== undefined && mediaType(wanted.contentType) !== mediaType(this.config.contentType))
      return { status: 409, code: "CONTENT_TYPE_MISMATCH" };
    const { offset = this.tail, subOffset = 0 } = wanted.origin ?? {};
    if (offset > this.tail) return { status: 400, code: "FORK_OFFSET_BEYOND_TAIL" };
    if (offset + subOffset > this.tail) return { status: 400, code: "INVALID_FORK_SUB_OFFSET" };
    return messages === "invalid" ? INVALID_JSON : new ModelStream(wanted, messages, this);
  }

  /** JSON streams count messages. All text of this model is ASCII, so others count characters. */
  get tail(): number {
    return this.isJson ? this.#messages.length : this.#text.length;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What a producer that does everything right sends next. */
  nextTuple(id: string): Tuple {
    const state = this.#producers.get(id);
    return state === undefined ? { id, epoch: 0, seq: 0 } : { id, epoch: state.epoch, seq: state.lastSeq + 1 };
  }

  created(status: 200 | 201): Expected {
    return {
      status,
      headers: {
        "content-type": this.config.contentType,
        "stream-next-offset": offsetOf(this.tail),
        "stream-closed": this.#closed ? "true" : null,
        "cache-control": "no-store",
      },
    };
  }

  createAgain(wanted: WantedConfig): Expected {
    // A fork takes what it does not say; of any other stream it means the default.
    const open = wanted.origin === undefined ? DEFAULTS : this.config;
    const same =
      mediaType(wanted.contentType ?? open.contentType) === mediaType(this.config.contentType) &&
      (wanted.ttlSeconds ?? open.ttlSeconds) === this.config.ttlSeconds &&
      (wanted.public ?? this.config.public) === this.config.public &&
      wanted.closed === this.#closed &&
      this.#comesFrom(wanted.origin);
    return same ? this.created(200) : { status: 409, code: "STREAM_CONFIG_MISMATCH" };
  }

  /** What would create this stream now, and so has to find it. */
  get asWanted(): ModelConfig {
    return { ...this.config, closed: this.#closed };
  }

  /** Where a fork comes from. */
  get origin(): WantedOrigin | undefined {
    return this.#origin;
  }

  #comesFrom(wanted: WantedOrigin | undefined): boolean {
    const origin = this.#origin;
    if (wanted === undefined || origin === undefined) return wanted === origin;
    const isThere = wanted.offset === undefined || wanted.offset === origin.offset;
    return wanted.source === origin.source && isThere && wanted.subOffset === origin.subOffset;
  }

  head(): Expected {
    const { ttlSeconds } = this.config;
    return {
      status: 200,
      headers: {
        "content-type": this.config.contentType,
        "stream-next-offset": offsetOf(this.tail),
        "stream-closed": this.#closed ? "true" : null,
        "stream-ttl": ttlSeconds === undefined ? null : String(ttlSeconds),
        "stream-expires-at": null,
        "cache-control": "no-store",
        etag: null,
      },
      body: "",
    };
  }

  append(request: ModelAppend): Expected {
    const empty = refuseEmpty(request);
    if (empty !== undefined) return empty;
    if (this.#closed) return this.#appendToClosed(request);
    if (request.hasBody && request.contentType === undefined) return { status: 400, code: "CONTENT_TYPE_REQUIRED" };
    if (request.hasBody && mediaType(request.contentType ?? "") !== mediaType(this.config.contentType))
      return { status: 409, code: "CONTENT_TYPE_MISMATCH" };
    if (request.messages === "invalid") return INVALID_JSON;
    if (request.hasBody && request.messages.length === 0) return { status: 400, code: "EMPTY_ARRAY" };
    const { producer } = request;
    if (producer !== undefined) {
      const refusal = this.#refuseProducer(producer);
      if (refusal !== undefined) return refusal;
    }
    if (request.streamSeq !== undefined && this.#streamSeq !== undefined && request.streamSeq <= this.#streamSeq)
      return { status: 409, code: "STREAM_SEQ_REGRESSION" };
    this.#add(request.messages);
    this.#streamSeq = request.streamSeq ?? this.#streamSeq;
    if (producer !== undefined) this.#producers.set(producer.id, { epoch: producer.epoch, lastSeq: producer.seq });
    if (request.close) this.#close(producer);
    return this.#appended(producer !== undefined && request.hasBody ? 200 : 204, producer?.id);
  }

  /** A read of the messages from `start` to `end`, or as far as they go. */
  read(start: number, end: ChunkEnd): ModelRead {
    if (start > this.tail) return { expected: { status: 400, code: "OFFSET_BEYOND_TAIL" }, next: start };
    const next = end === "tail" ? this.tail : end;
    return { next, expected: { status: 200, headers: this.#readHeaders(next), body: this.body(start, next) } };
  }

  /** The answer to a long-poll that does not have to wait. */
  poll(start: number, end: ChunkEnd): ModelRead {
    const { expected, next } = this.read(start, end);
    const atEnd = expected.status === 200 && next === start;
    return { next, expected: atEnd ? { status: 204, headers: this.#readHeaders(next), body: "" } : expected };
  }

  body(start: number, end: number): string {
    return this.isJson ? `[${this.#messages.slice(start, end).join(",")}]` : this.#text.slice(start, end);
  }

  #until(position: number): readonly string[] {
    return this.isJson ? this.#messages.slice(0, position) : [this.#text.slice(0, position)];
  }

  #readHeaders(next: number): Record<string, string | null> {
    const isTail = next === this.tail;
    return {
      "stream-next-offset": offsetOf(next),
      "stream-up-to-date": isTail ? "true" : null,
      "stream-closed": isTail && this.#closed ? "true" : null,
    };
  }

  #appended(status: number, producerId: string | undefined): Expected {
    const state = producerId === undefined ? undefined : this.#producers.get(producerId);
    return {
      status,
      headers: {
        "stream-next-offset": offsetOf(this.tail),
        "stream-closed": this.#closed ? "true" : null,
        "producer-epoch": state === undefined ? null : String(state.epoch),
        "producer-seq": state === undefined ? null : String(state.lastSeq),
        "cache-control": "no-store",
      },
      body: "",
    };
  }

  #appendToClosed({ producer, close, hasBody }: ModelAppend): Expected {
    const by = this.#closedBy;
    const isRetry =
      producer !== undefined && by?.id === producer.id && by.epoch === producer.epoch && by.seq === producer.seq;
    if (isRetry) return this.#appended(204, producer.id);
    if (close && !hasBody && producer === undefined) return this.#appended(204, undefined);
    const headers = { "stream-closed": "true", "stream-next-offset": offsetOf(this.tail) };
    return { status: 409, code: "STREAM_CLOSED", headers };
  }

  #refuseProducer({ id, epoch, seq }: Tuple): Expected | undefined {
    const state = this.#producers.get(id);
    if (state !== undefined && epoch < state.epoch)
      return { status: 403, code: "STALE_EPOCH", headers: { "producer-epoch": String(state.epoch) } };
    if (state !== undefined && epoch > state.epoch)
      return seq === 0 ? undefined : { status: 400, code: "EPOCH_MUST_START_AT_ZERO" };
    const expectedSeq = state === undefined ? 0 : state.lastSeq + 1;
    if (seq < expectedSeq) return this.#appended(204, id);
    if (seq === expectedSeq) return undefined;
    const headers = { "producer-expected-seq": String(expectedSeq), "producer-received-seq": String(seq) };
    return { status: 409, code: "SEQUENCE_GAP", headers };
  }

  #close(producer: Tuple | undefined): void {
    this.#closed = true;
    this.#closedBy = producer;
  }

  #add(messages: readonly string[] | "invalid"): void {
    if (messages === "invalid") throw new Error("what is invalid is never added");
    if (this.isJson) this.#messages.push(...messages);
    else this.#text += messages.join("");
  }
}
