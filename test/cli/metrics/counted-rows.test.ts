import { describe, expect, it } from "vitest";
import { countedRows } from "../../../src/cli/metrics/counted-rows.ts";
import { nothingCounted } from "../../../src/cli/metrics/nothing-counted.ts";
import { counterMetrics } from "../../../src/cli/metrics/server-counters.ts";
import type { CountedOperation } from "../../../src/client/server-metrics.ts";
import { bucketEndMs, bucketOf } from "../../../src/protocol/metrics.ts";

const ALL = { project: undefined, byProject: false };
const HOUR_MS = 3_600_000;

function counted(status: number, durations: readonly number[], project = "p", operation = "append"): CountedOperation {
  const buckets = durations.map((ms) => [bucketOf(ms), 1] as const);
  const count = durations.length;
  return { project, operation, status, count, bytesIn: 2, bytesOut: 3, maxMs: Math.max(...durations), buckets };
}

describe("metrics of a server's own counters", () => {
  it("rows of several statuses and projects add up, and their quantiles are those of all durations together", () => {
    const rows = [counted(204, [1, 1, 1]), counted(409, [100]), counted(500, [200], "q")];
    const [row, ...others] = countedRows(rows, ALL);
    expect(others).toEqual([]);
    expect(row).toEqual({
      operation: "append",
      requests: 5,
      clientErrors: 1,
      serverErrors: 1,
      bytesIn: 6,
      bytesOut: 9,
      p50Ms: bucketEndMs(bucketOf(1)),
      p99Ms: 200,
      maxMs: 200,
    });
  });

  it("projects are told apart where that is wanted, and one alone can be chosen", () => {
    const rows = [counted(204, [1]), counted(204, [1, 1], "q"), counted(401, [1], "")];
    const apart = countedRows(rows, { project: undefined, byProject: true });
    expect(apart.map(({ project, requests }) => [project, requests])).toEqual([
      ["p", 1],
      ["q", 2],
      ["", 1],
    ]);
    expect(countedRows(rows, { project: "q", byProject: false })).toMatchObject([{ requests: 2 }]);
  });

  it("a span that is shorter than what was counted is refused with the time it began, and a longer one is all of it", () => {
    const metrics = { sinceMs: HOUR_MS, nowMs: 3 * HOUR_MS, operations: [counted(204, [1])] };
    const told = (hours: number) =>
      counterMetrics("http://server", metrics, { text: `${String(hours)}h`, seconds: hours * 3600 }, ALL);
    expect(() => told(1)).toThrow(/--since 1h cannot be told.*1970-01-01T01:00:00\.000Z/);
    expect(told(2)).toMatchObject({ sinceMs: HOUR_MS, operations: [{ requests: 1 }] });
  });

  it("a server that was asked nothing has nothing to show, and it is said why", () => {
    const metrics = { sinceMs: null, nowMs: HOUR_MS, operations: [] };
    const counted = counterMetrics("http://server", metrics, { text: "1h", seconds: 3600 }, ALL);
    expect(counted.operations).toEqual([]);
    expect(nothingCounted(counted)).toContain("nobody has asked it for anything");
  });
});
