import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ContentKind } from "../../src/protocol/content-type.ts";
import { joinPayloads, type MessageBatch } from "../../src/protocol/messages.ts";
import { collectChunk, wholeChunk } from "../../src/worker/storage/chunk.ts";
import { runsUntil } from "../../src/worker/storage/cut-run.ts";
import type { StoredRun } from "../../src/worker/storage/stored-run.ts";
import { concat } from "../protocol/arbitraries.ts";
import { kinds, messagesOf, storedBatchesOf } from "./batches.ts";

function runsOf(kind: ContentKind, batches: readonly MessageBatch[]): StoredRun[] {
  let start = 0;
  return batches.map(({ payload, sizes }) => {
    const positions = kind === "json" ? sizes.length : payload.byteLength;
    start += positions;
    return {
      start: start - positions,
      positions,
      bytes: payload.byteLength,
      sizes: () => [...sizes],
      piece: (from, to) => ({ kind: "bytes", bytes: payload.subarray(from, to) }),
    };
  });
}

function payloadOf(run: StoredRun): Uint8Array {
  const piece = run.piece(0, run.bytes);
  if (piece.kind === "segment") throw new Error("a log in memory has no segments");
  return piece.bytes;
}

/** What has to be left of the messages. */
function sliceOf(kind: ContentKind, messages: readonly Uint8Array[], from: number, until: number): Uint8Array {
  return kind === "json" ? joinPayloads(kind, messages.slice(from, until)) : concat(messages).slice(from, until);
}

const logs = kinds.chain((kind) =>
  fc
    .record({
      batches: storedBatchesOf(kind),
      until: fc.nat(),
      from: fc.nat(),
      budget: fc.integer({ min: 1, max: 60 }),
    })
    .map(({ batches, until, from, budget }) => {
      const runs = runsOf(kind, batches);
      const tail = runs.reduce((end, { start, positions }) => Math.max(end, start + positions), 0);
      const end = until % (tail + 1);
      return { kind, runs, messages: messagesOf(kind, batches), tail, until: end, from: from % (end + 1), budget };
    }),
);

describe("cut runs", () => {
  test("property: what is left is the messages before the end, and each run says what it is", () => {
    fc.assert(
      fc.property(logs, ({ kind, runs, messages, until }) => {
        const cut = [...runsUntil(kind, runs, until)];
        expect(joinPayloads(kind, cut.map(payloadOf))).toEqual(sliceOf(kind, messages, 0, until));
        let start = 0;
        for (const run of cut) {
          expect(run.start).toBe(start);
          expect(run.positions).toBeGreaterThan(0);
          const sizes = run.sizes();
          const separators = kind === "json" ? sizes.length - 1 : 0;
          expect(sizes.reduce((sum, size) => sum + size, separators)).toBe(run.bytes);
          expect(kind === "json" ? sizes.length : run.bytes).toBe(run.positions);
          expect(sizes.every((size) => size > 0)).toBe(true);
          start += run.positions;
        }
        expect(start).toBe(until);
      }),
    );
  });

  test("property: runs that end before it are the very same ones", () => {
    fc.assert(
      fc.property(logs, ({ kind, runs, until }) => {
        const whole = runs.filter((run) => run.start + run.positions <= until);
        const cut = [...runsUntil(kind, runs, until)];
        expect(cut.slice(0, whole.length).every((run, i) => run === whole[i])).toBe(true);
      }),
    );
  });

  test("property: nothing after the run that holds the end is fetched", () => {
    fc.assert(
      fc.property(logs, ({ kind, runs, until }) => {
        let fetched = 0;
        function* counted(): Generator<StoredRun> {
          for (const run of runs) {
            fetched++;
            yield run;
          }
        }
        expect([...runsUntil(kind, counted(), until)].length).toBeLessThanOrEqual(fetched);
        expect(fetched).toBeLessThanOrEqual(runs.filter((run) => run.start < until).length + 1);
      }),
    );
  });

  test("property: chunks of it, one after another, are the slice from any position to the end", () => {
    fc.assert(
      fc.property(logs, ({ kind, runs, messages, from, until, budget }) => {
        const payloads: Uint8Array[] = [];
        for (let next = from; next < until;) {
          const rest = runs.filter((run) => run.start + run.positions > next);
          const chunk = collectChunk(kind, runsUntil(kind, rest, until), next, wholeChunk(budget));
          expect(chunk.next).toBeGreaterThan(next);
          for (const piece of chunk.pieces) if (piece.kind === "bytes") payloads.push(piece.bytes);
          next = chunk.next;
        }
        expect(joinPayloads(kind, payloads)).toEqual(sliceOf(kind, messages, from, until));
      }),
    );
  });
});
