import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideAppend, type AppendRequest, type AppendState } from "../../src/protocol/append.ts";
import { protocolError } from "../../src/protocol/errors.ts";
import { NO_MESSAGES } from "../../src/protocol/messages.ts";
import { utf8 } from "./arbitraries.ts";

const OPEN: AppendState = {
  contentType: "application/json",
  tail: 10,
  closed: false,
  closedBy: undefined,
  lastStreamSeq: undefined,
};
const CLOSED: AppendState = { ...OPEN, closed: true };

const TWO_MESSAGES: AppendRequest = {
  contentType: "application/json",
  hasBody: true,
  messages: { payload: utf8("1,2"), sizes: [1, 1] },
  producer: undefined,
  streamSeq: null,
  close: false,
};
/** What the edge makes of a request without a body that closes, and of one that does not. */
const CLOSE_ONLY: AppendRequest = {
  ...TWO_MESSAGES,
  contentType: null,
  hasBody: false,
  messages: NO_MESSAGES,
  close: true,
};
const NOTHING: AppendRequest = { ...CLOSE_ONLY, messages: protocolError("EMPTY_BODY", "no body"), close: false };

const refusedWith = (code: string) => ({ kind: "refused", error: { code } });

describe("append: what is accepted (section 5.2)", () => {
  test("append: JSON moves the tail by its messages", () => {
    expect(decideAppend(OPEN, undefined, TWO_MESSAGES)).toEqual({
      kind: "accept",
      messages: TWO_MESSAGES.messages,
      nextTail: 12,
      producer: undefined,
    });
  });

  test.each(["text/plain", "application/octet-stream"])("append: %s moves the tail by its bytes", (contentType) => {
    const request = { ...TWO_MESSAGES, contentType, messages: { payload: utf8("abc"), sizes: [3] } };
    expect(decideAppend({ ...OPEN, contentType }, undefined, request)).toMatchObject({ kind: "accept", nextTail: 13 });
  });

  test("append: the content type is compared without letter case and parameters", () => {
    const request = { ...TWO_MESSAGES, contentType: "Application/JSON; charset=utf-8" };
    expect(decideAppend(OPEN, undefined, request).kind).toBe("accept");
  });

  test("append: a body must come with a content type", () => {
    const request = { ...TWO_MESSAGES, contentType: null };
    expect(decideAppend(OPEN, undefined, request)).toMatchObject(refusedWith("CONTENT_TYPE_REQUIRED"));
  });

  test.each(["", "json", "application/", "text/plain; x=é"])("append: %j is no content type", (contentType) => {
    const request = { ...TWO_MESSAGES, contentType };
    expect(decideAppend(OPEN, undefined, request)).toMatchObject(refusedWith("INVALID_CONTENT_TYPE"));
  });

  test("append: no body is refused unless it closes", () => {
    expect(decideAppend(OPEN, undefined, NOTHING)).toMatchObject(refusedWith("EMPTY_BODY"));
  });

  test("append: a producer's next batch is accepted with what is to be remembered of it", () => {
    const request = { ...TWO_MESSAGES, producer: { id: "p", epoch: 1, seq: 4 } };
    expect(decideAppend(OPEN, { epoch: 1, lastSeq: 3 }, request)).toMatchObject({
      kind: "accept",
      nextTail: 12,
      producer: { id: "p", next: { epoch: 1, lastSeq: 4 } },
    });
  });

  test("append: a producer's decisions pass through with the numbers of the request", () => {
    const decide = (epoch: number, seq: number) =>
      decideAppend(OPEN, { epoch: 1, lastSeq: 3 }, { ...TWO_MESSAGES, producer: { id: "p", epoch, seq } });
    expect(decide(1, 2)).toEqual({ kind: "duplicate", producer: { epoch: 1, lastSeq: 3 } });
    expect(decide(0, 4)).toEqual({ kind: "stale-epoch", epoch: 1 });
    expect(decide(1, 9)).toEqual({ kind: "sequence-gap", expectedSeq: 4, receivedSeq: 9 });
    expect(decide(2, 1)).toMatchObject(refusedWith("EPOCH_MUST_START_AT_ZERO"));
  });
});

