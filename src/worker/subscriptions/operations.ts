import type { ProtocolError } from "../../protocol/errors.ts";
import type { Position } from "../../protocol/offset.ts";
import type { SubscriptionConfig } from "../../protocol/subscription/config.ts";

/**
 * What the edge, streams and a subscription's object say to each other. During a deploy old and new code talk to each
 * other: fields are only ever added.
 */

/** Whose object it is: an object does not always know its own name. */
export interface SubscriptionName {
  readonly project: string;
  readonly id: string;
}

export interface CreateSubscription extends SubscriptionName {
  readonly config: SubscriptionConfig;
  /** Of the normal form of the configuration; equal hashes mean equal configurations. */
  readonly configHash: string;
  /** Where the project's streams are for clients, without a slash at the end: `https://host/v1/{project}/stream`. */
  readonly root: string;
}

export type LinkType = "glob" | "explicit";

/** A stream that a subscription is linked to. */
export interface LinkedStream {
  readonly path: string;
  /** `explicit` also where the pattern matches as well (section 6.1). */
  readonly linkType: LinkType;
  readonly acked: Position;
  /** As far as the subscription was told. */
  readonly tail: Position;
}

/** The first stream that the pattern matched and that could not be linked: the subscription had as many links as may be. */
export interface RefusedLink {
  readonly path: string;
  readonly atMs: number;
}

export interface DescribedSubscription {
  readonly id: string;
  readonly config: SubscriptionConfig;
  readonly createdAtMs: number;
  readonly status: "active" | "failed";
  /** What the last failed delivery came to, in one sentence; `undefined` while all is well. */
  readonly failure: string | undefined;
  readonly nextAttemptAtMs: number | undefined;
  readonly generation: number;
  /** The worker that holds the lease of a pull-wake. */
  readonly holder: string | undefined;
  readonly root: string;
  /** The first stream that the pattern matches and that is not linked: there were as many links as may be. */
  readonly refusedLink?: RefusedLink | undefined;
  /** In the order of their paths, at most as many as were asked for. */
  readonly streams: readonly LinkedStream[];
  /** Whether there are more after the last one. */
  readonly more: boolean;
}

/** There is no subscription of that id. */
export interface NoSubscription {
  readonly kind: "absent";
}

/** Whatever else is wrong, as an error to be answered as it is. */
export interface Refused {
  readonly kind: "refused";
  readonly error: ProtocolError;
  /** Of `ALREADY_CLAIMED` (section 7.2). */
  readonly currentHolder?: string;
  readonly generation?: number;
}

export type CreateSubscriptionOutcome =
  { readonly kind: "created" | "confirmed"; readonly subscription: DescribedSubscription } | Refused;

export type DescribeOutcome = { readonly kind: "found"; readonly subscription: DescribedSubscription } | NoSubscription;

export type DeleteSubscriptionOutcome = { readonly kind: "deleted" } | NoSubscription;

export type MembershipOutcome = { readonly kind: "done" } | NoSubscription | Refused;

/** What is asked with a claim's or a wake's token: section 7.1 for callbacks, 7.2 for acks and releases. */
export interface WakeRequest extends SubscriptionName {
  /** The bearer token, unverified. */
  readonly token: string;
  readonly wakeId: string;
  readonly generation: number;
}

export interface AckRequest extends WakeRequest {
  readonly acks: readonly { readonly path: string; readonly offset: Position }[];
  readonly done: boolean;
}

export type AckOutcome = { readonly kind: "acked"; readonly nextWake: boolean } | NoSubscription | Refused;

export type ReleaseOutcome = { readonly kind: "released" } | NoSubscription | Refused;

export interface ClaimRequest extends SubscriptionName {
  readonly worker: string;
}

export type ClaimOutcome =
  | {
      readonly kind: "claimed";
      readonly wakeId: string;
      readonly generation: number;
      readonly token: string;
      readonly streams: readonly LinkedStream[];
      readonly leaseTtlMs: number;
    }
  | NoSubscription
  | Refused;

/** What a stream tells a subscription that it is linked to. */
export interface Notice extends SubscriptionName {
  /** Of the subscription, as the stream knows it. */
  readonly subscription: string;
  readonly path: string;
  /** Of the stream. */
  readonly incarnation: string;
  readonly kind: "appended" | "ended";
  /** Where the link begins: what was before it is not the subscription's business. */
  readonly linkedFrom: Position;
  readonly tail: Position;
  /** By the stream's clock, in Unix milliseconds. */
  readonly sentAtMs?: number;
}

/** `unlinked`: the stream is not linked, or the subscription is gone; the stream forgets it. */
export type NoticeOutcome = "noted" | "unlinked";
