import { setTimeout as wait } from "node:timers/promises";
import { Backoff } from "../../client/backoff.ts";
import { isClientError } from "../../client/errors/client-error.ts";
import { StreamGoneError } from "../../client/errors/stream-gone-error.ts";
import { StreamNotFoundError } from "../../client/errors/stream-not-found-error.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import type { WokenStream } from "../../client/subscription-types.ts";
import { DELIVERY_PAUSE_MAX_MS, DELIVERY_PAUSE_MIN_MS } from "../../protocol/limits.ts";
import { createFormatter } from "../reading/record-format.ts";
import { BatchCommand, type CommandEnd } from "./batch-command.ts";
import { isLeaseLost, type Lease } from "./lease.ts";
import { pendingBatches, type BatchLimits, type PendingBatch } from "./pending-batches.ts";

/** What was done with a batch. */
export interface WorkedBatch extends CommandEnd {
  readonly stream: string;
  /** Of the wake. */
  readonly generation: number;
  readonly offset: string | undefined;
  readonly nextOffset: string | undefined;
  /** Messages of JSON, lines of text, pieces of anything else. */
  readonly messages: number;
  readonly bytes: number;
  readonly tookMs: number;
  /** Whether it will not come again. */
  readonly acked: boolean;
}

export interface WorkOptions {
  readonly client: StreamClient;
  readonly subscription: string;
  /** The URL of a linked stream. */
  readonly urlOf: (path: string) => string;
  readonly command: string;
  readonly limits: BatchLimits;
  readonly isStdoutTaken: boolean;
  readonly signal: AbortSignal;
  readonly onBatch: (batch: WorkedBatch) => Promise<void>;
  /** The command that runs, so that it can be ended; `undefined` when none does. */
  readonly onCommand: (command: BatchCommand | undefined) => void;
  readonly onWarning: (sentence: string) => void;
}

/** How the work under one lease ended. */
export type WorkEnd =
  /** Everything was processed, or is gone. `progress`: at least one batch was. */
  | { readonly kind: "done"; readonly progress: boolean }
  | { readonly kind: "failed"; readonly batch: WorkedBatch }
  /** The server gave the work to somebody else, or refused an ack. */
  | { readonly kind: "lost"; readonly error: unknown }
  | { readonly kind: "interrupted" };

/** Why the rest of a lease is not worked on. */
class Stopped extends Error {
  readonly end: WorkEnd;

  constructor(end: WorkEnd) {
    super(end.kind);
    this.end = end;
  }
}

/** Works on everything that a claim shows as pending: a command for each batch, and an ack when it succeeded. */
export async function workLease(lease: Lease, options: WorkOptions): Promise<WorkEnd> {
  lease.startHeartbeats();
  let progress = false;
  let failed: Stopped | undefined;
  try {
    for (const stream of lease.claim.streams.filter(({ hasPending }) => hasPending)) {
      try {
        progress = (await workStream(lease, stream, options)) || progress;
      } catch (error) {
        // Messages that no command takes hold up their own stream, and no other.
        if (!(error instanceof Stopped) || error.end.kind !== "failed") throw error;
        failed ??= error;
      }
    }
    if (failed !== undefined) throw failed;
    await lease.finish([]);
    return { kind: "done", progress };
  } catch (error) {
    await lease.release();
    if (error instanceof Stopped) return error.end;
    if (options.signal.aborted) return { kind: "interrupted" };
    // INVALID_ACK: the stream is another one by now. The next claim shows it.
    if (isLeaseLost(error) || (isClientError(error) && error.code === "INVALID_ACK")) return { kind: "lost", error };
    throw error;
  } finally {
    lease.stopHeartbeats();
  }
}

async function workStream(lease: Lease, { path, ackedOffset }: WokenStream, options: WorkOptions): Promise<boolean> {
  const { client, urlOf, limits, signal, onWarning } = options;
  let progress = false;
  try {
    for await (const batch of pendingBatches({ client, url: urlOf(path), from: ackedOffset, limits, signal })) {
      if (signal.aborted) throw new Stopped({ kind: "interrupted" });
      await workBatch(lease, path, batch, options);
      progress = true;
    }
  } catch (error) {
    // Deleted since the claim: there is nothing left to process.
    if (!(error instanceof StreamNotFoundError) && !(error instanceof StreamGoneError)) throw error;
    if (error.url !== urlOf(path)) throw error;
    onWarning(`${path} is gone: ${error.message}`);
  }
  return progress;
}

async function workBatch(lease: Lease, path: string, batch: PendingBatch, options: WorkOptions): Promise<void> {
  requireLease(lease);
  const startedMs = performance.now();
  const end = await runCommand(lease, path, batch, options);
  const worked = (acked: boolean): WorkedBatch => ({
    stream: path,
    generation: lease.claim.generation,
    offset: batch.offset,
    nextOffset: batch.nextOffset,
    messages: batch.records.length,
    bytes: batch.bytes,
    ...end,
    tookMs: Math.round(performance.now() - startedMs),
    acked,
  });
  if (end.exitCode !== 0) {
    const failed = worked(false);
    await options.onBatch(failed);
    throw new Stopped({ kind: "failed", batch: failed });
  }
  try {
    requireLease(lease);
    // Where the offset is not known, a later batch of the same answer acks this one, too.
    if (batch.nextOffset !== undefined) await lease.ack([{ stream: path, offset: batch.nextOffset }]);
  } catch (error) {
    await options.onBatch(worked(false));
    throw error;
  }
  await options.onBatch(worked(batch.nextOffset !== undefined));
}

function requireLease(lease: Lease): void {
  if (lease.isLost) throw new Stopped({ kind: "lost", error: lease.lost.reason });
}

async function runCommand(
  lease: Lease,
  path: string,
  { kind, records, offset, nextOffset }: PendingBatch,
  { command, subscription, isStdoutTaken, onCommand }: WorkOptions,
): Promise<CommandEnd> {
  const formatter = createFormatter(kind === "json" ? "ndjson" : "raw", path);
  const running = new BatchCommand({
    command,
    input: Buffer.from(formatter.records(kind, records)),
    isStdoutTaken,
    env: {
      DURABLE_STREAMS_STREAM: path,
      DURABLE_STREAMS_OFFSET: offset ?? "",
      DURABLE_STREAMS_NEXT_OFFSET: nextOffset ?? "",
      DURABLE_STREAMS_SUBSCRIPTION: subscription,
      DURABLE_STREAMS_GENERATION: String(lease.claim.generation),
    },
  });
  onCommand(running);
  try {
    return await running.ended;
  } finally {
    onCommand(undefined);
  }
}

/** The pauses after failures: as long as those between a server's deliveries. */
export class FailurePause {
  readonly #backoff = new Backoff({ firstMs: DELIVERY_PAUSE_MIN_MS, maxMs: DELIVERY_PAUSE_MAX_MS });

  reset(): void {
    this.#backoff.reset();
  }

  /** How long the next one is, in milliseconds. */
  next(): number {
    return this.#backoff.next();
  }

  /** Ends at once, without an error, when the signal aborts. */
  static async take(ms: number, signal: AbortSignal): Promise<void> {
    await wait(ms, undefined, { signal }).catch(() => undefined);
  }
}
