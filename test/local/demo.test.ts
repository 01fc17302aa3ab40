import { createServer } from "node:http";
import { once } from "node:events";
import type { IncomingMessage, RequestListener } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { startDemo, untilNextTick } from "../../src/local/demo.ts";
import { measureGreenhouse } from "../../src/local/demo-measurement.ts";
import { startLocalServer } from "../../src/local/start-local-server.ts";
import { temporaryFolder } from "./support/folders.ts";
import { STAND_IN_WORKER } from "./support/processes.ts";

/** A server that behaves as no real one can be made to: slow, or failing. */
async function fakeServer(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

async function messages(url: string): Promise<{ sequence: number }[]> {
  return (await (await fetch(`${url}/v1/stream/demo`)).json()) as { sequence: number }[];
}

/** Runs the demo until the server holds that many messages. */
async function demoUntil(url: string, count: number): Promise<{ sequence: number }[]> {
  const demo = startDemo({
    stream: `${url}/v1/stream/demo`,
    intervalMs: 20,
    onProblem: (problem) => expect.unreachable(problem),
  });
  while ((await messages(url)).length < count);
  await demo.stop();
  return await messages(url);
}

test("the demo numbers its messages and goes on numbering after a restart", async () => {
  const server = await startLocalServer({ workerFile: STAND_IN_WORKER, port: 0, persistDir: await temporaryFolder() });
  onTestFinished(() => server.stop());
  const first = await demoUntil(server.url, 3);
  const second = await demoUntil(server.url, first.length + 3);
  expect(second.map(({ sequence }) => sequence)).toEqual(second.map((_, index) => index));
});

test("a slow server has one request of the demo at a time", async () => {
  let underWay = 0;
  let most = 0;
  const { promise: enough, resolve } = Promise.withResolvers<true>();
  let answered = 0;
  const url = await fakeServer((_request, response) => {
    underWay += 1;
    most = Math.max(most, underWay);
    setTimeout(() => {
      underWay -= 1;
      answered += 1;
      response.writeHead(204).end();
      if (answered === 5) resolve(true);
    }, 30);
  });
  const demo = startDemo({ stream: `${url}/v1/stream/demo`, intervalMs: 1, onProblem: () => undefined });
  await enough;
  await demo.stop();
  expect(most).toBe(1);
});

test("failing appends are reported once, and after them the stream is looked at anew", async () => {
  const seen: string[] = [];
  const { promise: recovered, resolve } = Promise.withResolvers<true>();
  const url = await fakeServer(({ method }: IncomingMessage, response) => {
    seen.push(method ?? "");
    const failing = seen.length >= 2 && seen.length <= 4;
    response.writeHead(failing ? 503 : 204).end();
    if (seen.at(-1) === "POST" && !failing) resolve(true);
  });
  const problems: string[] = [];
  const demo = startDemo({
    stream: `${url}/v1/stream/demo`,
    intervalMs: 5,
    onProblem: (problem) => problems.push(problem),
  });
  await recovered;
  await demo.stop();
  expect(seen.slice(0, 6)).toEqual(["PUT", "POST", "PUT", "PUT", "PUT", "POST"]);
  expect(problems).toHaveLength(1);
});

test("stopping the demo ends a request that is under way", async () => {
  const { promise: asked, resolve } = Promise.withResolvers<true>();
  const url = await fakeServer(() => {
    resolve(true);
  });
  const demo = startDemo({ stream: `${url}/v1/stream/demo`, onProblem: (problem) => expect.unreachable(problem) });
  await asked;
  await demo.stop();
});

test("ticks are counted from the beginning, and those that were missed are left out", () => {
  expect(untilNextTick(0, 1000)).toBe(1000);
  expect(untilNextTick(1003, 1000)).toBe(997);
  expect(untilNextTick(3500, 1000)).toBe(500);
});

test("a message of the demo fits into a line of 80 columns", () => {
  const longest = { sequence: 9_999_999, ...measureGreenhouse(new Date(90_000), () => 0.6) };
  expect(JSON.stringify(longest).length).toBeLessThan(72);
});

test("a measurement is one that a greenhouse could have", () => {
  expect(measureGreenhouse(new Date(30_000), () => 0.5)).toEqual({
    time: "00:00:30",
    celsius: 23.5,
    vent: "open",
  });
});
