import type { CountedOperation } from "../../client/server-metrics.ts";
import { quantileMs } from "../../protocol/metrics.ts";
import type { OperationRow } from "./operation-row.ts";

/** What of a server's counters is wanted. */
export interface Selection {
  /** The only project that counts. */
  readonly project: string | undefined;
  readonly byProject: boolean;
}

/** A server's counters, added up over statuses, and over projects unless they are told apart. */
export function countedRows(counted: readonly CountedOperation[], { project, byProject }: Selection): OperationRow[] {
  const groups = new Map<string, CountedOperation[]>();
  for (const row of counted) {
    if (project !== undefined && row.project !== project) continue;
    const key = JSON.stringify(byProject ? [row.operation, row.project] : [row.operation]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()].map((rows) => together(rows, byProject));
}

function together(rows: readonly CountedOperation[], byProject: boolean): OperationRow {
  const [first] = rows;
  const sum = (amount: (row: CountedOperation) => number): number => rows.reduce((all, row) => all + amount(row), 0);
  const maxMs = rows.reduce((longest, row) => Math.max(longest, row.maxMs), 0);
  const buckets = new Map<number, number>();
  for (const [bucket, count] of rows.flatMap((row) => row.buckets)) {
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + count);
  }
  return {
    operation: first?.operation ?? "",
    ...(byProject ? { project: first?.project ?? "" } : {}),
    requests: sum(({ count }) => count),
    clientErrors: sum(({ status, count }) => (status >= 400 && status < 500 ? count : 0)),
    serverErrors: sum(({ status, count }) => (status >= 500 ? count : 0)),
    bytesIn: sum(({ bytesIn }) => bytesIn),
    bytesOut: sum(({ bytesOut }) => bytesOut),
    // No operation took longer than the longest, but a bucket ends later.
    p50Ms: Math.min(maxMs, quantileMs(buckets, 0.5)),
    p99Ms: Math.min(maxMs, quantileMs(buckets, 0.99)),
    maxMs,
  };
}
