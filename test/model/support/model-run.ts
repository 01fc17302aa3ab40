import type { SeededRandom } from "../../support/seeded-random.ts";
import { compare, EtagBook, type Answer } from "./expectation.ts";
import { appendToNothing, ModelStream, NOT_THERE, offsetOf, type Expected, type WantedConfig } from "./model-stream.ts";
import { invalidJson, largeContent, randomContent, type Content } from "./random-content.ts";
import { disturb, toCall, toModelAppend, type RequestedAppend } from "./requested-append.ts";
import type { StreamHttp } from "./stream-http.ts";

const CONTENT_TYPES = [
  "application/json",
  "application/json",
  "Application/JSON; charset=utf-8",
  "text/plain",
  "application/octet-stream",
];
const PRODUCERS = ["alpha", "beta", "gamma"];

/** How often each operation is chosen. A later chapter of the protocol is a line here and a method below. */
const OPERATIONS = {
  append: 24,
  appendLarge: 0.15,
  appendRefused: 6,
  appendByProducer: 16,
  appendConcurrently: 5,
  close: 1.5,
  create: 4,
  delete: 1,
  head: 5,
  read: 20,
  readNow: 4,
  readAgain: 5,
  readBadOffset: 3,
  longPoll: 5,
  sse: 5,
} as const;

/** One stream of the server and the model of it, side by side through a sequence of random operations. */
export class ModelRun {
  /** What has been done so far, for the report of a failure. */
  readonly log: string[] = [];
  readonly #random: SeededRandom;
  readonly #http: StreamHttp;
  readonly #etags = new EtagBook();
  #model: ModelStream | undefined;
  #creations = 0;

  constructor(random: SeededRandom, http: StreamHttp) {
    this.#random = random;
    this.#http = http;
  }

  async step(): Promise<void> {
    const operation = this.#random.weighted(OPERATIONS);
    this.log.push(operation);
    await this[operation]();
  }

