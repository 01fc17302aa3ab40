import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { StreamBatch } from "../../src/client/stream-batch.ts";
import { Frames } from "../../src/tail/io/frames.ts";
import { Reader } from "../../src/tail/io/reader.ts";
import { LiveStore } from "../../src/tail/live-store.ts";
import { formatOffset } from "../../src/protocol/offset.ts";
import { eventually } from "../screen/support/shown.tsx";

function batch(kind: "json" | "text", records: readonly string[], nextOffset: string): StreamBatch {
  return { kind, pieces: records.map((record) => Buffer.from(record)), nextOffset, upToDate: true, closed: false };
}

/** A reader of a stream that brings these batches and then waits for more; what is not there is refused. */
function reading(batches: Readonly<Record<string, readonly StreamBatch[]>>): { store: LiveStore; ended: string[] } {
  const ended: string[] = [];
  const store = new LiveStore([{ name: "s", url: "http://127.0.0.1/s" }], (effect) => {
    if (effect.type === "read") reader.start({ at: "offset", offset: effect.offset }, effect.reading);
  });
  const frames = new Frames((frame) => {
    store.dispatch({ type: "arrived", batches: frame, atMs: 0 });
  });
  const source = {
    name: "s",
    url: "http://127.0.0.1/s",
    start: { at: "offset", offset: "-1" } as const,
    splitter: () => (each: StreamBatch) => each.pieces,
    open: async function* (start: { readonly at: string; readonly offset?: string }, signal: AbortSignal) {
      const there = batches[start.offset ?? ""];
      if (there === undefined) throw new Error("no such place");
      yield* there;
      if (!signal.aborted) await once(signal, "abort");
      ended.push(start.offset ?? "");
    },
  };
  const reader = new Reader({ store, frames, source, stream: 0 }, (error) => {
    throw error;
  });
  reader.start(source.start, 0);
  return { store, ended };
}

async function positions(batches: Readonly<Record<string, readonly StreamBatch[]>>): Promise<unknown> {
  const { store } = reading(batches);
  const count = Object.values(batches).flatMap((each) => each.flatMap(({ pieces }) => pieces)).length;
  await eventually(() => {
    expect(store.getState().list).toHaveLength(count);
  });
  return store.getState().list.map(({ position }) => position);
}

describe("a reader", () => {
  it("tells where messages begin by offsets that count them, and lines by offsets that count bytes", async () => {
    const json = [batch("json", ["1", "22"], formatOffset(2)), batch("json", ["3"], formatOffset(3))];
    expect(await positions({ "-1": json })).toEqual([0, 1, 2]);
    const text = [batch("text", ["ab\n", "c\n"], formatOffset(5)), batch("text", ["d\n"], formatOffset(7))];
    expect(await positions({ "-1": text })).toEqual([0, 3, 5]);
  });

  it("tells no positions by offsets that count something else", async () => {
    const bytes = [batch("json", ["1", "22"], formatOffset(6)), batch("json", ["3"], formatOffset(9))];
    expect(await positions({ "-1": bytes })).toEqual([undefined, undefined, undefined]);
    expect(await positions({ "-1": [batch("json", ["1"], "abc")] })).toEqual([undefined]);
  });

  it("goes on where it reads until another place has answered, and no longer", async () => {
    const { store, ended } = reading({
      "-1": [batch("json", ["1"], formatOffset(1))],
      [formatOffset(5)]: [batch("json", ["6"], formatOffset(6))],
    });
    await eventually(() => {
      expect(store.getState().list).toHaveLength(1);
    });
    const jump = (offset: string): void => {
      for (const key of ["o", "ctrl-u"]) store.dispatch({ type: "key", key });
      store.dispatch({ type: "text", text: offset });
      store.dispatch({ type: "key", key: "return" });
    };
    jump("nowhere");
    await eventually(() => {
      expect(store.getState().prompt?.note).toEqual({ text: "no such place", isProblem: true });
    });
    expect(ended).toEqual([]);
    store.dispatch({ type: "key", key: "escape" });
    jump(formatOffset(5));
    await eventually(() => {
      expect(store.getState().list.map(({ position }) => position)).toEqual([5]);
    });
    await eventually(() => {
      expect(ended).toEqual(["-1"]);
    });
  });
});
