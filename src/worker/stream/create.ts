import { contentKind } from "../../protocol/content-type.ts";
import { configMismatch } from "../../protocol/create.ts";
import { ROW_MAX_BYTES } from "../../protocol/limits.ts";
import { positionCount } from "../../protocol/messages.ts";
import { planRuns } from "../storage/runs.ts";
import type { StreamStorage } from "../storage/stream-storage.ts";
import type { CreateOutcome, CreateRequest } from "./operations.ts";
import { NOTHING_SEALED, type StreamState } from "./state.ts";

/** Stores a new stream with its first messages. Must run inside {@link StreamStorage.transaction}. */
export function insertStream(
  storage: StreamStorage,
  request: CreateRequest,
  incarnation: string,
  nowMs: number,
): StreamState {
  const { messages, ...wanted } = request;
  const config = { ...wanted, public: wanted.public ?? false };
  const kind = contentKind(config.contentType);
  const stored = { ...config, incarnation, createdAtMs: nowMs, accessedAtMs: nowMs, closedBy: undefined };
  storage.head.put(stored);
  const runs = planRuns(kind, 0, [messages], ROW_MAX_BYTES);
  const tally = storage.log.insertAll(kind, runs, 0, undefined, nowMs);
  return {
    ...stored,
    kind,
    tail: positionCount(kind, messages),
    tally,
    sealed: NOTHING_SEALED,
    lastStreamSeq: undefined,
    lastAccessMs: nowMs,
  };
}

/** What asking again for a stream that exists comes to (section 5.1). Its messages are left as they are. */
export function confirmStream(state: StreamState, request: CreateRequest): CreateOutcome {
  const error = configMismatch(state, request);
  return error === undefined ? createdOutcome("exists", state) : { kind: "refused", error };
}

export function createdOutcome(kind: "created" | "exists", state: StreamState): CreateOutcome {
  return { kind, contentType: state.contentType, next: state.tail, closed: state.closed };
}
