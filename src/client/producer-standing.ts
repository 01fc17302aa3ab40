import { contentKind } from "../protocol/content-type.ts";
import { ConflictError } from "./errors/conflict-error.ts";
import { MalformedAnswerError } from "./errors/malformed-answer-error.ts";
import { RejectedRequestError } from "./errors/rejected-request-error.ts";
import { SequenceGapError } from "./errors/sequence-gap-error.ts";
import { StreamClosedError } from "./errors/stream-closed-error.ts";
import { appendToStream, type AppendOptions } from "./operations.ts";
import { type RetryOptions, withRetries } from "./retry.ts";
import type { Transport } from "./transport.ts";

/** What a stream remembers of a producer. */
export type ProducerStanding =
  /** The sequence number that it waits for; 0 where it has never heard of the producer, or has forgotten it. */
  | { readonly kind: "open"; readonly nextSeq: number }
  /** A closed stream does not tell. */
  | { readonly kind: "closed" };

export interface StandingRequest {
  readonly producerId: string;
  readonly contentType: string;
  /** One that an earlier append has had: a server that does not check producers refuses it all the same (section 5.2). */
  readonly staleSeq?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** No producer gets there: whatever was appended before, there is a gap to this one. */
const UNREACHABLE_SEQ = Number.MAX_SAFE_INTEGER;

/**
 * Asks by an append that has to be refused: the refusal of a gap names the sequence number that is expected
 * (section 5.2.1). The epoch is 0, which it has to be with every append of the producer.
 */
export async function producerStanding(
  transport: Transport,
  url: string,
  { producerId, contentType, staleSeq, signal }: StandingRequest,
  retry: RetryOptions,
): Promise<ProducerStanding> {
  const probe: AppendOptions = {
    contentType,
    body: Buffer.from(contentKind(contentType) === "json" ? "[0]" : "0"),
    producer: { id: producerId, epoch: 0, seq: UNREACHABLE_SEQ },
    streamSeq: staleSeq,
    signal,
  };
  try {
    await withRetries(() => appendToStream(transport, url, probe), { ...retry, signal });
  } catch (error) {
    if (error instanceof StreamClosedError) return { kind: "closed" };
    if (error instanceof SequenceGapError && error.expectedSeq !== undefined) {
      return { kind: "open", nextSeq: error.expectedSeq };
    }
    if (error instanceof ConflictError && staleSeq !== undefined) {
      throw noSequenceCheck(url, "looked at the Stream-Seq of an append whose producer's number leaves a gap");
    }
    throw error;
  }
  throw noSequenceCheck(url, "took an append whose sequence number leaves a gap");
}

/**
 * Whether the server surely looks at producers, asked by an append that no server may take: its content type is another one
 * (409, section 5.2), and its producer's number is none (400, section 5.2.1). What is wrong with a request by itself is told
 * before what is wrong with it for the stream, by whoever looks at it at all. A server may do it the other way around, so
 * `false` proves nothing.
 */
export async function checksProducers(
  transport: Transport,
  url: string,
  { producerId, contentType, signal }: StandingRequest,
  retry: RetryOptions,
): Promise<boolean> {
  const probe: AppendOptions = {
    contentType: contentKind(contentType) === "json" ? "text/plain" : "application/json",
    body: Buffer.from("0"),
    producer: { id: producerId, epoch: 0, seq: -1 },
    signal,
  };
  try {
    await withRetries(() => appendToStream(transport, url, probe), { ...retry, signal });
  } catch (error) {
    if (error instanceof RejectedRequestError && error.status === 400) return true;
    if (error instanceof ConflictError || error instanceof StreamClosedError) return false;
    throw error;
  }
  throw noSequenceCheck(url, "took an append whose sequence number is -1");
}

/** Nothing can be copied to such a server so that every message is there once. */
export function noSequenceCheck(url: string, what: string): MalformedAnswerError {
  return new MalformedAnswerError({
    url,
    code: "NO_SEQUENCE_CHECK",
    message: `${url} ${what}: its server does not check producers, and nothing can be copied to it exactly once.`,
  });
}
