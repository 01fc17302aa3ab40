import type { AppendRequest } from "../../protocol/append.ts";
import type { StreamConfig, WantedConfig } from "../../protocol/create.ts";
import type { InheritedStretch } from "../../protocol/fork.ts";
import type { ProtocolError } from "../../protocol/errors.ts";
import type { MessageBatch } from "../../protocol/messages.ts";
import type { OffsetQuery, Position } from "../../protocol/offset.ts";
import type { ChunkLimits } from "../storage/chunk.ts";
import type { ProducerState } from "../../protocol/producer.ts";

/**
 * What the edge and a stream's object say to each other. Requests are parsed before they get here, and outcomes are
 * turned into HTTP after they leave. During a deploy old and new code talk to each other: fields are only ever added.
 */

export interface CreateRequest extends WantedConfig {
  /** `project/path`. */
  readonly name: string;
  readonly messages: MessageBatch;
  /** The body of a fork that takes its source's content type: only with that can it be divided into messages. */
  readonly unparsedBody?: Uint8Array;
  /** Whether the source may be forked only if it is public: whoever asks may read nothing else there. */
  readonly publicSourceOnly?: boolean;
  /** Most streams of the project; one that would be one more is refused. */
  readonly streamsMax?: number;
}

export type CreateOutcome =
  | {
      readonly kind: "created" | "exists";
      readonly contentType: string;
      readonly next: Position;
      readonly closed: boolean;
    }
  | { readonly kind: "refused"; readonly error: ProtocolError };

export type { AppendRequest };

export type AppendOutcome =
  | {
      readonly kind: "appended" | "duplicate";
      readonly next: Position;
      readonly closed: boolean;
      /** Whether messages were added: an append that only closes has none. */
      readonly hasMessages: boolean;
      readonly producer: ProducerState | undefined;
    }
  | Absence
  | { readonly kind: "closed"; readonly next: Position }
  | { readonly kind: "stale-epoch"; readonly epoch: number }
  | { readonly kind: "sequence-gap"; readonly expectedSeq: number; readonly receivedSeq: number }
  | { readonly kind: "refused"; readonly error: ProtocolError };

export type HeadOutcome =
  (StreamConfig & { readonly kind: "found"; readonly next: Position; readonly closed: boolean }) | Absence;

export type DeleteOutcome = { readonly kind: "deleted" } | Absence;

/** That there is no stream: none at all, or one that ended and is there for its forks alone (section 4.2). */
export interface Absence {
  readonly kind: "not-found" | "gone";
}

export interface ReadRequest {
  readonly from: OffsetQuery;
  readonly limits: ChunkLimits;
  /** What a reader does at the tail: take the answer as it is, or wait for more on a WebSocket. */
  readonly wait: "no" | "long-poll" | "sse";
  /** Set for a reader that may read only what everybody may: of other streams it gets `not-public`. */
  readonly publicOnly?: boolean;
  /** Most readers that may wait at once; a reader that would be one more is refused. */
  readonly readersMax?: number;
}

/** The facts about a read; the payload itself is the body of the answer. */
export type ReadOutcome =
  | {
      readonly kind: "messages" | "attached";
      readonly incarnation: string;
      readonly contentType: string;
      readonly public: boolean;
      readonly start: Position;
      readonly next: Position;
      readonly upToDate: boolean;
      readonly closed: boolean;
      /** Time until the stream ends by itself, in milliseconds; absent for never. */
      readonly remainingMs?: number;
      /** Bytes of the messages. */
      readonly bytes?: number;
    }
  | InheritedOutcome
  | Absence
  /** Asked for a public stream only, and there is none. */
  | { readonly kind: "not-public" }
  | { readonly kind: "refused"; readonly error: ProtocolError; readonly public?: boolean };

/** A read that begins in what a fork inherits: where it lies, and what the fork is like at the moment. */
export interface InheritedOutcome {
  readonly kind: "inherited";
  readonly incarnation: string;
  readonly contentType: string;
  readonly public: boolean;
  readonly start: Position;
  /** What follows `start`, up to as many streams as one answer is put together from. */
  readonly stretches: readonly InheritedStretch[];
  readonly tail: Position;
  readonly closed: boolean;
  readonly remainingMs?: number;
}

/** What is asked of a stream that holds what a fork inherits. */
export interface InheritedRead {
  readonly incarnation: string;
  readonly from: Position;
  readonly until: Position;
  readonly limits: ChunkLimits;
}

/** Where a stream ends that a subscription is linked to, or that is asked for its position. */
export type LinkOutcome =
  | {
      readonly kind: "linked";
      readonly incarnation: string;
      readonly tail: Position;
      /** Where the link begins: the tail of a link that was just made, less where it was there before. Only of `link()`. */
      readonly linkedFrom?: Position;
    }
  /** As many subscriptions as may be are linked already. Only of `link()`. */
  | { readonly kind: "full" }
  | Absence;

/** What a list tells of a stream, beyond what the directory knows. */
export interface StreamSummary extends StreamConfig {
  readonly incarnation: string;
  readonly createdAtMs: number;
  readonly tail: Position;
  readonly closed: boolean;
  /** When the stream ends by itself as things stand; absent for never. */
  readonly endsAtMs?: number;
}
