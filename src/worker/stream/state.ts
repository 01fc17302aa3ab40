import type { AppendState } from "../../protocol/append.ts";
import { contentKind, type ContentKind } from "../../protocol/content-type.ts";
import { accessGranularityMs, deadlineMs } from "../../protocol/expiry.ts";
import { ownStart } from "../../protocol/fork.ts";
import type { Position } from "../../protocol/offset.ts";
import type { StoredStream } from "../storage/head-row.ts";
import type { StreamStorage } from "../storage/stream-storage.ts";
import { amountBetween, type Amount } from "../storage/tally.ts";

/**
 * What an awake object knows of its stream without asking storage. It is replaced, never changed in place, and only
 * after what it says has been stored.
 */
export interface StreamState extends StoredStream, AppendState {
  readonly kind: ContentKind;
  /** Last read or write; runs ahead of what is stored by less than the granularity of the expiry. */
  readonly lastAccessMs: number;
  /** The sum of `runTally` over the whole stream: what positions do not count. */
  readonly tally: number;
  readonly sealed: SealedState;
}

/** The part of the stream that lies in segments. */
export interface SealedState {
  /** The first position that does not: the hot log begins here. */
  readonly end: Position;
  readonly tally: number;
  readonly segments: number;
}

/** Of a stream whose own first position is `start`. */
export function nothingSealed(start: Position): SealedState {
  return { end: start, tally: 0, segments: 0 };
}

/** What the hot log holds. */
export function hotAmount({ kind, tail, tally, sealed }: StreamState): Amount {
  return amountBetween(kind, tail - sealed.end, tally - sealed.tally);
}

/** Brings the state back from storage; `undefined` when no stream was created. `name` is for heads that do not hold it. */
export function loadState(storage: StreamStorage, name: string): StreamState | undefined {
  const stored = storage.load(name);
  if (stored === undefined) return undefined;
  const end = storage.end();
  const last = storage.segments.last();
  const storedAccessMs = Math.max(stored.accessedAtMs, end?.appendedAtMs ?? 0);
  return {
    ...stored,
    accessedAtMs: storedAccessMs,
    kind: contentKind(stored.contentType),
    tail: end?.tail ?? ownStart(stored.fork),
    lastStreamSeq: end?.lastStreamSeq,
    tally: end?.tally ?? 0,
    sealed:
      last === undefined
        ? nothingSealed(ownStart(stored.fork))
        : { end: last.tail, tally: last.tally, segments: last.number + 1 },
    // The last accesses before an eviction may not have been written down: take the latest they can have been.
    lastAccessMs: storedAccessMs + accessGranularityMs(stored.expiry),
  };
}

/** When the stream ends by itself, in Unix milliseconds; `undefined` for never. One that has ended does not end again. */
export function streamDeadlineMs(state: StreamState): number | undefined {
  return state.softDeleted ? undefined : deadlineMs(state.expiry, state.lastAccessMs);
}
