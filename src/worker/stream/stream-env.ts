import { parseSegmentLimits, type SegmentLimits } from "../../protocol/segment/limits.ts";
import type { DirectoryDO } from "../directory/directory-do.ts";
import { withinTime } from "../segments/within-time.ts";
import type { Release } from "../storage/release-rows.ts";
import type { Notice, NoticeOutcome } from "../subscriptions/operations.ts";
import type { SubscriptionDO } from "../subscriptions/subscription-do.ts";
import type { Directory } from "./registrar.ts";
import type { StreamPeer } from "./stream-peer.ts";

/** What a stream's object needs of its environment. */
export interface StreamEnv {
  /** The streams: a Durable Object each, of the class `StreamDO`, with SQLite storage. */
  STREAMS: DurableObjectNamespace<StreamPeer>;
  /** Holds the sealed segments of the streams. */
  R2: R2Bucket;
  /** Lists the streams of a project; a Durable Object each, of the class `DirectoryDO`. Without it there are no lists and no subscriptions. */
  DIRECTORY?: DurableObjectNamespace<DirectoryDO>;
  /** The subscriptions: a Durable Object each, of the class `SubscriptionDO`. */
  SUBSCRIPTIONS?: DurableObjectNamespace<SubscriptionDO>;
  /** Messages that a hot log may hold before it is sealed, from 1 to 100,000. Default `1000`. */
  SEGMENT_MAX_MESSAGES?: string;
  /** Bytes of payload that a hot log may hold before it is sealed, from 1 to 16,777,216. Default `4194304`. */
  SEGMENT_MAX_BYTES?: string;
}

/** How long a fork that ended waits for its source; then it tries again later. */
const RELEASE_PATIENCE_MS = 20_000;

/** The edge refuses every request while they are wrong; what the object does by itself has nobody to tell but the log. */
export function readLimits(env: StreamEnv): SegmentLimits | undefined {
  const limits = parseSegmentLimits(env);
  if (limits.ok) return limits.value;
  console.error(limits.error.message);
  return undefined;
}

/** Gives a reference back to the stream that it was taken from. */
export async function releaseSource(env: StreamEnv, { source, fork, incarnation }: Release): Promise<void> {
  await withinTime(RELEASE_PATIENCE_MS, env.STREAMS.getByName(source).releaseFork({ fork, incarnation }), source);
}

/** The directory of a project, by its name; `undefined` where the Worker has none. */
export function directories({ DIRECTORY }: StreamEnv): ((project: string) => Directory) | undefined {
  return DIRECTORY === undefined ? undefined : (project) => DIRECTORY.getByName(project);
}

/** Hands a notice to the subscription that it is for. */
export async function notifySubscription({ SUBSCRIPTIONS }: StreamEnv, notice: Notice): Promise<NoticeOutcome> {
  if (SUBSCRIPTIONS === undefined) throw new Error("the Worker has no binding SUBSCRIPTIONS any more");
  return SUBSCRIPTIONS.getByName(`${notice.project}/${notice.id}`).notify(notice);
}