describe("append: closing (sections 5.2 and 5.3)", () => {
  test("append: close-only adds nothing and leaves the tail where it is", () => {
    expect(decideAppend(OPEN, undefined, CLOSE_ONLY)).toEqual({
      kind: "accept",
      messages: NO_MESSAGES,
      nextTail: OPEN.tail,
      producer: undefined,
    });
  });

  test.each([null, "text/plain", "", "nonsense"])(
    "append: close-only does not look at the content type %j",
    (contentType) => {
      expect(decideAppend(OPEN, undefined, { ...CLOSE_ONLY, contentType }).kind).toBe("accept");
    },
  );

  test("append: close-only with a producer is deduplicated like any batch", () => {
    const producer = { id: "p", epoch: 0, seq: 1 };
    expect(decideAppend(OPEN, { epoch: 0, lastSeq: 0 }, { ...CLOSE_ONLY, producer })).toMatchObject({
      kind: "accept",
      nextTail: OPEN.tail,
      producer: { next: { epoch: 0, lastSeq: 1 } },
    });
    expect(decideAppend(OPEN, { epoch: 0, lastSeq: 1 }, { ...CLOSE_ONLY, producer })).toMatchObject({
      kind: "duplicate",
    });
  });

  test("append: a final append may close in the same step", () => {
    const request = { ...TWO_MESSAGES, close: true };
    expect(decideAppend(OPEN, undefined, request)).toMatchObject({ kind: "accept", nextTail: 12 });
  });

  test("append: closing a closed stream again is a success", () => {
    expect(decideAppend(CLOSED, undefined, CLOSE_ONLY)).toEqual({ kind: "duplicate", producer: undefined });
    expect(decideAppend(CLOSED, undefined, { ...CLOSE_ONLY, contentType: "text/plain" }).kind).toBe("duplicate");
  });

  test("append: closing a closed stream as a producer that did not close it is refused (section 5.2.1)", () => {
    for (const producer of [
      { id: "p", epoch: 0, seq: 0 },
      { id: "p", epoch: 0, seq: 1 },
    ]) {
      expect(decideAppend(CLOSED, { epoch: 0, lastSeq: 0 }, { ...CLOSE_ONLY, producer })).toEqual({ kind: "closed" });
    }
  });

  test("append: append-and-close to a closed stream is refused, since it cannot be told from another one", () => {
    expect(decideAppend(CLOSED, undefined, { ...TWO_MESSAGES, close: true })).toEqual({ kind: "closed" });
  });

  test("append: an empty body without Stream-Closed on a closed stream learns of the closure", () => {
    expect(decideAppend(CLOSED, undefined, NOTHING)).toEqual({ kind: "closed" });
  });
});

describe("append: the retry of the closing append (section 5.2.1)", () => {
  const producer = { id: "p", epoch: 1, seq: 4 };
  const remembered = { epoch: 1, lastSeq: 4 };
  const closedByProducer: AppendState = { ...CLOSED, closedBy: producer };

  test("append: the very tuple that closed the stream is a duplicate, with and without a body", () => {
    for (const request of [{ ...TWO_MESSAGES, close: true }, CLOSE_ONLY]) {
      expect(decideAppend(closedByProducer, remembered, { ...request, producer })).toEqual({
        kind: "duplicate",
        producer: remembered,
      });
    }
  });

  test.each([
    ["another id", { ...producer, id: "q" }],
    ["another epoch", { ...producer, epoch: 2 }],
    ["the seq before, though it was accepted once", { ...producer, seq: 3 }],
    ["the seq after", { ...producer, seq: 5 }],
  ])("append: %s is no retry of the closing append", (_, other) => {
    const request = { ...TWO_MESSAGES, close: true, producer: other };
    expect(decideAppend(closedByProducer, remembered, request)).toEqual({ kind: "closed" });
  });

  test("append: no producer's append is a duplicate on a stream that was closed without one", () => {
    expect(decideAppend(CLOSED, remembered, { ...TWO_MESSAGES, producer, close: true })).toEqual({ kind: "closed" });
  });
});

describe("append: Stream-Seq (section 5.2)", () => {
  const decide = (lastStreamSeq: string | undefined, streamSeq: string | null, request = TWO_MESSAGES) =>
    decideAppend({ ...OPEN, lastStreamSeq }, undefined, { ...request, streamSeq }).kind;

  test("append: the first Stream-Seq may be anything, and none is needed after one", () => {
    expect(decide(undefined, "z")).toBe("accept");
    expect(decide("z", null)).toBe("accept");
  });

  test.each([
    ["a", "b"],
    ["a", "aa"],
    ["09", "1"],
    ["10", "9"],
    ["Z", "a"],
    ["0001", "0002"],
    ["a", "~"],
    ["-", "0"],
  ])("append: after %j comes %j, bytewise", (last, next) => {
    expect(decide(last, next)).toBe("accept");
    expect(decide(next, last)).toBe("refused");
  });

  test("append: the order of Stream-Seq is the order of the bytes", () => {
    const seq = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(seq, seq, (last, next) => {
        const isLater = Buffer.compare(Buffer.from(next), Buffer.from(last)) > 0;
        expect(decide(last, next)).toBe(isLater ? "accept" : "refused");
      }),
      { numRuns: 300 },
    );
  });

  test("append: the same Stream-Seq again is a regression", () => {
    expect(decideAppend({ ...OPEN, lastStreamSeq: "b" }, undefined, { ...TWO_MESSAGES, streamSeq: "b" })).toMatchObject(
      refusedWith("STREAM_SEQ_REGRESSION"),
    );
  });

  test("append: close-only is held to Stream-Seq too", () => {
    expect(decide("b", "a", CLOSE_ONLY)).toBe("refused");
    expect(decide("b", "c", CLOSE_ONLY)).toBe("accept");
  });

  test("append: a producer's retry is a duplicate although its Stream-Seq was used before", () => {
    const request = { ...TWO_MESSAGES, streamSeq: "b", producer: { id: "p", epoch: 0, seq: 0 } };
    const state = { ...OPEN, lastStreamSeq: "b" };
    expect(decideAppend(state, { epoch: 0, lastSeq: 0 }, request).kind).toBe("duplicate");
  });
});
