import type { ConnectionState } from "../../client/follow.ts";
import type { StreamBatch } from "../../client/stream-batch.ts";

/** Where a reading begins. */
export type ViewStart =
  | { readonly at: "offset"; readonly offset: string }
  /** The last so many messages. */
  | { readonly at: "last"; readonly count: number };

/** A stream to show. */
export interface ViewSource {
  /** As the command line named it. */
  readonly name: string;
  readonly url: string;
  readonly start: ViewStart;
  /** Reads the stream live from a place on; the connection's states are told as they change. */
  readonly open: (
    start: ViewStart,
    signal: AbortSignal,
    onState: (state: ConnectionState) => void,
  ) => AsyncIterable<StreamBatch>;
  /** Makes a function that turns the batches of one reading, in order, into messages. */
  readonly splitter: () => (batch: StreamBatch) => readonly Uint8Array[];
}
