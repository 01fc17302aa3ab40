import { DurableObject } from "cloudflare:workers";
import type {
  ListedSubscription,
  PutSubscriptionOutcome,
  RegisterOutcome,
  Registration,
  StreamPage,
  SubscriptionPage,
  SubscriptionRef,
  WebhookPublicKey,
  WebhookSigningKey,
} from "./operations.ts";

/** What a directory's object needs of its environment: nothing but its storage. */
export type DirectoryEnv = object;

/**
 * The directory of one project: which streams and which subscriptions there are. Its object is named by the project's name.
 */
export class DirectoryDO extends DurableObject<DirectoryEnv> {
  /** Puts a stream into the list, before it is there: an entry of the same path is replaced. Gives what it is to be linked to. */
  register(_stream: Registration): Promise<RegisterOutcome> {
    throw new Error("not there yet");
  }

  /** Takes a stream out of the list, unless the entry is that of another stream of the path. */
  unregister(_path: string, _incarnation: string): void {
    throw new Error("not there yet");
  }

  /** Streams whose path begins with `prefix` and comes after `after`, in the order of their paths' bytes. */
  streams(_prefix: string, _after: string, _limit: number): StreamPage {
    throw new Error("not there yet");
  }

  /** The same for those that match a pattern; looks at a bounded number of streams, so a page may be short, or empty, and more follow. */
  matching(_pattern: string, _after: string, _limit: number): StreamPage & { readonly after: string } {
    throw new Error("not there yet");
  }

  /** Puts a subscription into the list: streams that are registered from now on are linked to it if they match. */
  putSubscription(_subscription: ListedSubscription): PutSubscriptionOutcome {
    throw new Error("not there yet");
  }

  removeSubscription(_subscription: SubscriptionRef): void {
    throw new Error("not there yet");
  }

  subscriptions(_after: string, _limit: number): SubscriptionPage {
    throw new Error("not there yet");
  }

  /** Streams registered under one of these paths from now on are linked to the subscription. */
  putExplicit(_subscription: SubscriptionRef, _paths: readonly string[]): void {
    throw new Error("not there yet");
  }

  removeExplicit(_subscription: SubscriptionRef, _path: string): void {
    throw new Error("not there yet");
  }

  /** Those that a receiver of webhooks may meet a signature of, the one that signs at the moment first. */
  publicKeys(): Promise<readonly WebhookPublicKey[]> {
    throw new Error("not there yet");
  }

  signingKey(): Promise<WebhookSigningKey> {
    throw new Error("not there yet");
  }

  /** Makes a new key, which is shown at once and signs when every receiver had time to see it. */
  rotateSigningKey(): Promise<{ readonly kid: string; readonly signsFromMs: number }> {
    throw new Error("not there yet");
  }
}
