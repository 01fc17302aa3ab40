import type { SubscriptionType } from "../protocol/subscription/config.ts";
import { isCount, isFlag, isText, isWord, listOf, nullable, objectOf, optional } from "./answer-shape.ts";

/** What a subscription is to be (section 6.2). Paths are relative to the root of the project's streams. */
export interface SubscriptionRequest {
  readonly type: SubscriptionType;
  readonly pattern?: string | undefined;
  readonly streams?: readonly string[] | undefined;
  /** Of a webhook. */
  readonly webhookUrl?: string | undefined;
  /** Of a pull-wake. */
  readonly wakeStream?: string | undefined;
  readonly leaseTtlMs?: number | undefined;
  readonly description?: string | undefined;
}

/** How far a subscription is in a stream. */
export interface SubscriptionLink {
  readonly path: string;
  readonly linkType: string;
  /** Reading goes on from here: what is before it has been processed. */
  readonly ackedOffset: string;
  /** Is there anything after it? Not every server says so. */
  readonly hasPending?: boolean | undefined;
}

/** A subscription as the server shows it. */
export interface Subscription {
  readonly id: string;
  readonly type: string;
  readonly pattern: string | undefined;
  readonly streams: readonly SubscriptionLink[];
  readonly webhook: WebhookFacts | undefined;
  readonly wakeStream: string | undefined;
  readonly leaseTtlMs: number;
  readonly createdAt: string | undefined;
  readonly status: string | undefined;
  /** Why the last delivery of a webhook failed, in a sentence, and when the next is tried, in RFC 3339. */
  readonly failure: string | undefined;
  readonly nextAttemptAt: string | undefined;
  /** Streams that the pattern matches are not linked: the subscription has as many links as may be. */
  readonly linksRefused?: RefusedLinks | undefined;
  readonly description: string | undefined;
}

/** Since when, in RFC 3339, and the first of them. */
interface RefusedLinks {
  readonly since: string;
  readonly first: string;
}

/** Where wakes are sent, and with which key they are signed. */
interface WebhookFacts {
  readonly url: string;
  readonly signing: { readonly alg: string; readonly kid: string; readonly jwksUrl: string } | undefined;
}

/** A subscription in the list of all. */
export interface ListedSubscription {
  readonly id: string;
  readonly type: string;
  readonly pattern: string | undefined;
  readonly createdAt: string | undefined;
}

/** A linked stream as a wake, or a claim, shows it. */
export interface WokenStream extends SubscriptionLink {
  readonly tailOffset: string;
  readonly hasPending: boolean;
}

/** The lease of a pull-wake (section 7.2). */
export interface Claim {
  readonly wakeId: string;
  readonly generation: number;
  /** For acks and releases of this wake, and nothing else. */
  readonly token: string;
  readonly streams: readonly WokenStream[];
  readonly leaseTtlMs: number;
}

interface LinkEntry {
  readonly path: string;
  readonly link_type: string;
  readonly acked_offset: string;
  readonly has_pending?: boolean;
}

export interface SubscriptionEntry {
  readonly id: string;
  readonly type: string;
  readonly pattern?: string | null;
  readonly streams: readonly LinkEntry[];
  readonly webhook?: {
    readonly url: string;
    readonly signing?: { readonly alg: string; readonly kid: string; readonly jwks_url: string };
  } | null;
  readonly wake_stream?: string | null;
  readonly lease_ttl_ms: number;
  readonly created_at?: string;
  readonly status?: string;
  readonly failure?: string | null;
  readonly next_attempt_at?: string | null;
  readonly links_refused?: RefusedLinks | null;
  readonly description?: string | null;
  /** Where the list of streams goes on; other servers give it whole. */
  readonly next_cursor?: string | null;
}

interface ListedEntry {
  readonly id: string;
  readonly type: string;
  readonly pattern?: string | null;
  readonly created_at?: string;
}

