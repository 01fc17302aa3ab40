import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HEADER_VALUE_MAX_BYTES } from "../../src/protocol/limits.ts";
import { decideProducer, parseProducer, type ProducerState } from "../../src/protocol/producer.ts";

const MAX = Number.MAX_SAFE_INTEGER;

describe("producer: the validation logic of section 5.2.1", () => {
  test.each([
    { rule: "the first batch of a new producer is accepted", epoch: 0, seq: 0 },
    { rule: "a new producer may begin in any epoch", epoch: 7, seq: 0 },
  ])("producer: $rule", ({ epoch, seq }) => {
    expect(decideProducer(undefined, { id: "p", epoch, seq })).toEqual({
      kind: "accept",
      next: { epoch, lastSeq: seq },
    });
  });

  test("producer: a new producer that does not begin at seq 0 has a gap before it", () => {
    expect(decideProducer(undefined, { id: "p", epoch: 0, seq: 3 })).toEqual({ kind: "sequence-gap", expectedSeq: 0 });
    expect(decideProducer(undefined, { id: "p", epoch: 5, seq: 1 })).toEqual({ kind: "sequence-gap", expectedSeq: 0 });
  });

  const known: ProducerState = { epoch: 2, lastSeq: 5 };

  test("producer: the next seq of the epoch is accepted and becomes the last", () => {
    expect(decideProducer(known, { id: "p", epoch: 2, seq: 6 })).toEqual({
      kind: "accept",
      next: { epoch: 2, lastSeq: 6 },
    });
  });

  test.each([5, 4, 0])("producer: a duplicate seq %i answers with the highest accepted seq", (seq) => {
    expect(decideProducer(known, { id: "p", epoch: 2, seq })).toEqual({ kind: "duplicate", state: known });
  });

  test.each([7, 8, MAX])("producer: seq %i leaves a gap and is told which seq is next", (seq) => {
    expect(decideProducer(known, { id: "p", epoch: 2, seq })).toEqual({ kind: "sequence-gap", expectedSeq: 6 });
  });

  test.each([
    { epoch: 1, seq: 6 },
    { epoch: 1, seq: 0 },
    { epoch: 0, seq: 5 },
  ])("producer: the stale epoch $epoch is fenced off at seq $seq and told the current one", ({ epoch, seq }) => {
    expect(decideProducer(known, { id: "p", epoch, seq })).toEqual({ kind: "stale-epoch", epoch: 2 });
  });

  test.each([3, 9, MAX])("producer: the new epoch %i is accepted at seq 0 and starts over", (epoch) => {
    expect(decideProducer(known, { id: "p", epoch, seq: 0 })).toEqual({ kind: "accept", next: { epoch, lastSeq: 0 } });
  });

  test.each([1, 6, MAX])("producer: a new epoch must start at seq 0, not at %i", (seq) => {
    expect(decideProducer(known, { id: "p", epoch: 3, seq })).toEqual({ kind: "epoch-must-start-at-zero" });
  });

  test("producer: the last seq that a header can carry is a duplicate when it comes again", () => {
    const last = { epoch: 0, lastSeq: MAX };
    expect(decideProducer({ epoch: 0, lastSeq: MAX - 1 }, { id: "p", epoch: 0, seq: MAX }).kind).toBe("accept");
    expect(decideProducer(last, { id: "p", epoch: 0, seq: MAX })).toEqual({ kind: "duplicate", state: last });
  });

  test("producer: whatever comes in whatever order, each epoch accepts 0, 1, 2, ... once each and epochs never go back", () => {
    const request = fc.record({ id: fc.constant("p"), epoch: fc.nat(3), seq: fc.nat(4) });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 40 }), (requests) => {
        let state: ProducerState | undefined;
        const accepted: [epoch: number, seq: number][] = [];
        for (const one of requests) {
          const decision = decideProducer(state, one);
          if (decision.kind !== "accept") continue;
          accepted.push([one.epoch, one.seq]);
          state = decision.next;
        }
        for (const [i, [epoch, seq]] of accepted.entries()) {
          const [epochBefore, seqBefore] = accepted[i - 1] ?? [-1, -1];
          expect(epoch).toBeGreaterThanOrEqual(epochBefore);
          expect(seq).toBe(epoch === epochBefore ? seqBefore + 1 : 0);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("producer: a request that was accepted is a duplicate when it is sent again", () => {
    fc.assert(
      fc.property(fc.nat(5), fc.nat(20), (epoch, lastSeq) => {
        const again = decideProducer({ epoch, lastSeq }, { id: "p", epoch, seq: lastSeq });
        expect(again).toEqual({ kind: "duplicate", state: { epoch, lastSeq } });
      }),
    );
  });
});

describe("producer: the three headers (section 5.2.1)", () => {
  test("producer: without any of the headers there is no producer", () => {
    expect(parseProducer(null, null, null)).toEqual({ ok: true, value: undefined });
  });

  test("producer: all three together are read", () => {
    expect(parseProducer("order-service-1", "0", "0")).toEqual({
      ok: true,
      value: { id: "order-service-1", epoch: 0, seq: 0 },
    });
    expect(parseProducer("a ~b", "9007199254740991", "42")).toEqual({
      ok: true,
      value: { id: "a ~b", epoch: MAX, seq: 42 },
    });
  });

  test.each([
    ["Producer-Id", null, "0", "0"],
    ["Producer-Epoch", "p", null, "0"],
    ["Producer-Seq", "p", "0", null],
    ["Producer-Id", null, null, "0"],
    ["Producer-Id", null, "0", null],
    ["Producer-Epoch", "p", null, null],
  ])(
    "producer: some of the headers without %s are refused, and it is named (%s, %s, %s)",
    (missing, id, epoch, seq) => {
      expect(parseProducer(id, epoch, seq)).toMatchObject({
        ok: false,
        error: { code: "INVALID_PRODUCER", message: expect.stringContaining(`${missing} is missing`) as string },
      });
    },
  );

  test("producer: an empty id is refused", () => {
    expect(parseProducer("", "0", "0")).toMatchObject({ ok: false, error: { code: "INVALID_PRODUCER" } });
  });

  test.each(["é", "p\u0000", "p\n", "p\u007f", "😀", "p\ufffd"])(
    "producer: %j is no id, since clients send it differently",
    (id) => {
      expect(parseProducer(id, "0", "0")).toMatchObject({ ok: false, error: { code: "INVALID_PRODUCER" } });
    },
  );

  test("producer: an id may be as long as the limit, and not longer", () => {
    const longest = "p".repeat(HEADER_VALUE_MAX_BYTES);
    expect(parseProducer(longest, "0", "0").ok).toBe(true);
    expect(parseProducer(`${longest}p`, "0", "0")).toMatchObject({ ok: false, error: { code: "HEADER_TOO_LONG" } });
  });

  test.each([
    "",
    "-1",
    "+1",
    "01",
    "00",
    "1.0",
    "1e3",
    "0x1",
    " 1",
    "1 ",
    "abc",
    "NaN",
    "Infinity",
    "1_000",
    "1,000",
    "٣",
    "1\n",
    "-0",
    "9007199254740992",
    "9007199254740993",
    "99999999999999999999",
  ])("producer: %j is no epoch and no seq", (number) => {
    expect(parseProducer("p", number, "0")).toMatchObject({ ok: false, error: { code: "INVALID_PRODUCER" } });
    expect(parseProducer("p", "0", number)).toMatchObject({ ok: false, error: { code: "INVALID_PRODUCER" } });
  });

  test("producer: any whole number up to 2^53-1 is read exactly", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (epoch, seq) => {
        expect(parseProducer("p", String(epoch), String(seq))).toEqual({ ok: true, value: { id: "p", epoch, seq } });
      }),
    );
  });
});
