import type { AppendRequest } from "../../protocol/append.ts";
import type { StreamConfig } from "../../protocol/create.ts";
import type { ProtocolError } from "../../protocol/errors.ts";
import type { MessageBatch } from "../../protocol/messages.ts";
import type { OffsetQuery, Position } from "../../protocol/offset.ts";
import type { ProducerState } from "../../protocol/producer.ts";

/**
 * What the edge and a stream's object say to each other. Requests are parsed before they get here, and outcomes are
 * turned into HTTP after they leave. During a deploy old and new code talk to each other: fields are only ever added.
 */

export interface CreateRequest extends Omit<StreamConfig, "public"> {
  /** `project/path`. */
  readonly name: string;
  /** `undefined` when the request does not say: a new stream is private then, and one that exists is taken as it is. */
  readonly public: boolean | undefined;
  readonly closed: boolean;
  readonly messages: MessageBatch;
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
  | { readonly kind: "not-found" }
  | { readonly kind: "closed"; readonly next: Position }
  | { readonly kind: "stale-epoch"; readonly epoch: number }
  | { readonly kind: "sequence-gap"; readonly expectedSeq: number; readonly receivedSeq: number }
  | { readonly kind: "refused"; readonly error: ProtocolError };

export type HeadOutcome =
  | (StreamConfig & { readonly kind: "found"; readonly next: Position; readonly closed: boolean })
  | { readonly kind: "not-found" };

export interface DeleteOutcome {
  readonly kind: "deleted" | "not-found";
}

export interface ReadRequest {
  readonly from: OffsetQuery;
  readonly maxBytes: number;
  /** What a reader does at the tail: take the answer as it is, or wait for more on a WebSocket. */
  readonly wait: "no" | "long-poll" | "sse";
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
    }
  | { readonly kind: "not-found" }
  | { readonly kind: "refused"; readonly error: ProtocolError };
