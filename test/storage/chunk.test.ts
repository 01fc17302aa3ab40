import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ContentKind } from "../../src/protocol/content-type.ts";
import { READ_CHUNK_MAX_ROWS, READ_CHUNK_MAX_SEGMENTS } from "../../src/protocol/limits.ts";
import { joinPayloads, type MessageBatch } from "../../src/protocol/messages.ts";
import type { Position } from "../../src/protocol/offset.ts";
import { collectChunk, wholeChunk, type Chunk } from "../../src/worker/storage/chunk.ts";
import type { Piece, SegmentSlice, StoredRun } from "../../src/worker/storage/stored-run.ts";
import { concat, textOf, utf8 } from "../protocol/arbitraries.ts";
import { kinds, messagesOf, storedBatchesOf } from "./batches.ts";

/** A log in memory: every batch is a stored run, and what is asked of them is counted. */
class FakeLog {
  readonly tail: Position;
  opened = 0;
  slices = 0;
  readonly #runs: readonly StoredRun[];

  constructor(kind: ContentKind, batches: readonly MessageBatch[]) {
    let start = 0;
    this.#runs = batches.map(({ payload, sizes }) => {
      const positions = kind === "json" ? sizes.length : payload.byteLength;
      start += positions;
      const piece = (from: number, to: number): Piece => {
        this.slices++;
        return { kind: "bytes", bytes: payload.subarray(from, to) };
      };
      return { start: start - positions, positions, bytes: payload.byteLength, sizes: () => [...sizes], piece };
    });
    this.tail = start;
  }

  /** The runs from the one that holds the position on, one by one. */
  *from(position: Position): Generator<StoredRun> {
    for (const run of this.#runs) {
      if (run.start + run.positions <= position) continue;
      this.opened++;
      yield run;
    }
  }
}

/** The payloads of a chunk that has all of its bytes at hand. */
function payloadsOf({ pieces }: Chunk): Uint8Array[] {
  return pieces.map((piece) => {
    if (piece.kind === "segment") throw new Error("a log in memory has no segments");
    return piece.bytes;
  });
}

const budget = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 200 }));

const logs = kinds.chain((kind) =>
  fc
    .record({ batches: storedBatchesOf(kind), start: fc.nat(), maxBytes: budget })
    .map(({ batches, start, maxBytes }) => {
      const log = new FakeLog(kind, batches);
      const messages = messagesOf(kind, batches);
      return { kind, log, messages, maxBytes, start: start % (log.tail + 1) };
    }),
);

/** The bytes of a stream from one position to another. */
function bytesBetween(kind: ContentKind, messages: readonly Uint8Array[], from: Position, to: Position): Uint8Array {
  return kind === "json" ? joinPayloads("json", messages.slice(from, to)) : concat(messages).subarray(from, to);
}

/** Positions between two messages. */
function boundaries(kind: ContentKind, messages: readonly Uint8Array[]): Set<Position> {
  let at = 0;
  return new Set([0, ...messages.map((message) => (at += kind === "json" ? 1 : message.byteLength))]);
}

