import { contentKind } from "../protocol/content-type.ts";
import { MalformedAnswerError } from "./errors/malformed-answer-error.ts";
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
  { producerId, contentType, signal }: StandingRequest,
  retry: RetryOptions,
): Promise<ProducerStanding> {
  const probe: AppendOptions = {
    contentType,
    body: Buffer.from(contentKind(contentType) === "json" ? "[0]" : "0"),
    producer: { id: producerId, epoch: 0, seq: UNREACHABLE_SEQ },
    signal,
  };
  try {
    await withRetries(() => appendToStream(transport, url, probe), { ...retry, signal });
  } catch (error) {
    if (error instanceof StreamClosedError) return { kind: "closed" };
    if (error instanceof SequenceGapError && error.expectedSeq !== undefined) {
      return { kind: "open", nextSeq: error.expectedSeq };
    }
    throw error;
  }
  throw new MalformedAnswerError({
    url,
    code: "NO_SEQUENCE_CHECK",
    message: `${url} took an append whose sequence number leaves a gap: its server does not check producers, and nothing can be copied to it exactly once.`,
  });
}
