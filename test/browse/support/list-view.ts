// The list of streams, driven by events as the program drives it.
import { reduceList, type ListEffect, type ListEvent } from "../../../src/browse/list/reduce.ts";
import { listScreen } from "../../../src/browse/list/screen.ts";
import { chosenPath, initialList, type ListState } from "../../../src/browse/list/state.ts";
import type { ListedStream } from "../../../src/client/directory.ts";
import { formatOffset } from "../../../src/protocol/offset.ts";
import { Driven } from "../../screen/support/driven.ts";

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

export class ListView extends Driven<ListState, ListEvent, ListEffect> {
  constructor(columns = 80, rows = 24, prefix = "") {
    const initial = initialList("http://127.0.0.1/v1/stream", prefix);
    super({ initial, reduce: reduceList, rows: listScreen }, Date.UTC(2026, 0, 2));
    this.send({ type: "resized", columns, rows }).after(0);
  }

  list(...names: readonly string[]): this {
    return this.send({ type: "listed", names, atMs: this.atMs });
  }

  ask(stream: ListedStream): this {
    return this.send({ type: "asked", stream, atMs: this.atMs });
  }

  get chosen(): string | undefined {
    return chosenPath(this.state);
  }
}
