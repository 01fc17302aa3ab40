import type { ContentKind } from "../../../src/protocol/content-type.ts";
import { sealAll } from "../../worker/support/sealing.ts";
import { createStream, freshName, StreamClient } from "../../worker/support/stream-client.ts";
import { StreamModel } from "../../sealing/support/stream-model.ts";
import { putFork, type ForkOptions } from "./forks.ts";

const CONTENT_TYPES: Readonly<Record<ContentKind, string>> = {
  json: "application/json",
  text: "text/plain",
  binary: "application/octet-stream",
};

/** What a fork of a stream at some position has to hold. */
function modelUpTo(source: StreamModel, position: number): StreamModel {
  const model = new StreamModel(source.kind);
  if (position === 0) return model;
  if (source.kind !== "json") model.append([source.payload(0, position)]);
  else model.append(Array.from({ length: position }, (_, i) => source.payload(i, i + 1)));
  return model;
}

/** A message of a stream of any kind: in JSON a string, elsewhere a few bytes that do not look like the last ones. */
export function messageOf(kind: ContentKind, n: number): Uint8Array {
  if (kind === "binary") return Uint8Array.from({ length: 3 + (n % 5) }, (_, i) => (n * 31 + i * 7) & 0xff);
  const text = `${String(n)}${"ü".repeat(n % 4)}`;
  return new TextEncoder().encode(kind === "json" ? JSON.stringify(text) : text);
}

/** A stream and what it has to hold. */
export class Modelled {
  readonly stream: StreamClient;
  readonly model: StreamModel;
  static #written = 0;

  private constructor(stream: StreamClient, model: StreamModel) {
    this.stream = stream;
    this.model = model;
  }

  static async create(kind: ContentKind, messages = 0): Promise<Modelled> {
    const modelled = new Modelled(await createStream({ contentType: CONTENT_TYPES[kind] }), new StreamModel(kind));
    await modelled.appendSome(messages);
    return modelled;
  }

  /** Forks the stream at `offset + subOffset`. */
  async fork(options: ForkOptions = {}): Promise<Modelled> {
    const { offset = this.model.tail, subOffset = 0 } = options;
    const fork = new StreamClient(freshName("fork"), this.stream.contentType, this.stream.send);
    const { status } = await putFork(this.stream, fork, options);
    if (status !== 201) throw new Error(`a fork at ${String(offset)} was answered with ${String(status)}`);
    return new Modelled(fork, modelUpTo(this.model, offset + subOffset));
  }

  /** Messages that no other stream of the test has, one append each. */
  async appendSome(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.append(messageOf(this.model.kind, Modelled.#written++));
  }

  async append(message: Uint8Array): Promise<void> {
    await this.stream.append(message);
    this.model.append([message]);
  }

  async close(): Promise<void> {
    await this.stream.close();
    this.model.closed = true;
  }

  async seal(): Promise<void> {
    await sealAll(this.stream);
  }

  /** Reads from every position to the end, or from the given ones. */
  async requireReads(positions?: readonly number[]): Promise<void> {
    const starts = positions ?? Array.from({ length: this.model.tail + 1 }, (_, i) => i);
    for (const start of starts) await this.model.requireRead(this.stream, start);
  }
}
