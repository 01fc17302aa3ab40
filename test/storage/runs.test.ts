import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { joinPayloads, NO_MESSAGES, positionCount, type MessageBatch } from "../../src/protocol/messages.ts";
import { planRuns } from "../../src/worker/storage/runs.ts";
import { encodeSizes } from "../../src/protocol/sizes.ts";
import { textOf, utf8 } from "../protocol/arbitraries.ts";
import { batchesOf, kinds, messagesOf } from "./batches.ts";

const maxBytes = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 20, max: 400 }));
const start = fc.oneof(fc.constant(0), fc.nat(1_000_000));

const json = (...texts: string[]): MessageBatch => ({
  payload: utf8(texts.join(",")),
  sizes: texts.map((text) => utf8(text).byteLength),
});
const bytes = (text: string): MessageBatch => ({ payload: utf8(text), sizes: [text.length] });
const textsOf = (runs: readonly MessageBatch[]) => runs.map(({ payload }) => textOf(payload));

describe("runs: every batch, however it is laid out", () => {
  const plans = kinds.chain((kind) =>
    fc.record({ kind: fc.constant(kind), batches: batchesOf(kind), start, maxBytes }).map((plan) => ({
      ...plan,
      runs: planRuns(kind, plan.start, plan.batches, plan.maxBytes),
    })),
  );

  test("runs: no message is lost, changed, or out of its order", () => {
    fc.assert(
      fc.property(plans, ({ kind, batches, runs }) => {
        expect(messagesOf(kind, runs)).toEqual(messagesOf(kind, batches));
      }),
      { numRuns: 500 },
    );
  });

  test("runs: put together they are the bytes of the batches put together", () => {
    fc.assert(
      fc.property(plans, ({ kind, batches, runs }) => {
        const joined = (parts: readonly MessageBatch[]) =>
          joinPayloads(
            kind,
            parts.map((part) => part.payload),
          );
        expect(joined(runs)).toEqual(joined(batches));
      }),
    );
  });

  test("runs: positions begin at the start and follow each other without a gap", () => {
    fc.assert(
      fc.property(plans, ({ kind, start: from, batches, runs }) => {
        let next = from;
        for (const run of runs) {
          expect(run.start).toBe(next);
          expect(run.positions).toBe(positionCount(kind, run));
          expect(run.positions).toBeGreaterThan(0);
          next += run.positions;
        }
        expect(next - from).toBe(batches.reduce((sum, batch) => sum + positionCount(kind, batch), 0));
      }),
      { numRuns: 300 },
    );
  });

  test("runs: payload and sizes together stay within the limit, unless a run is one message", () => {
    fc.assert(
      fc.property(plans, ({ runs, maxBytes: limit }) => {
        for (const { payload, sizes } of runs) {
          const bytes = payload.byteLength + (encodeSizes(sizes)?.byteLength ?? 0);
          if (bytes > limit) expect(sizes).toHaveLength(1);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("runs: two that follow each other would not have fitted into one", () => {
    fc.assert(
      fc.property(plans, ({ kind, runs, maxBytes: limit }) => {
        for (const [i, { sizes }] of runs.slice(1).entries()) {
          const together = [...(runs[i]?.sizes ?? []), ...sizes];
          const bytes = together.reduce((sum, size) => sum + size, encodeSizes(together)?.byteLength ?? 0);
          const separators = kind === "json" ? together.length : 0;
          expect(bytes + separators).toBeGreaterThan(limit);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("runs: examples", () => {
  test("runs: appends that are committed together share a row", () => {
    expect(textsOf(planRuns("json", 0, [json("1"), json("2", "3"), json("4")], 100))).toEqual(["1,2,3,4"]);
    expect(textsOf(planRuns("text", 0, [bytes("ab"), bytes("c")], 100))).toEqual(["abc"]);
  });

  test("runs: a batch that is the only one is not copied", () => {
    const batch = json("1", "2");
    expect(planRuns("json", 7, [batch], 100)).toEqual([{ ...batch, start: 7, positions: 2 }]);
    expect(planRuns("json", 7, [batch], 100)[0]?.payload).toBe(batch.payload);
  });

  test("runs: a batch over the limit is cut between its messages", () => {
    expect(planRuns("json", 5, [json("11", "22", "33", "44")], 8)).toEqual([
      { ...json("11", "22"), start: 5, positions: 2 },
      { ...json("33", "44"), start: 7, positions: 2 },
    ]);
  });

  test("runs: a message over the limit is a run by itself, and those around it are not drawn into it", () => {
    const large = '"xxxxxxxxxxxx"';
    expect(textsOf(planRuns("json", 0, [json("1", large, "2")], 8))).toEqual(["1", large, "2"]);
    expect(textsOf(planRuns("binary", 0, [bytes("a"), bytes("xxxxxxxx"), bytes("b")], 5))).toEqual([
      "a",
      "xxxxxxxx",
      "b",
    ]);
  });

  test("runs: bytes of one append are never divided", () => {
    expect(textsOf(planRuns("binary", 0, [bytes("aaa"), bytes("bbb"), bytes("ccc")], 10))).toEqual(["aaabbb", "ccc"]);
  });

  test("runs: a run may be exactly as large as the limit with its sizes, the first one and those after it", () => {
    const [aaa, bbb, ccc] = [bytes("aaa"), bytes("bbb"), bytes("ccc")];
    expect(textsOf(planRuns("text", 0, [aaa, bbb], 8))).toEqual(["aaabbb"]);
    expect(textsOf(planRuns("text", 0, [aaa, bbb], 7))).toEqual(["aaa", "bbb"]);
    expect(textsOf(planRuns("text", 0, [bytes("aaaaaaa"), bbb, ccc], 8))).toEqual(["aaaaaaa", "bbbccc"]);
    expect(textsOf(planRuns("json", 0, [json("1", "2", "3")], 9))).toEqual(["1,2,3"]);
    expect(textsOf(planRuns("json", 0, [json("1", "2", "3")], 8))).toEqual(["1,2", "3"]);
  });

  test("runs: no messages make no runs", () => {
    expect(planRuns("json", 3, [], 10)).toEqual([]);
    expect(planRuns("json", 3, [NO_MESSAGES, NO_MESSAGES], 10)).toEqual([]);
    expect(planRuns("json", 3, [NO_MESSAGES, json("1"), NO_MESSAGES], 10)).toHaveLength(1);
  });
});
