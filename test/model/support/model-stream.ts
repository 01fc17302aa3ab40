/**
 * What a stream is, said as plainly as possible and without a line of the server's code: a list of bytes or of JSON
 * texts, a closed flag, and what is remembered of writers. Each method gives the answer that the server must give.
 */

export interface Expected {
  readonly status: number;
  /** Headers the answer must have; `null` for those it must not have. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: string;
  /** `error.code` of the body. */
  readonly code?: string;
}

export interface Tuple {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
}

export interface ModelConfig {
  readonly contentType: string;
  readonly ttlSeconds: number | undefined;
  readonly public: boolean;
  readonly closed: boolean;
}

/** What a creation asks for; about visibility it may say nothing, and then takes it as it is. */
export interface WantedConfig extends Omit<ModelConfig, "public"> {
  readonly public: boolean | undefined;
}

export interface ModelAppend {
  /** Content type of the request; absent where the request has none. */
  readonly contentType: string | undefined;
  /** The texts of the messages (JSON) or one piece of text (everything else); `invalid` is a body that is no JSON. */
  readonly messages: readonly string[] | "invalid";
  readonly hasBody: boolean;
  readonly producer: Tuple | undefined;
  readonly streamSeq: string | undefined;
  readonly close: boolean;
}

export interface ModelRead {
  readonly expected: Expected;
  readonly next: number;
}

/** Where an answer may end when the server divides it: any position between messages (JSON), any at all (bytes). */
export type ChunkEnd = number | "tail";

export const NOT_THERE: Expected = { status: 404, code: "STREAM_NOT_FOUND" };

/** What an append gets whatever the stream is, and whether there is one. */
function refuseEmpty({ hasBody, close }: ModelAppend): Expected | undefined {
  return hasBody || close ? undefined : { status: 400, code: "EMPTY_BODY" };
}

/** The answer to an append where no stream is. */
export function appendToNothing(request: ModelAppend): Expected {
  return refuseEmpty(request) ?? NOT_THERE;
}

export function offsetOf(position: number): string {
  return `0000000000000000_${String(position).padStart(16, "0")}`;
}

export class ModelStream {
  readonly config: ModelConfig;
  readonly isJson: boolean;
  /** The messages of a JSON stream. */
  readonly #messages: string[] = [];
  /** The content of any other stream. */
  #text = "";
  #closed: boolean;
  #closedBy: Tuple | undefined;
  #streamSeq: string | undefined;
  readonly #producers = new Map<string, { epoch: number; lastSeq: number }>();

  constructor(wanted: WantedConfig, messages: readonly string[]) {
    const config = { ...wanted, public: wanted.public ?? false };
    this.config = config;
    this.isJson = /^application\/json *(;|$)/i.test(config.contentType);
    this.#add(messages);
    this.#closed = config.closed;
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
    const same =
      mediaType(wanted.contentType) === mediaType(this.config.contentType) &&
      wanted.ttlSeconds === this.config.ttlSeconds &&
      (wanted.public ?? this.config.public) === this.config.public &&
      wanted.closed === this.#closed;
    return same ? this.created(200) : { status: 409, code: "STREAM_CONFIG_MISMATCH" };
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
    if (request.messages === "invalid") return { status: 400, code: "INVALID_JSON" };
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

function mediaType(contentType: string): string {
  return (contentType.split(";")[0] ?? "").trim().toLowerCase();
}
