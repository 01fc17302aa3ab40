import type { ConnectionState } from "../../client/follow.ts";
import type { RetryOptions } from "../../client/retry.ts";
import type { StreamBatch } from "../../client/stream-batch.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import { lastRecords } from "./last-records.ts";
import { requireRecords } from "./print-stream.ts";

/** Where a tail begins. */
export type TailStart =
  | { readonly at: "offset"; readonly offset: string }
  /** The last so many messages, or lines of text. */
  | { readonly at: "last"; readonly count: number };

export interface TailOptions {
  readonly start: TailStart;
  /** End at the present end instead of waiting for more. */
  readonly exitAtTail: boolean;
  readonly signal: AbortSignal;
  readonly retry?: RetryOptions | undefined;
  readonly onState?: ((state: ConnectionState) => void) | undefined;
}

/** A stream from a start on: what is there and then, unless it ends at the tail, what comes. */
export async function* tailBatches(
  client: StreamClient,
  url: string,
  options: TailOptions,
): AsyncGenerator<StreamBatch> {
  const { start, exitAtTail, signal, retry, onState } = options;
  let offset: string;
  let contentType: string | undefined;
  if (start.at === "last") {
    ({ contentType } = await client.describe(url, signal));
    requireRecords(contentType, "-n");
    const last = await lastRecords(client.catchUp(url, { signal }), start.count);
    if (last?.nextOffset === undefined) return;
    yield last;
    if (last.closed) return;
    offset = last.nextOffset;
  } else {
    ({ offset } = start);
  }
  if (!exitAtTail) yield* client.follow(url, { offset, contentType, signal, onState, retry });
  else if (start.at === "offset") yield* client.catchUp(url, { offset, signal });
}
