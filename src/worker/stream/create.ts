import { contentKind, DEFAULT_CONTENT_TYPE } from "../../protocol/content-type.ts";
import { configMismatch, type StreamConfig } from "../../protocol/create.ts";
import type { ProtocolError } from "../../protocol/errors.ts";
import { NEVER } from "../../protocol/expiry.ts";
import { ownStart, type ForkOrigin } from "../../protocol/fork.ts";
import { ROW_MAX_BYTES } from "../../protocol/limits.ts";
import { positionCount } from "../../protocol/messages.ts";
import type { SubscriptionRef } from "../directory/operations.ts";
import { backoffMs } from "../segments/backoff.ts";
import { planRuns } from "../storage/runs.ts";
import type { StreamStorage } from "../storage/stream-storage.ts";
import type { CreateOutcome, CreateRequest } from "./operations.ts";
import { addLinks } from "./links.ts";
import { nothingSealed, type StreamState } from "./state.ts";

/** What a new stream is, when everything that its creation left open has been decided. */
export interface NewStream {
  readonly request: CreateRequest;
  readonly config: StreamConfig;
  readonly fork: ForkOrigin | undefined;
  readonly incarnation: string;
  readonly createdAtMs: number;
}

/** What became of telling the directory of a new stream. */
export type Registered =
  /** The Worker has no directory. */
  | { readonly kind: "unlisted" }
  | { readonly kind: "registered"; readonly links: readonly SubscriptionRef[] }
  /** It failed, or took too long: it may know the stream or not. */
  | { readonly kind: "unanswered" };

/** The stream may not be made. */
export interface NotRegistered {
  readonly kind: "refused";
  readonly error: ProtocolError;
}

/** A stream that is no fork. The edge has filled in what such a creation may leave open. */
export function newStream(request: CreateRequest, incarnation: string, createdAtMs: number): NewStream {
  const { contentType = DEFAULT_CONTENT_TYPE, expiry = NEVER } = request;
  const config = { contentType, expiry, public: request.public ?? false };
  return { request, config, fork: undefined, incarnation, createdAtMs };
}

/** Stores a new stream with its first messages and its links. Must run inside {@link StreamStorage.transaction}. */
export function insertStream(
  storage: StreamStorage,
  stream: NewStream,
  registered: Registered,
  nowMs: number,
): StreamState {
  const { request, config, fork, incarnation, createdAtMs } = stream;
  const { name, closed, messages } = request;
  const kind = contentKind(config.contentType);
  const start = ownStart(fork);
  const times = { createdAtMs, accessedAtMs: nowMs };
  const facts = { closed, closedBy: undefined, fork, softDeleted: false, ended: false };
  const stored = { ...config, ...times, name, incarnation, ...facts, registered: isRegistered(registered) };
  storage.head.put(stored);
  insertRegistration(storage, stream, registered, nowMs);
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

function isRegistered({ kind }: Registered): boolean | undefined {
  return kind === "unlisted" ? undefined : kind === "registered";
}

function insertRegistration(storage: StreamStorage, stream: NewStream, registered: Registered, nowMs: number): void {
  const { incarnation, fork, request } = stream;
  if (registered.kind === "registered") {
    storage.registrations.clear();
    addLinks(storage.links, { incarnation, name: request.name }, registered.links, ownStart(fork), nowMs);
  } else if (registered.kind === "unanswered") {
    const dueAtMs = nowMs + backoffMs(1, Math.random());
    storage.registrations.put({ incarnation, stream: request.name, dueAtMs, failures: 1 });
  }
}

/** What asking again for a stream that exists comes to (section 5.1). Its messages are left as they are. */
export function confirmStream(state: StreamState, request: CreateRequest): CreateOutcome {
  const error = configMismatch(state, request);
  return error === undefined ? createdOutcome("exists", state) : { kind: "refused", error };
}

export function createdOutcome(kind: "created" | "exists", state: StreamState): CreateOutcome {
  return { kind, contentType: state.contentType, next: state.tail, closed: state.closed };
}
