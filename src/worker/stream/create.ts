import { contentKind, DEFAULT_CONTENT_TYPE } from "../../protocol/content-type.ts";
import { configMismatch, type StreamConfig } from "../../protocol/create.ts";
import { NEVER } from "../../protocol/expiry.ts";
import { ownStart, type ForkOrigin } from "../../protocol/fork.ts";
import { ROW_MAX_BYTES } from "../../protocol/limits.ts";
import { positionCount } from "../../protocol/messages.ts";
import { planRuns } from "../storage/runs.ts";
import type { StreamStorage } from "../storage/stream-storage.ts";
import type { CreateOutcome, CreateRequest } from "./operations.ts";
import { nothingSealed, type StreamState } from "./state.ts";

/** What a new stream is, when everything that its creation left open has been decided. */
export interface NewStream {
  readonly request: CreateRequest;
  readonly config: StreamConfig;
  readonly fork: ForkOrigin | undefined;
  readonly incarnation: string;
}

/** A stream that is no fork. The edge has filled in what such a creation may leave open. */
export function newStream(request: CreateRequest, incarnation: string): NewStream {
  const { contentType = DEFAULT_CONTENT_TYPE, expiry = NEVER } = request;
  const config = { contentType, expiry, public: request.public ?? false };
  return { request, config, fork: undefined, incarnation };
}

/** Stores a new stream with its first messages. Must run inside {@link StreamStorage.transaction}. */
export function insertStream(storage: StreamStorage, stream: NewStream, nowMs: number): StreamState {
  const { request, config, fork, incarnation } = stream;
  const { name, closed, messages } = request;
  const kind = contentKind(config.contentType);
  const start = ownStart(fork);
  const times = { createdAtMs: nowMs, accessedAtMs: nowMs };
  const stored = { ...config, ...times, name, incarnation, closed, closedBy: undefined, fork, softDeleted: false };
  storage.head.put(stored);
  const runs = planRuns(kind, start, [messages], ROW_MAX_BYTES);
  const tally = storage.log.insertAll(kind, runs, 0, undefined, nowMs);
  return {
    ...stored,
    kind,
    tail: start + positionCount(kind, messages),
    tally,
    sealed: nothingSealed(start),
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
