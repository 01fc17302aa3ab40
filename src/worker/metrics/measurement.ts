import { CACHES, streamHash, toDataPoint, type CacheUse, type Operation } from "../../protocol/metrics.ts";
import { COUNTERS, type CountedPoint } from "./counters.ts";

/** What a finished operation is told to. */
export interface MetricsSink {
  /** Analytics Engine, where it is bound. */
  readonly dataset: AnalyticsEngineDataset | undefined;
  /** Of the Worker. */
  readonly version: string;
}

/**
 * What one request does, as far as it is counted. Handlers say what they know while they work; the point is made when the
 * answer is complete, which for SSE is when the connection ends.
 */
export class Measurement {
  readonly #sink: MetricsSink;
  readonly #startedAtMs = Date.now();
  #project = "";
  #stream = "";
  #operation: Operation = "other";
  #cache: CacheUse = "none";
  /** Bytes of messages. */
  bytesIn = 0;
  bytesOut = 0;
  #goesOn = false;
  #answered: { readonly status: number; readonly code: string } | undefined;

  constructor(sink: MetricsSink) {
    this.#sink = sink;
  }

  is(operation: Operation): void {
    this.#operation = operation;
  }

  /** Says whose stream it is about. Told only of requests that were let in: what strangers make up is not kept. */
  about(project: string, stream: string): void {
    this.#project = project;
    this.#stream = stream;
  }

  /** Says where bytes came from; of several places the furthest counts. */
  readFrom(cache: CacheUse): void {
    if (CACHES.indexOf(cache) > CACHES.indexOf(this.#cache)) this.#cache = cache;
  }

  /** The answer has begun and goes on: it is counted when {@link ended} is called. */
  goesOn(): void {
    this.#goesOn = true;
  }

  answered(status: number, code: string): void {
    this.#answered = { status, code };
    if (!this.#goesOn) this.#write();
  }

  ended(): void {
    this.#goesOn = false;
    if (this.#answered !== undefined) this.#write();
  }

  /** Nothing waits for it, and nothing fails because of it. */
  #write(): void {
    if (this.#answered === undefined) return;
    const nowMs = Date.now();
    const counted: CountedPoint = {
      ...this.#answered,
      project: this.#project,
      operation: this.#operation,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      durationMs: nowMs - this.#startedAtMs,
    };
    this.#answered = undefined;
    COUNTERS.add(counted, nowMs);
    const { dataset, version } = this.#sink;
    if (dataset === undefined) return;
    const stream = this.#stream === "" ? "" : streamHash(this.#stream);
    try {
      dataset.writeDataPoint(toDataPoint({ ...counted, cache: this.#cache, stream, version }));
    } catch (error) {
      console.error(error);
    }
  }
}
