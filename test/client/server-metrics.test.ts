import { afterEach, describe, expect, it } from "vitest";
import { StreamClient } from "../../src/client/stream-client.ts";
import { startScripted, type Handler, type ScriptedServer } from "../support/scripted-server.ts";

let server: ScriptedServer | undefined;
let client: StreamClient | undefined;
afterEach(end);

async function end(): Promise<void> {
  await client?.dispose();
  await server?.stop();
}

async function answered(...handlers: readonly Handler[]): Promise<unknown> {
  await end();
  server = await startScripted(...handlers);
  client = new StreamClient();
  return client.metrics(`${server.url}/some/path`).catch((error: unknown) => error);
}

function answer(status: number, body: unknown): Handler {
  return (_request, response) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

const ROW = { project: "p", operation: "read", status: 200, count: 1, bytesIn: 0, bytesOut: 2, maxMs: 1.5 };
const METRICS = { sinceMs: 1, nowMs: 2, operations: [{ ...ROW, buckets: [[3, 1]] }] };

describe("a server's metrics", () => {
  it("are asked for at the server's own root, again where it was not there", async () => {
    expect(await answered((request) => request.socket.destroy(), answer(200, METRICS))).toEqual(METRICS);
    expect(server?.requests).toEqual(["GET /v1/__ds/metrics", "GET /v1/__ds/metrics"]);
  });

  it.for([
    { ...METRICS, sinceMs: "1" },
    { ...METRICS, nowMs: Number.MAX_SAFE_INTEGER },
    { ...METRICS, operations: [ROW] },
    { ...METRICS, operations: [{ ...ROW, buckets: [[3]] }] },
    { ...METRICS, operations: [{ ...ROW, buckets: [], count: -1 }] },
  ])("what does not fit is refused before it is counted: %j", async (metrics) => {
    expect(await answered(answer(200, metrics))).toMatchObject({ code: "UNEXPECTED_ANSWER" });
  });

  it("a server that serves nothing there, or a page for people, has none; a closed API is another matter", async () => {
    expect(await answered(answer(404, {}))).toMatchObject({ code: "NO_OPERATOR_API" });
    expect(await answered((_request, response) => response.end("<html>"))).toMatchObject({ code: "NO_OPERATOR_API" });
    const closed = { error: { code: "OPERATOR_CLOSED", message: "It is closed." } };
    expect(await answered(answer(403, closed))).toMatchObject({ code: "OPERATOR_CLOSED", kind: "not-allowed" });
  });
});
