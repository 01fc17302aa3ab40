import { bucketOf, quantileMs, type Operation, type OperationPoint } from "../../protocol/metrics.ts";

/** Most rows that are kept apart; whatever comes past them is counted in one row without a project. */
const ROWS_MAX = 1000;

/** What was counted of one kind of operation. */
interface Row {
  readonly project: string;
  readonly operation: Operation;
  readonly status: number;
  count: number;
  bytesIn: number;
  bytesOut: number;
  maxMs: number;
  readonly buckets: Map<number, number>;
}

/** What is counted of a point. */
export type CountedPoint = Omit<OperationPoint, "cache" | "stream" | "version">;

/** A row as operators get it. Durations are in milliseconds, and quantiles up to a fifth too large. */
interface CountedOperation {
  readonly project: string;
  readonly operation: Operation;
  readonly status: number;
  readonly count: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** How many fell into each bucket of durations: rows can be added up, and their quantiles cannot. */
  readonly buckets: readonly (readonly [bucket: number, count: number])[];
}

/**
 * Counts operations in the memory of one isolate, since it began. A local server has one isolate, so there this is all
 * there is to count; on Cloudflare it is a sample of one place, and Analytics Engine has the whole.
 */
export class Counters {
  readonly #rows = new Map<string, Row>();
  #sinceMs: number | undefined;

  add(point: CountedPoint, nowMs: number): void {
    this.#sinceMs ??= nowMs;
    const row = this.#row(point);
    row.count++;
    row.bytesIn += point.bytesIn;
    row.bytesOut += point.bytesOut;
    row.maxMs = Math.max(row.maxMs, point.durationMs);
    const bucket = bucketOf(point.durationMs);
    row.buckets.set(bucket, (row.buckets.get(bucket) ?? 0) + 1);
  }

  /** Unix milliseconds of the first operation that was counted. */
  get sinceMs(): number | undefined {
    return this.#sinceMs;
  }

  /** Everything that was counted. */
  list(): readonly CountedOperation[] {
    return [...this.#rows.values()].map(({ buckets, ...row }) => ({
      ...row,
      // No operation took longer than the longest.
      p50Ms: Math.min(row.maxMs, quantileMs(buckets, 0.5)),
      p99Ms: Math.min(row.maxMs, quantileMs(buckets, 0.99)),
      buckets: [...buckets],
    }));
  }

  #row({ project, operation, status }: Pick<OperationPoint, "project" | "operation" | "status">): Row {
    const key = `${project} ${operation} ${String(status)}`;
    const known = this.#rows.get(key);
    if (known !== undefined) return known;
    if (this.#rows.size >= ROWS_MAX && project !== "") return this.#row({ project: "", operation: "other", status: 0 });
    const row: Row = { project, operation, status, count: 0, bytesIn: 0, bytesOut: 0, maxMs: 0, buckets: new Map() };
    this.#rows.set(key, row);
    return row;
  }
}

/** What this isolate has counted. */
export const COUNTERS = new Counters();
