import { contentKind } from "../../protocol/content-type.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import { DeliveryCheck } from "./delivery-check.ts";
import { MessageMaker } from "./message.ts";
import { pause } from "./pause.ts";
import { errorName, Reader } from "./reader.ts";
import { Schedule } from "./schedule.ts";
import { SentLedger } from "./sent-ledger.ts";
import { READER_MODES, type LoadSettings } from "./settings.ts";
import { Statistics } from "./statistics.ts";
import { Writer } from "./writer.ts";

/** The stream that takes the load. */
export interface LoadTarget {
  readonly client: StreamClient;
  readonly url: string;
  readonly contentType: string;
  /** Where it ends before the first append. */
  readonly offset: string;
  /** Others may write to it as well. */
  readonly isShared: boolean;
}

export interface LoadOptions {
  readonly run: string;
  readonly target: LoadTarget;
  readonly settings: LoadSettings;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
  /** Gets everything that is measured as well, for the live lines. */
  readonly live: Statistics | undefined;
}

/** What is under way when the time is over is waited for so long. */
const HURRY_AFTER_MS = 10_000;
/** Readers to which nothing comes for so long have got what they will get. */
const SILENCE_MS = 10_000;
const SILENCE_INTERRUPTED_MS = 2_000;
const DRAIN_POLL_MS = 20;
/** A server that refuses everything is not being measured; and what is known of each failure takes memory. */
const ERRORS_MAX = 10_000;

/** The load on one stream: its readers, which stay connected, and its writers, which write in slices of time. */
export class Load {
  readonly ledger: SentLedger;
  readonly readers: readonly Reader[];
  readonly errors = new Map<string, number>();
  readonly total = new Statistics();
  readonly #options: LoadOptions;
  readonly #writers: readonly Writer[];
  /** Ends the writing: the interruption, or a failure that no further try mends. */
  readonly #end = new AbortController();
  #failure: { readonly error: unknown } | undefined;
  #current: Statistics | undefined;
  /** Messages that readers had not got in the end and perhaps could not get. */
  unverified = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.ledger = new SentLedger(options.settings.writers);
    this.readers = this.#makeReaders();
    this.#writers = this.#makeWriters();
  }

  #makeReaders(): Reader[] {
    const { run, target, settings, live } = this.#options;
    const isVerbatim = contentKind(target.contentType) !== "json";
    return READER_MODES.flatMap((mode) =>
      Array.from({ length: settings.readers[mode] }, (_, index) => {
        const { ledger } = this;
        const reader = `${mode} ${String(index)}`;
        const check = new DeliveryCheck({ run, reader, ledger, isVerbatim, isShared: target.isShared });
        return new Reader({
          ...target,
          mode,
          check,
          maxLineBytes: settings.size,
          onDelivery: (by, ms) => {
            this.#current?.recordDelivery(by, ms);
            live?.recordDelivery(by, ms);
          },
          onError: (error) => {
            this.#fail(error);
          },
        });
      }),
    );
  }

  #makeWriters(): Writer[] {
    const { run, target, settings, live } = this.#options;
    const isJson = contentKind(target.contentType) === "json";
    // Elsewhere a line end belongs to the message.
    const maker = new MessageMaker(isJson ? settings.size : settings.size - 1);
    return Array.from({ length: settings.writers }, (_, writer) => {
      const { batch, idempotent } = settings;
      return new Writer({
        ...{ ...target, run, isJson, writer, batch, idempotent, maker, ledger: this.ledger },
        onAppend: (times, messages, bytes) => {
          this.#current?.recordAppend(times, messages, bytes);
          live?.recordAppend(times, messages, bytes);
        },
        onError: (error) => {
          this.#count(error);
        },
      });
    });
  }

  #count(error: unknown): void {
    const name = errorName(error);
    this.errors.set(name, (this.errors.get(name) ?? 0) + 1);
    if (this.errorCount >= ERRORS_MAX) this.#end.abort();
  }

  get errorCount(): number {
    return [...this.errors.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Whether nothing more is to be sent: interrupted, failed, or refused too often. */
  get isOver(): boolean {
    return this.#options.signal.aborted || this.#end.signal.aborted;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#end.abort();
  }

  /** Connects the readers, unless the signal comes first. Throws a `ClientError` when one cannot be. */
  async start(): Promise<void> {
    const { signal } = this.#options;
    if (signal.aborted) return;
    const ended = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => {
        resolve();
      });
    });
    await Promise.race([ended, Promise.all(this.readers.map((reader) => reader.start()))]);
  }

  /**
   * Lets the writers write for so long, and ends when all that was acknowledged has come to the readers, or nothing comes
   * any more. What is measured counts into the total unless it is a warm-up. Throws what no further try can mend.
   */
  async slice(durationMs: number, isMeasured: boolean): Promise<Statistics> {
    const { signal, settings } = this.#options;
    const statistics = new Statistics();
    this.#current = statistics;
    const schedule = new Schedule(settings.rate, durationMs);
    const hurry = new AbortController();
    const stop = AbortSignal.any([signal, this.#end.signal]);
    const startedMs = performance.now();
    const hurryUp = (): void => {
      setTimeout(() => {
        hurry.abort();
      }, HURRY_AFTER_MS).unref();
    };
    const timer = setTimeout(hurryUp, durationMs);
    stop.addEventListener("abort", hurryUp, { once: true });
    try {
      const writing = { schedule, startedMs, stop, hurry: hurry.signal };
      await Promise.all(this.#writers.map((writer) => this.#write(writer, writing)));
    } finally {
      clearTimeout(timer);
      stop.removeEventListener("abort", hurryUp);
    }
    const elapsedMs = performance.now() - startedMs;
    statistics.seconds = elapsedMs / 1_000;
    statistics.planned = Math.ceil((settings.rate * Math.min(durationMs, elapsedMs)) / 1_000);
    if (this.#failure === undefined) await this.#drain();
    this.#current = undefined;
    if (this.#failure !== undefined) throw this.#failure.error;
    if (isMeasured) this.total.add(statistics);
    return statistics;
  }

  async #write(writer: Writer, writing: Parameters<Writer["write"]>[0]): Promise<void> {
    try {
      await writer.write(writing);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Waits until every reader has what was acknowledged, or none gets anything any more. */
  async #drain(): Promise<void> {
    const fromMs = performance.now();
    const never = new AbortController().signal;
    let waiting = this.readers;
    while (this.#failure === undefined) {
      waiting = waiting.filter(({ check }) => check.behind() > 0);
      if (waiting.length === 0) return;
      const silenceMs = this.isOver ? SILENCE_INTERRUPTED_MS : SILENCE_MS;
      const lastMs = Math.max(fromMs, ...waiting.map(({ lastArrivalMs }) => lastArrivalMs));
      if (performance.now() - lastMs > silenceMs) return;
      await pause(DRAIN_POLL_MS, never);
    }
  }

  /** Ends the readers, and says of each what it did not get. */
  async finish(): Promise<void> {
    for (const { check, isConnected } of this.readers) {
      // A reader that was cut off, or was not given the time, has not shown that anything is missing.
      if (isConnected && !this.isOver) check.finish();
      else this.unverified += check.behind();
    }
    await Promise.all(this.readers.map((reader) => reader.stop()));
  }
}
