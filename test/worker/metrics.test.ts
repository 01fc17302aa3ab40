import { describe, expect, test } from "vitest";
import { bucketOf, streamHash, type DataPoint } from "../../src/protocol/metrics.ts";
import { Counters } from "../../src/worker/metrics/counters.ts";
import { GuardedServer } from "./auth/support/guarded-server.ts";
import { ErrorLog } from "./support/error-log.ts";
import { SseClient, sseMessages } from "./support/sse-client.ts";
import { createStream, freshName, sendTo, type StreamClient } from "./support/stream-client.ts";

/** Analytics Engine as far as a Worker sees it. */
class Dataset {
  readonly points: DataPoint[] = [];

  writeDataPoint(point: DataPoint): void {
    this.points.push(point);
  }

  /** Operation, status, code, bytes in and out, cache and stream of what was written since the last time. */
  take(): unknown[] {
    return this.points.splice(0).map(({ indexes: [project], blobs, doubles }) => {
      const [operation, code, cache, stream] = blobs;
      const [status, bytesIn, bytesOut] = doubles;
      return { project, operation, status, code, bytesIn, bytesOut, cache, stream };
    });
  }
}

function named(stream: StreamClient): { readonly project: string; readonly stream: string } {
  return { project: "default", stream: streamHash(`default/${stream.name}`) };
}

describe("metrics: one data point per operation", () => {
  test("says what was done, how it ended and how many bytes of messages went in and out", async () => {
    const dataset = new Dataset();
    const stream = await createStream({ body: "[1]", send: sendTo({}, { METRICS: dataset }) });
    await stream.append("[22,333]");
    await stream.get("?offset=-1");
    await stream.head();
    await stream.get("?offset=now");
    await stream.delete();
    const ok = { ...named(stream), code: "", bytesIn: 0, bytesOut: 0, cache: "none" };
    expect(dataset.take()).toEqual([
      { ...ok, operation: "create", status: 201, bytesIn: 3 },
      { ...ok, operation: "append", status: 204, bytesIn: 8 },
      // The comma between the two appends belongs to the answer.
      { ...ok, operation: "read", status: 200, bytesOut: 7, cache: "hot" },
      { ...ok, operation: "head", status: 200 },
      { ...ok, operation: "read", status: 200 },
      { ...ok, operation: "delete", status: 204 },
    ]);
  });

  test("an error has its code, and what strangers ask for is not told apart", async () => {
    const dataset = new Dataset();
    const server = new GuardedServer({ METRICS: dataset });
    await server.send(`/v1/${freshName("made-up")}/stream/a`);
    await server.send("/v1/default/stream/a", { method: "POST", body: "1", headers: { Authorization: "Bearer x" } });
    await server.send("/nowhere");
    const stranger = { project: "", stream: "", bytesIn: 0, bytesOut: 0, cache: "none" };
    expect(dataset.take()).toEqual([
      { ...stranger, operation: "read", status: 401, code: "TOKEN_REQUIRED" },
      { ...stranger, operation: "append", status: 401, code: "TOKEN_MALFORMED" },
      { ...stranger, operation: "other", status: 404, code: "ROUTE_NOT_FOUND" },
    ]);
  });

  test("an SSE connection is counted when it ends, with all that it sent", async () => {
    const dataset = new Dataset();
    const stream = await createStream({ body: "[1]", send: sendTo({}, { METRICS: dataset }) });
    const sse = new SseClient(await stream.get("?offset=-1&live=sse"));
    await sse.untilUpToDate();
    await stream.append("22");
    expect(sseMessages((await sse.untilUpToDate()).data)).toEqual([22]);
    dataset.take();
    await sse.cancel();
    expect(dataset.take()).toEqual([
      { ...named(stream), operation: "sse", status: 200, code: "", bytesIn: 0, bytesOut: 3, cache: "hot" },
    ]);
  });

  test("a dataset that throws spoils no answer, and without one nothing is missing", async () => {
    using log = new ErrorLog();
    const dataset = {
      writeDataPoint: () => {
        throw new Error("no more points");
      },
    };
    const stream = await createStream({ body: "[1]", send: sendTo({}, { METRICS: dataset }) });
    expect(await stream.readMessages()).toEqual([1]);
    expect(log.take()).toEqual(["no more points", "no more points"]);
  });
});

describe("metrics: the Worker's own counters", () => {
  test("more kinds of operations than are kept apart are counted together", () => {
    const counters = new Counters();
    const point = { operation: "read", status: 200, code: "", bytesIn: 0, bytesOut: 2, durationMs: 1 } as const;
    for (let i = 0; i < 1500; i++) {
      counters.add({ ...point, project: `p${String(i)}` }, i);
    }
    const rows = counters.list();
    expect(rows.length).toBe(1001);
    expect(rows.find(({ project }) => project === "")).toMatchObject({
      operation: "other",
      count: 500,
      bytesOut: 1000,
    });
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(1500);
    expect([rows[0]?.p50Ms, rows[0]?.maxMs, counters.sinceMs]).toEqual([1, 1, 0]);
    expect(rows.find(({ project }) => project === "")?.buckets).toEqual([[bucketOf(1), 500]]);
  });

  test("operators get them, and so does whoever runs an open server", async () => {
    const server = new GuardedServer();
    const project = await server.createProject();
    await server.createStream(project, "counted");
    const counted = await server.operate("/metrics");
    const { operations } = await counted.json<{
      operations: { project: string; operation: string; count: number }[];
    }>();
    const mine = operations.filter((row) => row.project === project.name);
    expect(mine).toEqual([expect.objectContaining({ operation: "create", status: 201, count: 1, bytesIn: 1 })]);
    expect((await sendTo({}, { OPERATOR_API: "open" })("/v1/__ds/metrics")).status).toBe(200);
    expect((await sendTo({})("/v1/__ds/metrics")).status).toBe(403);
  });
});
