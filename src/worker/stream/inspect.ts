import type { StreamConfig } from "../../protocol/create.ts";
import { ownStart, type ForkOrigin } from "../../protocol/fork.ts";
import type { Position } from "../../protocol/offset.ts";
import { segmentPrefix } from "../../protocol/segment/key.ts";
import type { SegmentLimits } from "../../protocol/segment/limits.ts";
import { isSealingDue } from "../segments/plan.ts";
import type { ForkReference } from "../storage/fork-rows.ts";
import type { ListedProducer } from "../storage/producer-rows.ts";
import type { ListedSegment } from "../storage/segment-rows.ts";
import type { StreamStorage } from "../storage/stream-storage.ts";
import { amountBetween, type Amount } from "../storage/tally.ts";
import { hotAmount, type StreamState } from "./state.ts";

/** What operators are told of a stream; never what readers and writers are. */

/** Most producers, and most forks, that are named; all are counted. */
const LISTED_MAX = 100;

/**
 * How sealing stands: nothing to do, something to do at the next alarm, the same when the writers have paused, or waiting
 * after a failure.
 */
interface SealingStatus {
  readonly state: "idle" | "due" | "deferred" | "retrying" | "disabled";
  /** Failed attempts in a row. */
  readonly failures: number;
  readonly lastError?: string;
  readonly nextAttemptAtMs?: number;
  readonly maxMessages?: number;
  readonly maxBytes?: number;
}

export interface InspectedStream extends StreamConfig {
  /** `project/path`. */
  readonly name: string;
  readonly incarnation: string;
  readonly createdAtMs: number;
  readonly closed: boolean;
  readonly tail: Position;
  /** Of the stream's own messages: what a fork inherits is not counted. */
  readonly total: Amount;
  readonly hot: Amount & { readonly start: Position; readonly rows: number };
  readonly segments: Amount & { readonly count: number };
  readonly sealing: SealingStatus;
  readonly purges: readonly { readonly prefix: string; readonly dueAtMs: number; readonly failures: number }[];
  readonly readers: number;
  /** Where the stream was forked from, when it is a fork. */
  readonly fork: ForkOrigin | undefined;
  /** Whether it ended and is there for its forks alone. */
  readonly softDeleted: boolean;
  readonly forks: { readonly count: number; readonly list: readonly ForkReference[] };
  readonly producers: { readonly count: number; readonly list: readonly ListedProducer[] };
}

/** Draws the map of a stream. It reads a row for every row of the hot log, which it counts. `isDeferred` is for what is due. */
export async function inspectStream(
  storage: StreamStorage,
  state: StreamState,
  readers: number,
  limits: SegmentLimits | undefined,
  isDeferred: boolean,
): Promise<InspectedStream> {
  const { name, incarnation, contentType, expiry, createdAtMs, closed, tail, sealed, fork, softDeleted } = state;
  const sealing = sealingStatus(storage, state, limits, isDeferred);
  const hot = { ...hotAmount(state), start: sealed.end, rows: storage.log.count() };
  const producers = { count: storage.producers.count(), list: storage.producers.list(LISTED_MAX) };
  const purges = storage.purges.all();
  return {
    name,
    incarnation,
    contentType,
    expiry,
    public: state.public,
    createdAtMs,
    closed,
    tail,
    total: amountBetween(state.kind, tail - ownStart(fork), state.tally),
    hot,
    segments: sealedAmount(state),
    sealing,
    readers,
    fork,
    softDeleted,
    forks: { count: storage.forks.count(), list: storage.forks.list(LISTED_MAX) },
    producers,
    purges: await Promise.all(
      purges.map(async ({ stream, incarnation: ended, dueAtMs, failures }) => ({
        prefix: await segmentPrefix(stream, ended),
        dueAtMs,
        failures,
      })),
    ),
  };
}

/** What the segments hold, each by itself: between two of them no separator is stored. */
function sealedAmount({ kind, sealed, fork }: StreamState): InspectedStream["segments"] {
  const { messages, bytes } = amountBetween(kind, sealed.end - ownStart(fork), sealed.tally);
  const unstored = kind === "json" ? Math.max(0, sealed.segments - 1) : 0;
  return { count: sealed.segments, messages, bytes: bytes - unstored };
}

function sealingStatus(
  storage: StreamStorage,
  state: StreamState,
  limits: SegmentLimits | undefined,
  isDeferred: boolean,
): SealingStatus {
  if (limits === undefined) return { state: "disabled", failures: 0 };
  const intent = storage.segments.intent();
  if (intent === undefined || intent.attempts === 0) {
    const isDue = intent !== undefined || isSealingDue(state, limits);
    const dueState = isDeferred ? "deferred" : "due";
    return { state: isDue ? dueState : "idle", failures: 0, ...limits };
  }
  const { attempts: failures, nextAttemptAtMs, lastError } = intent;
  return {
    state: "retrying",
    failures,
    nextAttemptAtMs,
    ...(lastError === undefined ? {} : { lastError }),
    ...limits,
  };
}

/** A part of the manifest, and whose it is. */
export interface SegmentListing {
  readonly name: string;
  readonly incarnation: string;
  readonly segments: readonly ListedSegment[];
  /** Whether more follow. */
  readonly hasMore: boolean;
}

export function listSegments(
  storage: StreamStorage,
  { name, incarnation }: StreamState,
  from: Position,
  limit: number,
): SegmentListing {
  const segments = storage.segments.list(from, limit + 1);
  return { name, incarnation, segments: segments.slice(0, limit), hasMore: segments.length > limit };
}
