import { contentKind, contentTypeInvalid, isContentType, sameContentType } from "./content-type.ts";
import { protocolError, quote, type ProtocolError } from "./errors.ts";
import { positionCount, type MessageBatch } from "./messages.ts";
import type { Position } from "./offset.ts";
import { decideProducer, type ProducerState, type ProducerTuple } from "./producer.ts";

/** What an append asks for, already parsed (section 5.2). */
export interface AppendRequest {
  /** `null` when the header was absent, which only a request without a body may do. */
  readonly contentType: string | null;
  /** Whether the request had a body at all: without one its content type means nothing (section 5.2). */
  readonly hasBody: boolean;
  /** The messages, or what is wrong with the body; a body is judged only after the stream itself has been. */
  readonly messages: MessageBatch | ProtocolError;
  readonly producer: ProducerTuple | undefined;
  readonly streamSeq: string | null;
  readonly close: boolean;
}

/** What a decision about an append needs to know of the stream. */
export interface AppendState {
  readonly contentType: string;
  readonly tail: Position;
  readonly closed: boolean;
  /** The request that closed the stream, when a producer did: repeating exactly that one is a duplicate. */
  readonly closedBy: ProducerTuple | undefined;
  readonly lastStreamSeq: string | undefined;
}

/** What the stream becomes when an accepted append is committed. */
interface AcceptedAppend {
  readonly kind: "accept";
  readonly messages: MessageBatch;
  readonly nextTail: Position;
  readonly producer: { readonly id: string; readonly next: ProducerState } | undefined;
}

export type AppendDecision =
  | AcceptedAppend
  | { readonly kind: "duplicate"; readonly producer: ProducerState | undefined }
  | { readonly kind: "closed" }
  | { readonly kind: "stale-epoch"; readonly epoch: number }
  | { readonly kind: "sequence-gap"; readonly expectedSeq: number; readonly receivedSeq: number }
  | { readonly kind: "refused"; readonly error: ProtocolError };

/**
 * Decides an append (sections 5.2 and 5.2.1). First come the checks that the stream's own state answers, so that a
 * writer to a closed stream learns of the closure whatever else is wrong with its request; a producer's retry is
 * recognised before its `Stream-Seq` is compared, since it repeats a number that was accepted the first time.
 *
 * @param producerState what is remembered of the request's producer; `undefined` when it has none or is new.
 */
export function decideAppend(
  state: AppendState,
  producerState: ProducerState | undefined,
  request: AppendRequest,
): AppendDecision {
  if (state.closed) return decideOnClosed(state, producerState, request);
  if (request.hasBody) {
    const error = contentTypeError(state, request.contentType);
    if (error !== undefined) return { kind: "refused", error };
  }
  if ("code" in request.messages) return { kind: "refused", error: request.messages };

  let producer: AcceptedAppend["producer"];
  if (request.producer !== undefined) {
    const decision = decideProducer(producerState, request.producer);
    switch (decision.kind) {
      case "accept":
        producer = { id: request.producer.id, next: decision.next };
        break;
      case "duplicate":
        return { kind: "duplicate", producer: decision.state };
      case "stale-epoch":
        return decision;
      case "sequence-gap":
        return { kind: "sequence-gap", expectedSeq: decision.expectedSeq, receivedSeq: request.producer.seq };
      case "epoch-must-start-at-zero":
        return {
          kind: "refused",
          error: protocolError(
            "EPOCH_MUST_START_AT_ZERO",
            `Producer-Epoch ${String(request.producer.epoch)} is new, so Producer-Seq must be 0, not ${String(request.producer.seq)}.`,
          ),
        };
    }
  }
  const seqError = streamSeqError(state.lastStreamSeq, request.streamSeq);
  if (seqError !== undefined) return { kind: "refused", error: seqError };
  const nextTail = state.tail + positionCount(contentKind(state.contentType), request.messages);
  return { kind: "accept", messages: request.messages, nextTail, producer };
}

/** A closed stream takes nothing more; closing it again is a success, and so is the retry of the closing append. */
function decideOnClosed(
  state: AppendState,
  producerState: ProducerState | undefined,
  request: AppendRequest,
): AppendDecision {
  const { producer } = request;
  const isClosingRetry =
    producer !== undefined &&
    state.closedBy?.id === producer.id &&
    state.closedBy.epoch === producer.epoch &&
    state.closedBy.seq === producer.seq;
  if (isClosingRetry) return { kind: "duplicate", producer: producerState };
  const isPlainClose = request.close && !request.hasBody && producer === undefined;
  return isPlainClose ? { kind: "duplicate", producer: undefined } : { kind: "closed" };
}

function contentTypeError(state: AppendState, contentType: string | null): ProtocolError | undefined {
  if (contentType === null) {
    return protocolError("CONTENT_TYPE_REQUIRED", `An append needs the header Content-Type: ${state.contentType}.`);
  }
  if (!isContentType(contentType)) return contentTypeInvalid(contentType);
  if (sameContentType(contentType, state.contentType)) return undefined;
  return protocolError(
    "CONTENT_TYPE_MISMATCH",
    `The stream holds ${quote(state.contentType)} and the append is ${quote(contentType)}; send it with the stream's own Content-Type.`,
  );
}

/**
 * `Stream-Seq` is scoped to the stream, whoever writes to it, and compared by its bytes (section 5.2), which for the
 * ASCII that it is made of is how strings compare.
 */
function streamSeqError(last: string | undefined, streamSeq: string | null): ProtocolError | undefined {
  if (streamSeq === null || last === undefined || last < streamSeq) return undefined;
  return protocolError(
    "STREAM_SEQ_REGRESSION",
    `Stream-Seq ${quote(streamSeq)} does not come after ${quote(last)}, the last one accepted; values must increase bytewise.`,
  );
}
