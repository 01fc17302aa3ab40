import { decideAppend, type AppendDecision, type AppendRequest } from "../../protocol/append.ts";
import { ROW_MAX_BYTES } from "../../protocol/limits.ts";
import type { MessageBatch } from "../../protocol/messages.ts";
import type { ProducerState } from "../../protocol/producer.ts";
import { planRuns, type Run } from "../storage/runs.ts";
import type { StreamStorage } from "../storage/stream-storage.ts";
import type { AppendOutcome } from "./operations.ts";
import type { StreamState } from "./state.ts";

/** What committing a group of appends came to. */
export interface CommittedAppends {
  readonly state: StreamState;
  readonly outcomes: readonly AppendOutcome[];
  /** The messages that were added, in order. */
  readonly added: readonly MessageBatch[];
}

/**
 * Decides a group of appends in the order of their arrival, each upon what the ones before it left, and stores all that
 * were accepted at once: when that fails it throws, and nothing is stored.
 */
export function commitAppends(
  storage: StreamStorage,
  before: StreamState,
  requests: readonly AppendRequest[],
  nowMs: number,
): CommittedAppends {
  const group = new AppendGroup(storage, before, nowMs);
  const outcomes = requests.map((request) => group.add(request));
  group.store();
  return { state: group.state, outcomes, added: group.added };
}

class AppendGroup {
  state: StreamState;
  readonly added: MessageBatch[] = [];
  readonly #storage: StreamStorage;
  readonly #before: StreamState;
  readonly #nowMs: number;
  readonly #producers = new Map<string, ProducerState>();

  constructor(storage: StreamStorage, before: StreamState, nowMs: number) {
    this.#storage = storage;
    this.#before = before;
    this.#nowMs = nowMs;
    this.state = before;
  }

  add(request: AppendRequest): AppendOutcome {
    const producerState = request.producer === undefined ? undefined : this.#producer(request.producer.id);
    const decision = decideAppend(this.state, producerState, request);
    if (decision.kind === "accept") {
      this.state = accept(this.state, request, decision.nextTail, this.#nowMs);
      if (decision.messages.sizes.length > 0) this.added.push(decision.messages);
      if (decision.producer !== undefined) this.#producers.set(decision.producer.id, decision.producer.next);
    }
    return toOutcome(decision, this.state);
  }

  store(): void {
    const { kind } = this.state;
    const runs = planRuns(kind, this.#before.tail, this.added, ROW_MAX_BYTES);
    const closes = this.state.closed && !this.#before.closed;
    // The most frequent group of all is one row, and one statement needs no transaction around it.
    const isOneRow = runs.length === 1 && runs.every(fitsOneRow) && this.#producers.size === 0 && !closes;
    const isNothing = runs.length === 0 && this.#producers.size === 0 && !closes;
    if (isNothing) return;
    const tally = isOneRow ? this.#write(runs, closes) : this.#storage.transaction(() => this.#write(runs, closes));
    this.state = { ...this.state, tally };
  }

  /** Gives the stream's tally after it. */
  #write(runs: readonly Run[], closes: boolean): number {
    const { head, log, producers } = this.#storage;
    const tally = log.insertAll(this.state.kind, runs, this.#before.tally, this.state.lastStreamSeq, this.#nowMs);
    for (const [id, state] of this.#producers) producers.put(id, state);
    if (closes) head.put(this.state);
    return tally;
  }

  #producer(id: string): ProducerState | undefined {
    return this.#producers.get(id) ?? this.#storage.producers.get(id);
  }
}

function fitsOneRow(run: Run): boolean {
  return run.payload.byteLength <= ROW_MAX_BYTES;
}

function accept(state: StreamState, request: AppendRequest, nextTail: number, nowMs: number): StreamState {
  return {
    ...state,
    tail: nextTail,
    lastStreamSeq: request.streamSeq ?? state.lastStreamSeq,
    lastAccessMs: nowMs,
    accessedAtMs: nowMs,
    closed: request.close,
    closedBy: request.close ? request.producer : undefined,
  };
}

function toOutcome(decision: AppendDecision, state: StreamState): AppendOutcome {
  switch (decision.kind) {
    case "accept":
      return {
        kind: "appended",
        next: state.tail,
        closed: state.closed,
        hasMessages: decision.messages.sizes.length > 0,
        producer: decision.producer?.next,
      };
    case "duplicate":
      return {
        kind: "duplicate",
        next: state.tail,
        closed: state.closed,
        hasMessages: false,
        producer: decision.producer,
      };
    case "closed":
      return { kind: "closed", next: state.tail };
    case "stale-epoch":
    case "sequence-gap":
    case "refused":
      return decision;
  }
}
