import type { Expiry } from "../../protocol/expiry.ts";
import type { ProtocolError } from "../../protocol/errors.ts";
import type { SubscriptionType } from "../../protocol/subscription/config.ts";

/**
 * What others and a project's directory say to each other. During a deploy old and new code talk to each other: fields are
 * only ever added.
 */

/** What the directory keeps of a stream. Nothing in it changes while the stream lives: an append never comes here. */
export interface Registration {
  /** The stream's name within its project. */
  readonly path: string;
  readonly incarnation: string;
  readonly contentType: string;
  readonly public: boolean;
  readonly createdAtMs: number;
  readonly expiry: Expiry;
}

/** A stream of a path, and no other that may have the path later. */
export type StreamRef = Pick<Registration, "path" | "incarnation">;

/** A subscription as streams know it: its id may be used again after a deletion, its incarnation is not. */
export interface SubscriptionRef {
  readonly id: string;
  readonly incarnation: string;
}

/** What a new stream is held to. A stream that is there already is registered whatever holds. */
export interface RegistrationLimits {
  /** Most streams of the project; `undefined` for any number. */
  readonly streamsMax: number | undefined;
}

export interface RegisterOutcome {
  /** The subscriptions that a stream which was registered is to be linked to, by pattern or by its name. */
  readonly links: readonly SubscriptionRef[];
  /** Why the stream was not registered. */
  readonly refused?: ProtocolError;
}

export interface StreamPage {
  readonly streams: readonly Registration[];
  /** Whether there are more after the last one. */
  readonly more: boolean;
}

/** What the directory keeps of a subscription: enough to link later streams, and to list it. */
export interface ListedSubscription extends SubscriptionRef {
  readonly type: SubscriptionType;
  readonly pattern: string | undefined;
  /** Where a pull-wake's events go: no pattern links that stream. */
  readonly wakeStream: string | undefined;
  readonly createdAtMs: number;
}

export interface SubscriptionPage {
  readonly subscriptions: readonly ListedSubscription[];
  readonly more: boolean;
}

/** `outdated`: a later subscription has the id. */
export type PutSubscriptionOutcome =
  { readonly kind: "done" | "outdated" } | { readonly kind: "refused"; readonly error: ProtocolError };

/** What became of a path that a subscription names no more. */
export interface RemovedExplicit {
  /** Whether the events of some pull-wake go there: then no pattern links it. */
  readonly isWakeStream: boolean;
}

/** A key that webhooks are signed with (Ed25519), its private half included; never leaves the Worker. */
export interface WebhookSigningKey {
  /** `ds_` and the key's thumbprint (RFC 7638). */
  readonly kid: string;
  /** Public coordinate and private key, base64url, as in RFC 8037. */
  readonly x: string;
  readonly d: string;
  /** Until then this key may be used without asking again, in Unix milliseconds. */
  readonly freshUntilMs: number;
}

/** A public key as `jwks.json` shows it. */
export interface WebhookPublicKey {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly kid: string;
  readonly use: "sig";
  readonly alg: "EdDSA";
}
