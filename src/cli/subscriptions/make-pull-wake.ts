import type { StreamClient } from "../../client/stream-client.ts";
import type { Subscription } from "../../client/subscription-types.ts";

const WAKE_CONTENT_TYPE = "application/json";

/** A pull-wake subscription with a wake stream of its own. */
export interface PullWakeWish {
  readonly client: StreamClient;
  /** Below which the project's streams are. */
  readonly root: string;
  readonly id: string;
  readonly pattern: string | undefined;
  readonly streams: readonly string[] | undefined;
  readonly wakeStream: { readonly path: string; readonly url: string };
  /** How long the wake stream outlives its last use. Default: for ever. */
  readonly wakeTtlSeconds?: number | undefined;
  readonly leaseTtlMs: number | undefined;
  readonly description: string;
  readonly signal: AbortSignal;
}

/** Creates wake stream and subscription, or finds both there just so (section 7.2: the stream is the application's). */
export async function makePullWake(
  wish: PullWakeWish,
): Promise<{ readonly created: boolean; readonly subscription: Subscription }> {
  const { client, root, id, pattern, streams, wakeStream, wakeTtlSeconds, leaseTtlMs, description, signal } = wish;
  await createWakeStream(client, wakeStream.url, wakeTtlSeconds, signal);
  const request = {
    type: "pull-wake",
    pattern,
    streams,
    wakeStream: wakeStream.path,
    leaseTtlMs,
    description,
  } as const;
  return client.subscriptions(root).create(id, request, signal);
}

/** A stream for wake events, or one that is there already with the same expiry. */
export async function createWakeStream(
  client: StreamClient,
  url: string,
  ttlSeconds?: number,
  signal?: AbortSignal,
): Promise<void> {
  await client.create(url, { contentType: WAKE_CONTENT_TYPE, ttlSeconds, signal });
}