describe("chunk: reading chunk after chunk", () => {
  test("chunk: from any start with any budget, the chunks are the stream's bytes, and every one makes progress", () => {
    fc.assert(
      fc.property(logs, ({ kind, log, messages, maxBytes, start }) => {
        const chunks: Uint8Array[] = [];
        let next = start;
        while (next < log.tail) {
          const chunk = collectChunk(kind, log.from(next), next, wholeChunk(maxBytes));
          expect(chunk.next).toBeGreaterThan(next);
          expect(joinPayloads(kind, payloadsOf(chunk))).toEqual(bytesBetween(kind, messages, next, chunk.next));
          chunks.push(joinPayloads(kind, payloadsOf(chunk)));
          next = chunk.next;
        }
        expect(next).toBe(log.tail);
        expect(joinPayloads(kind, chunks)).toEqual(bytesBetween(kind, messages, start, log.tail));
      }),
      { numRuns: 500 },
    );
  });

  test("chunk: it stays within the budget, but for a JSON message that is larger by itself", () => {
    fc.assert(
      fc.property(logs, ({ kind, log, maxBytes, start }) => {
        const chunk = collectChunk(kind, log.from(start), start, wholeChunk(maxBytes));
        const { next } = chunk;
        if (joinPayloads(kind, payloadsOf(chunk)).byteLength <= maxBytes) return;
        expect(kind).toBe("json");
        expect(next).toBe(start + 1);
      }),
      { numRuns: 500 },
    );
  });

  test("chunk: it ends between messages, unless the message it is in fills more than the chunk", () => {
    fc.assert(
      fc.property(logs, ({ kind, log, messages, maxBytes, start }) => {
        const { next } = collectChunk(kind, log.from(start), start, wholeChunk(maxBytes));
        const ends = boundaries(kind, messages);
        if (ends.has(next)) return;
        expect(kind).not.toBe("json");
        expect(next - start).toBe(maxBytes);
        expect([...ends].filter((end) => end > start && end < next)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test("chunk: it holds whatever fits", () => {
    fc.assert(
      fc.property(logs, ({ kind, log, messages, maxBytes, start }) => {
        const { next } = collectChunk(kind, log.from(start), start, wholeChunk(maxBytes));
        const following = [...boundaries(kind, messages)].find((end) => end > next);
        if (following === undefined) return;
        expect(bytesBetween(kind, messages, start, following).byteLength).toBeGreaterThan(maxBytes);
      }),
      { numRuns: 500 },
    );
  });

  test("chunk: rows are read only as far as the chunk needs, and bytes are taken only from those it shows", () => {
    fc.assert(
      fc.property(logs, ({ kind, log, maxBytes, start }) => {
        const { pieces, bytes } = collectChunk(kind, log.from(start), start, wholeChunk(maxBytes));
        expect(log.slices).toBe(pieces.length);
        expect(log.opened).toBeLessThanOrEqual(pieces.length + 1);
        const payloads = payloadsOf({ pieces, bytes, next: start });
        expect(bytes).toBe(payloads.reduce((sum, payload) => sum + payload.byteLength, 0));
      }),
    );
  });
});

describe("chunk: examples", () => {
  const json = (...texts: string[]): MessageBatch => ({
    payload: utf8(texts.join(",")),
    sizes: texts.map((text) => text.length),
  });
  const text = (content: string): MessageBatch => ({ payload: utf8(content), sizes: [content.length] });

  function read(kind: ContentKind, batches: readonly MessageBatch[], start: Position, maxBytes: number) {
    const chunk = collectChunk(kind, new FakeLog(kind, batches).from(start), start, wholeChunk(maxBytes));
    return { payloads: payloadsOf(chunk).map(textOf), next: chunk.next };
  }

  test("chunk: runs that fit are taken whole, each as one payload", () => {
    expect(read("json", [json("1", "2"), json("3")], 0, 100)).toEqual({ payloads: ["1,2", "3"], next: 3 });
    expect(read("text", [text("ab"), text("c")], 0, 100)).toEqual({ payloads: ["ab", "c"], next: 3 });
  });

  test("chunk: a start inside a run skips what is before it", () => {
    expect(read("json", [json("1", "2", "3")], 1, 100)).toEqual({ payloads: ["2,3"], next: 3 });
    expect(read("text", [text("abc"), text("d")], 2, 100)).toEqual({ payloads: ["c", "d"], next: 4 });
  });

  test("chunk: the comma between two runs counts", () => {
    expect(read("json", [json("1"), json("2"), json("3")], 0, 4)).toEqual({ payloads: ["1", "2"], next: 2 });
    expect(read("json", [json("1"), json("2"), json("3")], 0, 5)).toEqual({ payloads: ["1", "2", "3"], next: 3 });
  });

  test("chunk: a JSON message over the budget is answered whole and alone", () => {
    expect(read("json", [json('"xxxxxxxx"', "2")], 0, 3)).toEqual({ payloads: ['"xxxxxxxx"'], next: 1 });
    expect(read("json", [json("1", '"xxxxxxxx"')], 0, 3)).toEqual({ payloads: ["1"], next: 1 });
  });

  test("chunk: bytes over the budget are divided, and only then", () => {
    expect(read("binary", [text("abcdef")], 0, 4)).toEqual({ payloads: ["abcd"], next: 4 });
    expect(read("binary", [text("abcdef")], 4, 4)).toEqual({ payloads: ["ef"], next: 6 });
    expect(read("binary", [text("ab"), text("cdef")], 0, 4)).toEqual({ payloads: ["ab"], next: 2 });
  });

  test("chunk: it is made of no more rows than the limit, and the next chunk goes on from there", () => {
    const log = new FakeLog(
      "json",
      Array.from({ length: READ_CHUNK_MAX_ROWS + 5 }, () => json("1")),
    );
    const { pieces, next } = collectChunk("json", log.from(0), 0, wholeChunk(Number.MAX_SAFE_INTEGER));
    expect([pieces.length, next]).toEqual([READ_CHUNK_MAX_ROWS, READ_CHUNK_MAX_ROWS]);
    expect(log.opened).toBe(READ_CHUNK_MAX_ROWS);
    expect(collectChunk("json", log.from(next), next, wholeChunk(Number.MAX_SAFE_INTEGER)).next).toBe(log.tail);
  });

  test("chunk: it is put together from no more segments than the limit, since each takes a fetch of its own", () => {
    const slice = { start: 0, from: 0, to: 1 } as SegmentSlice;
    const segments = Array.from({ length: READ_CHUNK_MAX_SEGMENTS + 5 }, (_, start) => ({
      start,
      positions: 1,
      bytes: 1,
      sizes: () => [1],
      piece: (): Piece => ({ kind: "segment", slice }),
    }));
    const { pieces, next } = collectChunk("json", segments, 0, wholeChunk(Number.MAX_SAFE_INTEGER));
    expect([pieces.length, next]).toEqual([READ_CHUNK_MAX_SEGMENTS, READ_CHUNK_MAX_SEGMENTS]);
  });

  test("chunk: at the tail there is nothing", () => {
    expect(read("json", [json("1")], 1, 10)).toEqual({ payloads: [], next: 1 });
    expect(read("text", [], 0, 10)).toEqual({ payloads: [], next: 0 });
  });
});
