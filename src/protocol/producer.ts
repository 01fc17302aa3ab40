import { protocolError, quote } from "./errors.ts";
import { isPlainHeaderValue, PRODUCER_EPOCH, PRODUCER_ID, PRODUCER_SEQ } from "./headers.ts";
import { HEADER_VALUE_MAX_BYTES } from "./limits.ts";
import { failed, parsed, type Parsed } from "./result.ts";

/** The identity that an idempotent producer's request carries (section 5.2.1). */
export interface ProducerTuple {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
}

/** What the stream remembers of a producer: its epoch and the highest sequence number accepted in it. */
export interface ProducerState {
  readonly epoch: number;
  readonly lastSeq: number;
}

export type ProducerDecision =
  | { readonly kind: "accept"; readonly next: ProducerState }
  | { readonly kind: "duplicate"; readonly state: ProducerState }
  | { readonly kind: "stale-epoch"; readonly epoch: number }
  | { readonly kind: "epoch-must-start-at-zero" }
  | { readonly kind: "sequence-gap"; readonly expectedSeq: number };

/** The validation logic of section 5.2.1. A producer never seen before is one that waits for sequence number 0. */
export function decideProducer(state: ProducerState | undefined, request: ProducerTuple): ProducerDecision {
  const next = { epoch: request.epoch, lastSeq: request.seq };
  if (state === undefined) {
    return request.seq === 0 ? { kind: "accept", next } : { kind: "sequence-gap", expectedSeq: 0 };
  }
  if (request.epoch < state.epoch) return { kind: "stale-epoch", epoch: state.epoch };
  if (request.epoch > state.epoch) {
    return request.seq === 0 ? { kind: "accept", next } : { kind: "epoch-must-start-at-zero" };
  }
  if (request.seq <= state.lastSeq) return { kind: "duplicate", state };
  if (request.seq === state.lastSeq + 1) return { kind: "accept", next };
  return { kind: "sequence-gap", expectedSeq: state.lastSeq + 1 };
}

const WHOLE_NUMBER = /^(0|[1-9]\d*)$/;

/** Reads the three producer headers, which come together or not at all; `null` stands for a header that is absent. */
export function parseProducer(
  id: string | null,
  epoch: string | null,
  seq: string | null,
): Parsed<ProducerTuple | undefined> {
  if (id === null && epoch === null && seq === null) return parsed(undefined);
  if (id === null || epoch === null || seq === null) {
    const missing = id === null ? PRODUCER_ID : epoch === null ? PRODUCER_EPOCH : PRODUCER_SEQ;
    return invalid(
      `${missing} is missing; send ${PRODUCER_ID}, ${PRODUCER_EPOCH} and ${PRODUCER_SEQ} together or none of them.`,
    );
  }
  if (id === "")
    return invalid(`${PRODUCER_ID} is empty; give the producer a name that stays the same when it restarts.`);
  if (id.length > HEADER_VALUE_MAX_BYTES) {
    return failed(
      protocolError(
        "HEADER_TOO_LONG",
        `${PRODUCER_ID} is longer than ${String(HEADER_VALUE_MAX_BYTES)} bytes; choose a shorter name.`,
      ),
    );
  }
  if (!isPlainHeaderValue(id)) {
    return invalid(`${PRODUCER_ID} is ${quote(id)}; it may hold letters, digits and signs of ASCII only.`);
  }
  const epochNumber = wholeNumber(epoch);
  if (epochNumber === undefined) return notWhole(PRODUCER_EPOCH, epoch);
  const seqNumber = wholeNumber(seq);
  if (seqNumber === undefined) return notWhole(PRODUCER_SEQ, seq);
  return parsed({ id, epoch: epochNumber, seq: seqNumber });
}

function wholeNumber(text: string): number | undefined {
  const value = Number(text);
  return WHOLE_NUMBER.test(text) && Number.isSafeInteger(value) ? value : undefined;
}

function notWhole(header: string, value: string): Parsed<never> {
  return invalid(`${header} is ${quote(value)}; it must be a whole number from 0 to 2^53-1 in plain decimal digits.`);
}

function invalid(message: string): Parsed<never> {
  return failed(protocolError("INVALID_PRODUCER", message));
}
