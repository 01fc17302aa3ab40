import { expect, test } from "vitest";
import { decideAppend, type AppendDecision, type AppendRequest, type AppendState } from "../../src/protocol/append.ts";
import { protocolError } from "../../src/protocol/errors.ts";
import type { ProducerState, ProducerTuple } from "../../src/protocol/producer.ts";
import { utf8 } from "./arbitraries.ts";

/**
 * Every combination of what can be wrong with an append that has a body, and the one answer it must get: the closure
 * first, then the content type, the body, the producer, and Stream-Seq last (section 5.2, error precedence).
 */

const REMEMBERED: ProducerState = { epoch: 1, lastSeq: 4 };
const CLOSING: ProducerTuple = { id: "p", epoch: 1, seq: 4 };

const STREAMS = {
  open: { closed: false, closedBy: undefined },
  "closed by this producer": { closed: true, closedBy: CLOSING },
  "closed by nobody in particular": { closed: true, closedBy: undefined },
} as const;

const CONTENT_TYPES = {
  "the stream's type": "application/json",
  "another type": "text/plain",
  "no type": null,
  "nothing like a type": "json",
} as const;

const BODIES = {
  messages: { payload: utf8("1"), sizes: [1] },
  "invalid JSON": protocolError("INVALID_JSON", "not JSON"),
  "an empty array": protocolError("EMPTY_ARRAY", "no elements"),
} as const;

const PRODUCERS = {
  "no producer": undefined,
  "its next batch": { id: "p", epoch: 1, seq: 5 },
  "its last batch again": CLOSING,
  "a stale epoch": { id: "p", epoch: 0, seq: 5 },
  "a gap": { id: "p", epoch: 1, seq: 9 },
  "a new epoch at seq 1": { id: "p", epoch: 2, seq: 1 },
} as const;

const STREAM_SEQS = { "no Stream-Seq": null, "a later Stream-Seq": "n", "an old Stream-Seq": "a" } as const;

interface Combination {
  readonly stream: keyof typeof STREAMS;
  readonly type: keyof typeof CONTENT_TYPES;
  readonly body: keyof typeof BODIES;
  readonly producer: keyof typeof PRODUCERS;
  readonly seq: keyof typeof STREAM_SEQS;
  readonly close: boolean;
}

function keysOf<T extends object>(table: T): (keyof T)[] {
  return Object.keys(table) as (keyof T)[];
}

const COMBINATIONS: readonly Combination[] = keysOf(STREAMS).flatMap((stream) =>
  keysOf(CONTENT_TYPES).flatMap((type) =>
    keysOf(BODIES).flatMap((body) =>
      keysOf(PRODUCERS).flatMap((producer) =>
        keysOf(STREAM_SEQS).flatMap((seq) =>
          [false, true].map((close) => ({ stream, type, body, producer, seq, close })),
        ),
      ),
    ),
  ),
);

/** The answer that the specification asks for, read off the combination from the first rule to the last. */
function expectedAnswer({ stream, type, body, producer, seq }: Combination): string {
  if (stream === "closed by this producer" && producer === "its last batch again") return "duplicate";
  if (stream !== "open") return "closed";
  if (type === "no type") return "CONTENT_TYPE_REQUIRED";
  if (type === "nothing like a type") return "INVALID_CONTENT_TYPE";
  if (type === "another type") return "CONTENT_TYPE_MISMATCH";
  if (body === "invalid JSON") return "INVALID_JSON";
  if (body === "an empty array") return "EMPTY_ARRAY";
  if (producer === "a stale epoch") return "stale-epoch";
  if (producer === "a gap") return "sequence-gap";
  if (producer === "a new epoch at seq 1") return "EPOCH_MUST_START_AT_ZERO";
  if (producer === "its last batch again") return "duplicate";
  if (seq === "an old Stream-Seq") return "STREAM_SEQ_REGRESSION";
  return "accept";
}

function answerTo({ stream, type, body, producer, seq, close }: Combination): string {
  const state: AppendState = { contentType: "application/json", tail: 7, lastStreamSeq: "m", ...STREAMS[stream] };
  const request: AppendRequest = {
    contentType: CONTENT_TYPES[type],
    hasBody: true,
    messages: BODIES[body],
    producer: PRODUCERS[producer],
    streamSeq: STREAM_SEQS[seq],
    close,
  };
  const remembered = request.producer === undefined ? undefined : REMEMBERED;
  return summary(decideAppend(state, remembered, request));
}

function summary(decision: AppendDecision): string {
  return decision.kind === "refused" ? decision.error.code : decision.kind;
}

const describeOne = ({ stream, type, body, producer, seq, close }: Combination) =>
  [stream, type, body, producer, seq, close ? "closing" : "not closing"].join(" + ");

test("append: the table holds every combination", () => {
  expect(new Set(COMBINATIONS.map(describeOne)).size).toBe(3 * 4 * 3 * 6 * 3 * 2);
});

test("append: of everything that is wrong with a request, the first in the order of precedence is answered", () => {
  const wrong = COMBINATIONS.filter((one) => answerTo(one) !== expectedAnswer(one)).map(
    (one) => `${describeOne(one)}: ${answerTo(one)} instead of ${expectedAnswer(one)}`,
  );
  expect(wrong).toEqual([]);
});
