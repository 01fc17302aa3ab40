import { isClientError, isRetryable } from "../../client/errors/client-error.ts";
import { RateLimitedError } from "../../client/errors/rate-limited-error.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import { CHAIN_START, messageText, type MessageMaker } from "./message.ts";
import { pause } from "./pause.ts";
import { appendTimes, type AppendTimes, type Schedule } from "./schedule.ts";
import type { SentLedger } from "./sent-ledger.ts";

export interface WriterOptions {
  readonly client: StreamClient;
  readonly url: string;
  readonly contentType: string;
  readonly isJson: boolean;
  readonly run: string;
  readonly writer: number;
  readonly batch: number;
  readonly idempotent: boolean;
  readonly maker: MessageMaker;
  readonly ledger: SentLedger;
  readonly onAppend: (times: AppendTimes, messages: number, bytes: number) => void;
  readonly onError: (error: unknown) => void;
}

/** A stretch of time in which the writers write. */
export interface WritingTime {
  readonly schedule: Schedule;
  readonly startedMs: number;
  /** Ends it before its time: nothing more is sent. */
  readonly stop: AbortSignal;
  /** Ends also what is under way. */
  readonly hurry: AbortSignal;
}

const PAUSE_MIN_MS = 100;
const PAUSE_MAX_MS = 5_000;
/** How long one append is repeated under its producer's number before it counts as failed. */
const DELIVER_GIVE_UP_MS = 5_000;

/** Sends appends one after the other: the next one only when the last one was answered, so that their order is known. */
export class Writer {
  readonly #options: WriterOptions;
  #chain = 0;
  #seq = 0;
  #hash = CHAIN_START;
  /** Appends of this chain. */
  #appends = 0;
  #failuresInARow = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Writes until the time is over. Throws what no further try can mend. */
  async write({ schedule, startedMs, stop, hurry }: WritingTime): Promise<void> {
    while (!stop.aborted) {
      const dueMs = schedule.take(performance.now() - startedMs);
      if (dueMs === undefined) return;
      if (!(await pause(startedMs + dueMs - performance.now(), stop))) return;
      const waitMs = await this.#append(startedMs + dueMs, hurry);
      if (waitMs > 0) await pause(waitMs, stop);
    }
  }

  /** Sends one append; returns how long to wait before the next one. */
  async #append(dueMs: number, hurry: AbortSignal): Promise<number> {
    const { batch, ledger, writer, onAppend, onError } = this.#options;
    const sentMs = performance.now();
    const body = this.#body(sentMs);
    try {
      await this.#send(body, hurry);
      onAppend(appendTimes(dueMs, sentMs, performance.now()), batch, body.byteLength);
      ledger.acknowledge(writer, this.#chain, batch);
      this.#failuresInARow = 0;
      this.#appends++;
      return 0;
    } catch (error) {
      this.#startChain();
      if (hurry.aborted) return 0;
      if (!isRetryable(error)) throw error;
      onError(error);
      return this.#pauseAfter(error);
    }
  }

  #body(sentMs: number): Uint8Array {
    const { run, writer, batch, maker, isJson } = this.#options;
    const sentUs = Math.round(sentMs * 1_000);
    const texts: string[] = [];
    for (let index = 0; index < batch; index++) {
      const message = maker.make({ run, writer, chain: this.#chain, seq: this.#seq++, sentUs }, this.#hash);
      this.#hash = message.hash;
      texts.push(messageText(message));
    }
    return Buffer.from(isJson ? `[${texts.join(",")}]` : `${texts.join("\n")}\n`);
  }

  async #send(body: Uint8Array, signal: AbortSignal): Promise<void> {
    const { client, url, contentType, idempotent, run, writer, onError } = this.#options;
    if (!idempotent) {
      await client.append(url, { contentType, body, signal });
      return;
    }
    const id = `bench-${run}-${String(writer)}-${String(this.#chain)}`;
    const delivery = { contentType, body, signal, producer: { id, epoch: 0, seq: this.#appends }, mayBeThere: false };
    await client.deliver(url, delivery, { giveUpAfterMs: DELIVER_GIVE_UP_MS, onRetry: onError });
  }

  /** Nobody knows whether the last append was stored, so what follows it cannot be chained to it. */
  #startChain(): void {
    const { ledger, writer } = this.#options;
    this.#chain = ledger.nextChain(writer);
    this.#seq = 0;
    this.#hash = CHAIN_START;
    this.#appends = 0;
  }

  #pauseAfter(error: unknown): number {
    const doubledMs = PAUSE_MIN_MS * 2 ** Math.min(10, this.#failuresInARow++);
    const askedMs = isClientError(error) && error instanceof RateLimitedError ? (error.retryAfterMs ?? 0) : 0;
    return Math.min(PAUSE_MAX_MS, Math.max(doubledMs, askedMs));
  }
}
