import type { AppendState } from "../../protocol/append.ts";
import { contentKind, type ContentKind } from "../../protocol/content-type.ts";
import { accessGranularityMs, deadlineMs } from "../../protocol/expiry.ts";
import type { StoredStream } from "../storage/head-row.ts";
import type { StreamStorage } from "../storage/stream-storage.ts";

/**
 * What an awake object knows of its stream without asking storage. It is replaced, never changed in place, and only
 * after what it says has been stored.
 */
export interface StreamState extends StoredStream, AppendState {
  readonly kind: ContentKind;
  /** Last read or write; runs ahead of what is stored by less than the granularity of the expiry. */
  readonly lastAccessMs: number;
}

/** Brings the state back from storage; `undefined` when no stream was created. */
export function loadState(storage: StreamStorage): StreamState | undefined {
  const stored = storage.head.load();
  if (stored === undefined) return undefined;
  const end = storage.log.end();
  const storedAccessMs = Math.max(stored.accessedAtMs, end?.appendedAtMs ?? 0);
  return {
    ...stored,
    accessedAtMs: storedAccessMs,
    kind: contentKind(stored.contentType),
    tail: end?.tail ?? 0,
    lastStreamSeq: end?.lastStreamSeq,
    // The last accesses before an eviction may not have been written down: take the latest they can have been.
    lastAccessMs: storedAccessMs + accessGranularityMs(stored.expiry),
  };
}

/** When the stream ends by itself, in Unix milliseconds; `undefined` for never. */
export function streamDeadlineMs(state: StreamState): number | undefined {
  return deadlineMs(state.expiry, state.lastAccessMs);
}
