/** One line of the metrics: a kind of operation, of all projects or of one. Durations are in milliseconds. */
export interface OperationRow {
  readonly operation: string;
  /** Empty for what concerns no project; left out where projects are not told apart. */
  readonly project?: string | undefined;
  readonly requests: number;
  /** Answers of 400 to 499, and of 500 and more. */
  readonly clientErrors: number;
  readonly serverErrors: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Requests for which the bucket was asked; not known of a server's own counters. */
  readonly fromBucket?: number | undefined;
}

/** Who counted. */
export type MetricsSource =
  | { readonly kind: "analytics"; readonly worker: string; readonly environment?: string; readonly dataset: string }
  /** One isolate of the server, in its own memory. */
  | { readonly kind: "counters"; readonly url: string };

/** What was counted, the busiest first. Times are Unix milliseconds. */
export interface Metrics {
  readonly source: MetricsSource;
  /** `null`: nothing has been counted yet. */
  readonly sinceMs: number | null;
  readonly untilMs: number;
  readonly operations: readonly OperationRow[];
}

export function busiestFirst(rows: readonly OperationRow[]): readonly OperationRow[] {
  return [...rows].sort(
    (left, right) =>
      right.requests - left.requests ||
      left.operation.localeCompare(right.operation) ||
      (left.project ?? "").localeCompare(right.project ?? ""),
  );
}
