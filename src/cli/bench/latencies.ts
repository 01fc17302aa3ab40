import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

/** Times in milliseconds. */
export interface Latency {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

const HIGHEST_US = 3_600_000_000;

/**
 * A distribution of times in constant memory: Node's own HdrHistogram, of microseconds up to an hour, with three digits
 * at any percentile.
 */
export class Latencies {
  readonly #histogram: RecordableHistogram = createHistogram({ lowest: 1, highest: HIGHEST_US, figures: 3 });

  recordMs(ms: number): void {
    this.#histogram.record(Math.min(HIGHEST_US, Math.max(1, Math.round(ms * 1_000))));
  }

  add(other: Latencies): void {
    if (other.#histogram.count > 0) this.#histogram.add(other.#histogram);
  }

  reset(): void {
    this.#histogram.reset();
  }

  /** `undefined` when nothing was measured. */
  summary(): Latency | undefined {
    const { count, min, max, mean } = this.#histogram;
    if (count === 0) return undefined;
    const ms = (us: number): number => Math.round(us) / 1_000;
    const at = (percentile: number): number => ms(Math.min(max, this.#histogram.percentile(percentile)));
    return { count, min: ms(min), mean: ms(mean), p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: ms(max) };
  }
}
