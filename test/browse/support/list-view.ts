// The list of streams, driven by events as the program drives it.
import { reduceList, type ListEffect, type ListEvent } from "../../../src/browse/list/reduce.ts";
import { listScreen } from "../../../src/browse/list/screen.ts";
import { chosenPath, initialList, type ListState } from "../../../src/browse/list/state.ts";
import type { ListedStream } from "../../../src/client/directory.ts";
import { formatOffset } from "../../../src/protocol/offset.ts";
import { rowText } from "../../../src/screen/text/segment.ts";

export function listed(path: string, position: number, changes: Partial<ListedStream> = {}): ListedStream {
  return {
    path,
    contentType: "application/json",
    nextOffset: formatOffset(position),
    closed: false,
    public: false,
    createdAt: "2026-01-01T00:00:00.000Z",
    expiresAt: undefined,
    ttlSeconds: undefined,
    ...changes,
  };
}

export class ListView {
  state: ListState;
  readonly effects: ListEffect[] = [];
  #atMs = Date.UTC(2026, 0, 2);

  constructor(columns = 80, rows = 24, prefix = "") {
    this.state = initialList("http://127.0.0.1/v1/stream", prefix);
    this.send({ type: "resized", columns, rows }).after(0);
  }

  send(event: ListEvent): this {
    const { state, effect } = reduceList(this.state, event);
    this.state = state;
    if (effect !== undefined) this.effects.push(effect);
    return this;
  }

  after(ms: number): this {
    this.#atMs += ms;
    return this.send({ type: "tick", atMs: this.#atMs });
  }

  list(...names: readonly string[]): this {
    return this.send({ type: "listed", names, atMs: this.#atMs });
  }

  ask(stream: ListedStream): this {
    return this.send({ type: "asked", stream, atMs: this.#atMs });
  }

  press(...keys: readonly string[]): this {
    for (const key of keys) this.send({ type: "key", key });
    return this;
  }

  type(text: string): this {
    return this.send({ type: "text", text });
  }

  get chosen(): string | undefined {
    return chosenPath(this.state);
  }

  get screen(): readonly string[] {
    return listScreen(this.state).map((row) => rowText(row).trimEnd());
  }
}
