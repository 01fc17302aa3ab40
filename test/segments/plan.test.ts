import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ContentKind } from "../../src/protocol/content-type.ts";
import { joinPayloads, type MessageBatch } from "../../src/protocol/messages.ts";
import { encodeSegment } from "../../src/protocol/segment/segment.ts";
import { isSealingDue, isSealingOverdue, planSegment } from "../../src/worker/segments/plan.ts";
import type { LogRowFacts } from "../../src/worker/storage/log-rows.ts";
import { runTally } from "../../src/worker/storage/tally.ts";
import { nothingSealed, type StreamState } from "../../src/worker/stream/state.ts";
import { kinds, storedBatchesOf } from "../storage/batches.ts";

const CONTENT_TYPES: Readonly<Record<ContentKind, string>> = {
  json: "application/json",
  text: "text/plain",
  binary: "application/octet-stream",
};

/** A stream whose hot log holds these batches, a row each. */
function streamOf(kind: ContentKind, batches: readonly MessageBatch[], closed = false) {
  let tail = 0;
  let tally = 0;
  const rows = batches.map((batch): LogRowFacts => {
    const positions = kind === "json" ? batch.sizes.length : batch.payload.byteLength;
    tail += positions;
    tally += runTally(kind, batch);
    const start = tail - positions;
    return {
      start,
      positions,
      bytes: batch.payload.byteLength,
      tail,
      tally,
      lastStreamSeq: undefined,
      appendedAtMs: 1,
    };
  });
  const state: StreamState = {
    name: "default/a",
    incarnation: "i",
    contentType: CONTENT_TYPES[kind],
    expiry: { kind: "never" },
    public: false,
    createdAtMs: 0,
    accessedAtMs: 0,
    lastAccessMs: 0,
    closed,
    closedBy: undefined,
    kind,
    lastStreamSeq: undefined,
    tail,
    tally,
    sealed: nothingSealed(0),
    fork: undefined,
    softDeleted: false,
    ended: false,
    registered: undefined,
  };
  return { rows, state };
}

const hotLogs = kinds.chain((kind) => storedBatchesOf(kind).map((batches) => ({ kind, batches })));
const limits = fc.record({ maxMessages: fc.integer({ min: 1, max: 20 }), maxBytes: fc.integer({ min: 1, max: 200 }) });

/** JSON messages of a byte each. */
const digits = (count: number): MessageBatch => ({
  payload: new TextEncoder().encode(Array.from({ length: count }, () => "7").join(",")),
  sizes: Array.from({ length: count }, () => 1),
});

describe("plan: what the next segment is made of", () => {
  test("it names exactly the messages and bytes that the segment of those rows turns out to have", async () => {
    await fc.assert(
      fc.asyncProperty(hotLogs, limits, async ({ kind, batches }, most) => {
        const { rows, state } = streamOf(kind, batches);
        const planned = planSegment(state, rows, most);
        if (planned === undefined) {
          expect(batches).toEqual([]);
          return;
        }
        const count = rows.findIndex(({ tail }) => tail === planned.tail) + 1;
        const { contentType } = state;
        const runs = batches.slice(0, count).map((batch) => ({ ...batch, appendedAtMs: 1 }));
        const segment = await encodeSegment({ stream: "a/b", incarnation: "i", contentType, start: 0, runs });
        expect([segment.end, segment.payloadBytes, segment.sizes.length]).toEqual([
          planned.tail,
          planned.bytes,
          planned.messages,
        ]);
      }),
    );
  });

  test("it holds as many whole rows as fit into both limits, and one row at least", () => {
    fc.assert(
      fc.property(hotLogs, limits, ({ kind, batches }, most) => {
        const { rows, state } = streamOf(kind, batches);
        const planned = planSegment(state, rows, most);
        if (planned === undefined) return;
        const all = batches.reduce((sum, { sizes }) => sum + sizes.length, 0);
        const maxMessages = all > 16 * most.maxMessages ? Number.MAX_SAFE_INTEGER : most.maxMessages;
        const count = rows.findIndex(({ tail }) => tail === planned.tail) + 1;
        const fits = (taken: number): boolean => {
          const payload = joinPayloads(
            kind,
            batches.slice(0, taken).map((batch) => batch.payload),
          );
          const messages = batches.slice(0, taken).reduce((sum, { sizes }) => sum + sizes.length, 0);
          return messages <= maxMessages && payload.byteLength <= most.maxBytes;
        };
        expect(count === 1 || fits(count)).toBe(true);
        if (count < batches.length) expect(fits(count + 1)).toBe(false);
      }),
    );
  });

  test("a backlog is sealed in segments of as many messages as fit into the bytes", () => {
    const { rows, state } = streamOf(
      "json",
      Array.from({ length: 170 }, () => digits(1)),
    );
    expect(planSegment(state, rows, { maxMessages: 10, maxBytes: 1000 })?.messages).toBe(170);
    expect(planSegment(state, rows, { maxMessages: 10, maxBytes: 99 })?.messages).toBe(50);
    const few = streamOf(
      "json",
      Array.from({ length: 160 }, () => digits(1)),
    );
    expect(planSegment(few.state, few.rows, { maxMessages: 10, maxBytes: 1000 })?.messages).toBe(10);
  });
});

describe("plan: when a hot log is sealed", () => {
  const most = { maxMessages: 10, maxBytes: 30 };

  test("at the first message or byte that makes it as large as a segment", () => {
    expect(isSealingDue(streamOf("json", [digits(9)]).state, most)).toBe(false);
    expect(isSealingDue(streamOf("json", [digits(10)]).state, most)).toBe(true);
    const bytes = (count: number): MessageBatch => ({ payload: new Uint8Array(count), sizes: [count] });
    expect(isSealingDue(streamOf("binary", [bytes(29)]).state, most)).toBe(false);
    expect(isSealingDue(streamOf("binary", [bytes(30)]).state, most)).toBe(true);
  });

  test("when the stream is closed, whatever is left; of an empty one nothing is", () => {
    expect(isSealingDue(streamOf("json", [digits(1)], true).state, most)).toBe(true);
    expect(isSealingDue(streamOf("json", [], true).state, most)).toBe(false);
  });

  test("it is overdue at 16 times the bytes, or 256 times the messages", () => {
    expect(isSealingOverdue(streamOf("json", [digits(240)]).state, most)).toBe(false);
    expect(isSealingOverdue(streamOf("json", [digits(241)]).state, most)).toBe(true);
    const wide = { maxMessages: 10, maxBytes: 10_000 };
    expect(isSealingOverdue(streamOf("json", [digits(2559)]).state, wide)).toBe(false);
    expect(isSealingOverdue(streamOf("json", [digits(2560)]).state, wide)).toBe(true);
  });
});
