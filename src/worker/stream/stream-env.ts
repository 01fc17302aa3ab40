import type { StreamDO } from "./stream-do.ts";

/** What a stream's object needs of its environment. */
export interface StreamEnv {
  /** The streams: a Durable Object each, of the class `StreamDO`, with SQLite storage. */
  STREAMS: DurableObjectNamespace<StreamDO>;
  /** Holds the sealed segments of the streams. */
  R2: R2Bucket;
  /** Messages that a hot log may hold before it is sealed, from 1 to 100,000. Default `1000`. */
  SEGMENT_MAX_MESSAGES?: string;
  /** Bytes of payload that a hot log may hold before it is sealed, from 1 to 16,777,216. Default `4194304`. */
  SEGMENT_MAX_BYTES?: string;
}
