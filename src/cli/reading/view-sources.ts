import type { ConnectionState } from "../../client/follow.ts";
import type { StreamBatch } from "../../client/stream-batch.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import { RecordSplitter } from "./record-splitter.ts";
import { recentStart } from "../listing/recent-start.ts";
import { requireRecords } from "./print-stream.ts";
import { tailBatches, type TailStart } from "./tail-batches.ts";

/** A stream as the live view takes it. */
interface Source {
  readonly name: string;
  readonly url: string;
  readonly start: TailStart;
  readonly open: (
    start: TailStart,
    signal: AbortSignal,
    onState: (state: ConnectionState) => void,
  ) => AsyncIterable<StreamBatch>;
  readonly splitter: () => (batch: StreamBatch) => readonly Uint8Array[];
}

function splitter(): (batch: StreamBatch) => readonly Uint8Array[] {
  let lines: RecordSplitter | undefined;
  return (batch) => {
    lines ??= new RecordSplitter(batch.kind);
    const records = lines.push(batch.pieces);
    // The beginning of a line is shown at once: its end may be long in coming.
    return batch.nextOffset === undefined ? records : [...records, ...lines.end()];
  };
}

/**
 * Asks for each stream what it is, so that a failure on the first request belongs on the screen that stays. `recent` begins
 * with the last messages, as far as they can be found without reading all of a stream.
 */
export async function viewSources(
  client: StreamClient,
  streams: readonly { readonly name: string; readonly url: string }[],
  start: TailStart | "recent",
  signal: AbortSignal,
): Promise<readonly Source[]> {
  const failed = new AbortController();
  const asking = AbortSignal.any([signal, failed.signal]);
  const sources = streams.map(async ({ name, url }): Promise<Source> => {
    const { contentType, nextOffset } = await client.describe(url, asking);
    const wanted: TailStart =
      start === "recent" ? { at: "offset", offset: recentStart(contentType, nextOffset) } : start;
    if (wanted.at === "last") requireRecords(contentType, "-n");
    const isNow = wanted.at === "offset" && wanted.offset === "now";
    return {
      name,
      url,
      start: isNow ? { at: "offset", offset: nextOffset } : wanted,
      open: (from, reading, onState) =>
        from.at === "offset"
          ? client.follow(url, { offset: from.offset, contentType, signal: reading, onState })
          : tailBatches(client, url, { start: from, exitAtTail: false, signal: reading, onState }),
      splitter,
    };
  });
  try {
    return await Promise.all(sources);
  } catch (error) {
    // The first failure is the one that is told: the other streams are asked no longer, so that they have nothing to say.
    failed.abort(error);
    await Promise.allSettled(sources);
    throw error;
  }
}