export interface ListPage {
  readonly subscriptions: readonly ListedEntry[];
  readonly next_cursor?: string | null;
}

export interface ClaimEntry {
  readonly wake_id: string;
  readonly generation: number;
  readonly token: string;
  readonly streams: readonly (LinkEntry & { readonly tail_offset: string; readonly has_pending: boolean })[];
  readonly lease_ttl_ms: number;
}

const LINK = { path: isText, link_type: isText, acked_offset: isText, has_pending: optional(isFlag) };
const SIGNING = objectOf({ alg: isText, kid: isText, jwks_url: isText });
const LISTED = {
  id: isText,
  type: isText,
  pattern: optional(nullable(isText)),
  created_at: optional(isText),
};
const SUBSCRIPTION = objectOf({
  ...LISTED,
  streams: listOf(objectOf(LINK)),
  webhook: optional(nullable(objectOf({ url: isText, signing: optional(SIGNING) }))),
  wake_stream: optional(nullable(isText)),
  lease_ttl_ms: isCount,
  status: optional(isText),
  failure: optional(nullable(isText)),
  next_attempt_at: optional(nullable(isText)),
  links_refused: optional(nullable(objectOf({ since: isText, first: isText }))),
  description: optional(nullable(isText)),
  next_cursor: optional(nullable(isText)),
});
const LIST = objectOf({ subscriptions: listOf(objectOf(LISTED)), next_cursor: optional(nullable(isText)) });
const CLAIM = objectOf({
  wake_id: isText,
  generation: isCount,
  token: isWord,
  streams: listOf(objectOf({ ...LINK, tail_offset: isText, has_pending: isFlag })),
  lease_ttl_ms: (value) => isCount(value) && value !== 0,
});
const ACKED = objectOf({ next_wake: isFlag });
const ROTATED = objectOf({ kid: isText, signs_from: isText });

export function isSubscription(value: unknown): value is SubscriptionEntry {
  return SUBSCRIPTION(value);
}

export function isSubscriptionList(value: unknown): value is ListPage {
  return LIST(value);
}

export function isClaim(value: unknown): value is ClaimEntry {
  return CLAIM(value);
}

export function isAcked(value: unknown): value is { readonly next_wake: boolean } {
  return ACKED(value);
}

export function isRotated(value: unknown): value is { readonly kid: string; readonly signs_from: string } {
  return ROTATED(value);
}

export function toSubscription(entry: SubscriptionEntry): Subscription {
  const { webhook } = entry;
  const signing = webhook?.signing;
  return {
    ...toListed(entry),
    streams: entry.streams.map(toLink),
    webhook:
      webhook === undefined || webhook === null
        ? undefined
        : {
            url: webhook.url,
            signing:
              signing === undefined ? undefined : { alg: signing.alg, kid: signing.kid, jwksUrl: signing.jwks_url },
          },
    wakeStream: entry.wake_stream ?? undefined,
    leaseTtlMs: entry.lease_ttl_ms,
    status: entry.status,
    failure: entry.failure ?? undefined,
    nextAttemptAt: entry.next_attempt_at ?? undefined,
    linksRefused: entry.links_refused ?? undefined,
    description: entry.description ?? undefined,
  };
}

export function toListed({ id, type, pattern, created_at }: ListedEntry): ListedSubscription {
  return { id, type, pattern: pattern ?? undefined, createdAt: created_at };
}

export function toClaim(entry: ClaimEntry): Claim {
  return {
    wakeId: entry.wake_id,
    generation: entry.generation,
    token: entry.token,
    streams: entry.streams.map((stream) => ({
      ...toLink(stream),
      tailOffset: stream.tail_offset,
      hasPending: stream.has_pending,
    })),
    leaseTtlMs: entry.lease_ttl_ms,
  };
}

function toLink({ path, link_type, acked_offset, has_pending }: LinkEntry): SubscriptionLink {
  return { path, linkType: link_type, ackedOffset: acked_offset, hasPending: has_pending };
}
