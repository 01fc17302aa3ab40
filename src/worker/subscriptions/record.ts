import type { Position } from "../../protocol/offset.ts";
import type { SubscriptionConfig } from "../../protocol/subscription/config.ts";
import type { WakeState } from "../../protocol/subscription/wake.ts";
import type { SubscriptionName } from "./operations.ts";

/** What a subscription is. Fields are only ever added, and get a default where an older record lacks them. */
export interface StoredRecord extends SubscriptionName {
  readonly format: number;
  /** Random: streams and the directory tell by it one subscription from a later one of its id. */
  readonly incarnation: string;
  readonly config: SubscriptionConfig;
  readonly configHash: string;
  readonly root: string;
  /** What the tokens of its wakes are signed with: 256 random bits, as hexadecimal digits. */
  readonly secret: string;
  readonly createdAtMs: number;
  /** How far it is linked to the streams that its pattern matches; absent once it is linked to all. */
  readonly making?: Making;
}

interface Making {
  /** The last path that was looked at. */
  readonly after: string;
  /** How often, in a row, it could not go on. */
  readonly failures: number;
  readonly dueAtMs: number;
}

export const RECORD_FORMAT = 1;

/** A stream as a webhook is told of it. */
export interface SnapshotStream {
  readonly path: string;
  readonly incarnation: string | null;
  readonly kind: number;
  readonly acked: Position;
  readonly tail: Position;
}

/** The wake, with what the delivery under way tells of: an answer that all is done means just that. */
export interface StoredWake {
  readonly state: WakeState;
  readonly snapshot: readonly SnapshotStream[];
  /** Whether the streams were asked for news since this wake ended, and had none. */
  readonly hadNoNews?: boolean;
  /** Paths whose stream ended, or was linked no more, in the time of this wake, which may have told of it. */
  readonly ended?: readonly string[];
}

/** A linked stream, as it is stored. */
export interface LinkRow extends SnapshotStream {
  /** The last generation that may have been told of another stream of this path: its acks are not about this one. */
  readonly begun: number;
}

/** A subscription that ended, and that the directory has to forget. */
export interface Farewell extends SubscriptionName {
  readonly incarnation: string;
  readonly dueAtMs: number;
  readonly failures: number;
}
