/** How workers are woken (section 6): by a request to their URL, or by an event on a stream that they read. */
export type SubscriptionType = "webhook" | "pull-wake";

/** What a subscription was asked to be, in its one normal form (section 6.2). */
export interface SubscriptionConfig {
  readonly type: SubscriptionType;
  /** Glob over the paths of the project's streams. */
  readonly pattern: string | undefined;
  /** Explicit paths, each once, in order. With neither these nor a pattern there is no subscription. */
  readonly streams: readonly string[];
  /** Of a webhook. */
  readonly webhookUrl: string | undefined;
  /** Of a pull-wake: the path of the stream that gets the wake events. */
  readonly wakeStream: string | undefined;
  readonly leaseTtlMs: number;
  readonly description: string | undefined;
}