  /** At the end, everything is read once more, in pieces and over SSE. */
  async finish(): Promise<void> {
    this.log.push("finish");
    if (this.#model === undefined) return;
    await this.#readOnFrom(0, this.#model);
    await this.sse();
  }

  async create(): Promise<void> {
    const config: WantedConfig = {
      contentType: this.#random.pick(CONTENT_TYPES),
      ttlSeconds: this.#random.chance(0.2) ? 3600 : undefined,
      public: this.#random.pick([undefined, undefined, true, false]),
      closed: this.#random.chance(0.1),
    };
    // Now and then with what is there already, which has to be confirmed.
    const wanted = this.#model !== undefined && this.#random.chance(0.5) ? this.#existingConfig(this.#model) : config;
    const isJson = /json/i.test(wanted.contentType);
    const content = this.#random.chance(0.4) ? randomContent(this.#random, isJson) : { body: "", messages: [] };
    const answer = await this.#http.send({
      method: "PUT",
      query: wanted.public === undefined ? "" : `?public=${String(wanted.public)}`,
      headers: {
        "Content-Type": wanted.contentType,
        ...(wanted.ttlSeconds === undefined ? {} : { "Stream-TTL": String(wanted.ttlSeconds) }),
        ...(wanted.closed ? { "Stream-Closed": "TRUE" } : {}),
      },
      body: content.body,
    });
    if (this.#model !== undefined) {
      this.#compare(answer, this.#model.createAgain(wanted));
      return;
    }
    this.#model = new ModelStream(wanted, content.messages);
    this.#creations++;
    const { headers, ...created } = this.#model.created(201);
    this.#compare(answer, { ...created, headers: { ...headers, location: this.#http.url } });
  }

  async delete(): Promise<void> {
    const answer = await this.#http.send({ method: "DELETE" });
    this.#compare(answer, this.#model === undefined ? NOT_THERE : { status: 204, body: "" });
    this.#model = undefined;
  }

  async head(): Promise<void> {
    this.#compare(await this.#http.send({ method: "HEAD" }), this.#model?.head() ?? { status: 404 });
  }

  async append(): Promise<void> {
    const streamSeq = this.#random.chance(0.2) ? String(this.#random.int(0, 99)).padStart(2, "0") : undefined;
    await this.#append({ ...this.#content(), streamSeq });
  }

  async appendLarge(): Promise<void> {
    await this.#append(largeContent(this.#random, this.#model?.isJson ?? true));
  }

  async appendRefused(): Promise<void> {
    const content = this.#content();
    switch (this.#random.pick(["type", "json", "empty", "array", "none"])) {
      case "type":
        return this.#append({ ...content, contentType: "image/png" });
      case "json":
        return this.#append(
          this.#model?.isJson === false ? content : { body: invalidJson(this.#random), messages: "invalid" },
        );
      case "array":
        return this.#append(
          this.#model?.isJson === false ? content : { body: this.#random.pick(["[]", " [ ] "]), messages: [] },
        );
      case "none":
        return this.#append({ ...content, contentType: undefined });
      default:
        return this.#append({ body: "", messages: [] });
    }
  }

  async appendByProducer(): Promise<void> {
    const tuple = this.#model?.nextTuple(this.#random.pick(PRODUCERS)) ?? { id: "alpha", epoch: 0, seq: 0 };
    const producer = disturb(this.#random, tuple);
    const close = this.#random.chance(0.02);
    const content = close && this.#random.chance(0.5) ? { body: "", messages: [] } : this.#content();
    const append = { ...content, producer, close };
    await this.#append(append);
    // A retry of the very same request, as after an answer that was lost.
    if (this.#random.chance(0.3)) await this.#append(append);
  }

  /** Appends at the same time: the offsets in the answers tell the order, and in that order the model must agree. */
  async appendConcurrently(): Promise<void> {
    const model = this.#model;
    if (model === undefined || model.closed) return;
    const writers = Array.from({ length: this.#random.int(2, 12) }, (_, i) => ({
      ...this.#content(),
      ...(i < 3 && this.#random.chance(0.5) ? { producer: model.nextTuple(PRODUCERS[i] ?? "") } : {}),
    }));
    const start = this.#random.int(0, model.tail);
    const [read, ...answers] = await Promise.all([
      this.#http.send({ method: "GET", query: `?offset=${offsetOf(start)}` }),
      ...writers.map((writer) => this.#send(writer)),
    ]);
    const inOrder = answers
      .map((answer, i) => ({ answer, writer: writers[i] ?? { body: "", messages: [] } }))
      .sort((left, right) => nextOf(left.answer) - nextOf(right.answer));
    for (const { answer, writer } of inOrder) this.#compare(answer, model.append(toModelAppend(writer, model)));
    const body = model.body(start, nextOf(read));
    compare(read, { status: 200, body }, `a read from ${String(start)} beside appends`);
  }

  async close(): Promise<void> {
    const content = this.#random.chance(0.5) ? this.#content() : { body: "", messages: [] };
    await this.#append({ ...content, close: true });
  }

  async read(): Promise<void> {
    const model = this.#model;
    if (model === undefined) this.#compare(await this.#http.send({ method: "GET" }), NOT_THERE);
    else await this.#readOnFrom(this.#random.int(0, model.tail), model);
  }

  async readNow(): Promise<void> {
    const answer = await this.#http.send({ method: "GET", query: "?offset=now" });
    const model = this.#model;
    if (model === undefined) this.#compare(answer, NOT_THERE);
    else this.#compareRead(answer, model.tail, { "cache-control": "no-store", etag: null });
  }

  /** With an ETag from before: 304 exactly when that stands for what would be answered now. */
  async readAgain(): Promise<void> {
    const tags = this.#etags.tags();
    const model = this.#model;
    if (model === undefined || tags.length === 0) return;
    const tag = this.#random.pick(tags);
    const start = Math.min(Number(/ from (\d+) /.exec(this.#etags.stateOf(tag) ?? "")?.[1] ?? 0), model.tail);
    const query = `?offset=${offsetOf(start)}`;
    const answer = await this.#http.send({ method: "GET", query, headers: { "If-None-Match": tag } });
    const current = this.#rangeState(start, nextOf(answer), model);
    if (this.#etags.stateOf(tag) === current) this.#compare(answer, { status: 304, headers: { etag: tag }, body: "" });
    else this.#compareRead(answer, start);
  }

  async readBadOffset(): Promise<void> {
    const beyond = offsetOf((this.#model?.tail ?? 0) + this.#random.int(1, 5));
    const offset = this.#random.pick([beyond, beyond, "0", "", "-2", "1_2", "9007199254740993_0000000000000000"]);
    const live = this.#random.pick(["", "&live=sse", "&live=long-poll"]);
    const answer = await this.#http.send({ method: "GET", query: `?offset=${offset}${live}` });
    if (offset !== beyond) this.#compare(answer, { status: 400, code: "INVALID_OFFSET" });
    else this.#compare(answer, this.#model === undefined ? NOT_THERE : { status: 400, code: "OFFSET_BEYOND_TAIL" });
  }

  async longPoll(): Promise<void> {
    const model = this.#model;
    const start = this.#random.int(0, model?.tail ?? 0);
    // At the tail of an open stream it would wait.
    if (start === model?.tail && !model.closed) return;
    const answer = await this.#http.send({ method: "GET", query: `?offset=${offsetOf(start)}&live=long-poll` });
    if (model === undefined) this.#compare(answer, NOT_THERE);
    else this.#compare(answer, model.poll(start, answer.status === 200 ? nextOf(answer) : "tail").expected);
  }

  async sse(): Promise<void> {
    const model = this.#model;
    if (model === undefined) return;
    const start = this.#random.int(0, model.tail);
    const { data, control } = await this.#http.catchUpBySse(offsetOf(start));
    const read = model.isJson ? `[${data.map((text) => text.slice(1, -1)).join(",")}]` : data.join("");
    // Every kind of line break arrives as the one that SSE has, bytes in base64 apart.
    const isBinary = !model.isJson && !model.config.contentType.startsWith("text/");
    const body = model.body(start, model.tail);
    const wanted = isBinary ? body : body.replaceAll(/\r\n?/g, "\n");
    compare({ status: 200, headers: {}, body: read }, { status: 200, body: wanted }, `SSE from ${String(start)}`);
    const end = { next: control.streamNextOffset, closed: control.streamClosed === true };
    if (end.next !== offsetOf(model.tail) || end.closed !== model.closed)
      throw new Error(`SSE from ${String(start)} ended with ${JSON.stringify(control)}`);
  }

  /** Reads to the tail in as many answers as the server makes of it. */
  async #readOnFrom(start: number, model: ModelStream): Promise<void> {
    let at = start;
    do {
      const query =
        at === 0 && this.#random.chance(0.3) ? this.#random.pick(["", "?offset=-1"]) : `?offset=${offsetOf(at)}`;
      const answer = await this.#http.send({ method: "GET", query });
      this.#compareRead(answer, at);
      const next = nextOf(answer);
      if (next === at && next < model.tail) throw new Error(`a read from ${String(at)} got nowhere`);
      at = next;
    } while (at < model.tail);
  }

  #compareRead(answer: Answer, start: number, more: Record<string, string | null> = {}): void {
    const model = this.#model;
    if (model === undefined) throw new Error("there is nothing to read");
    const { expected, next } = model.read(start, nextOf(answer));
    const headers = { ...expected.headers, "content-type": model.config.contentType, ...more };
    this.#compare(answer, { ...expected, headers });
    const tag = answer.headers["etag"];
    if (typeof tag === "string") this.#etags.enter(this.#rangeState(start, next, model), tag);
  }

  #rangeState(start: number, next: number, model: ModelStream): string {
    const end = next < model.tail ? ", and there is more" : model.closed ? ", closed" : "";
    return `creation ${String(this.#creations)} from ${String(start)} to ${String(next)}${end}`;
  }

  async #append(append: RequestedAppend): Promise<void> {
    const answer = await this.#send(append);
    const model = this.#model;
    const request = toModelAppend(append, model);
    this.#compare(answer, model?.append(request) ?? appendToNothing(request));
  }

  #send(append: RequestedAppend): Promise<Answer> {
    return this.#http.send(toCall(append, this.#model));
  }

  #content(): Content {
    return randomContent(this.#random, this.#model?.isJson ?? true);
  }

  #existingConfig(model: ModelStream): WantedConfig {
    return { ...model.config, closed: model.closed };
  }

  #compare(answer: Answer, expected: Expected): void {
    compare(answer, expected, this.log.at(-1) ?? "");
  }
}

function nextOf(answer: Answer): number {
  const offset = answer.headers["stream-next-offset"];
  if (typeof offset !== "string")
    throw new Error(`an answer of ${String(answer.status)} names no next offset: ${answer.body.slice(0, 200)}`);
  return Number(offset.slice(-16));
}
