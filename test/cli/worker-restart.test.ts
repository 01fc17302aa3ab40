import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PrintedLines, startCli } from "../support/cli.ts";
import { startBuilt, type TestServer } from "../support/servers.ts";
import { steadyPort } from "../support/steady-port.ts";
import { linesOf } from "./support/appear.ts";
import { answer, WebhookHandler } from "./support/handler.ts";

const ROUNDS = 3;
const LOOK_EVERY_MS = 25;
const JSON_TYPE = { "content-type": "application/json" };
const DONE = answer(200, { done: true });

let folder: string;
let server: TestServer;
let child: ReturnType<typeof startCli> | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "durable-streams-worker-restart-"));
  server = await startBuilt({ dataDir: join(folder, "data"), port: await steadyPort() });
});
afterEach(async () => {
  child?.kill("SIGKILL");
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The server goes away and comes back, with its data and at its address. */
async function restart(): Promise<void> {
  const port = Number(new URL(server.url).port);
  await server.stop();
  server = await startBuilt({ dataDir: join(folder, "data"), port });
}

async function create(path: string): Promise<void> {
  const made = await fetch(`${server.url}/v1/stream/${path}`, { method: "PUT", headers: JSON_TYPE });
  expect(made.ok).toBe(true);
}

async function append(path: string, message: number): Promise<void> {
  const request = { method: "POST", headers: JSON_TYPE, body: JSON.stringify([message]) };
  expect((await fetch(`${server.url}/v1/stream/${path}`, request)).ok).toBe(true);
}

/** Waits until a subscription has nothing pending, which it tells nobody. */
async function untilSettled(id: string): Promise<void> {
  for (;;) {
    const answered = await fetch(`${server.url}/v1/stream/__ds/subscriptions/${id}`);
    const { streams } = (await answered.json()) as { streams: { acked_offset: string; tail_offset: string }[] };
    if (streams.length > 0 && streams.every((stream) => stream.acked_offset === stream.tail_offset)) return;
    await wait(LOOK_EVERY_MS);
  }
}

function start(...args: readonly string[]): ReturnType<typeof startCli> {
  child = startCli(args, { env: { DURABLE_STREAMS_URL: server.url } });
  child.stderr.resume();
  return child;
}

async function subscribe(id: string, fields: object): Promise<void> {
  const body = JSON.stringify({ lease_ttl_ms: 2000, ...fields });
  const made = await fetch(`${server.url}/v1/stream/__ds/subscriptions/${id}`, { method: "PUT", body });
  expect(made.status).toBe(201);
}

describe("while the server restarts", () => {
  it("work goes on: every message is worked on at least once, also of a batch that was under way", async () => {
    const [began, go] = [join(folder, "began"), join(folder, "go")];
    await create("wake");
    await create("jobs/a");
    await subscribe("jobs", { type: "pull-wake", pattern: "jobs/*", wake_stream: "wake" });
    // The command of the first batch ends when the server is back, which has forgotten nothing of its lease.
    const exec = `cat >> ${began}; n=0; until test -e ${go} || test $n -gt 1200; do n=$((n+1)); sleep 0.05; done`;
    const closed = once(start("work", "jobs", "--exec", exec), "close");
    await append("jobs/a", 0);
    await linesOf(began);
    await restart();
    await writeFile(go, "");
    for (let round = 1; round <= ROUNDS; round++) {
      await append("jobs/a", round);
      await workedOn(began, round);
      if (round < ROUNDS) await restart();
    }
    child?.kill("SIGINT");
    expect(await closed).toEqual([130, null]);
    await untilSettled("jobs");
    const worked = await linesOf(began);
    expect([...new Set(worked)].sort()).toEqual(["0", "1", "2", "3"]);
    // A message is worked on again where its ack was lost, and never before an earlier one was worked on.
    expect(worked.indexOf("1")).toBeGreaterThan(worked.indexOf("0"));
  });

  it("listen goes on: every message is forwarded at least once, also of a wake that was under way", async () => {
    let answerNow = (): void => undefined;
    const handler = new WebhookHandler((response) => {
      answerNow = () => {
        DONE(response);
      };
    }, DONE);
    const url = await handler.start();
    try {
      const args = ["listen", "--json", "--forward-to", url, "--port", "0", "--stream", "orders/a", "--lease", "2s"];
      const running = start(...args);
      const closed = once(running, "close");
      const lines = new PrintedLines(running);
      await lines.atLeast(1, 90_000);
      await create("orders/a");
      const { subscription } = JSON.parse(lines.all[0] ?? "") as { subscription: string };
      await append("orders/a", 0);
      await handler.request(1);
      await restart();
      answerNow();
      for (let round = 1; round <= ROUNDS; round++) {
        await append("orders/a", round);
        await forwarded(handler, round + 1);
        await untilSettled(subscription);
        if (round < ROUNDS) await restart();
      }
      running.kill("SIGINT");
      expect(await closed).toEqual([130, null]);
      requireEach(handler, ROUNDS + 1);
    } finally {
      handler.stop();
    }
  });
});

/** Waits until a message stands in the file. */
async function workedOn(file: string, message: number): Promise<void> {
  for (let count = 1; ; count++) {
    const lines = await linesOf(file, count);
    if (lines.includes(String(message))) return;
    count = Math.max(count, lines.length);
  }
}

/** Waits until a wake that was taken told of so many messages. */
async function forwarded(handler: WebhookHandler, messages: number): Promise<void> {
  for (let number = 1; ; number++) {
    const { streams } = (await handler.request(number)).notification;
    if (streams.some(({ tail_offset }) => positionOf(tail_offset) >= messages)) return;
  }
}

/** Every message lies between the cursor and the tail of some wake, and no cursor is behind an earlier one. */
function requireEach({ received }: WebhookHandler, messages: number): void {
  const told = new Set<number>();
  let cursor = 0;
  for (const { notification } of received) {
    for (const { acked_offset, tail_offset } of notification.streams) {
      const acked = positionOf(acked_offset);
      expect(acked).toBeGreaterThanOrEqual(cursor);
      cursor = acked;
      for (let position = acked; position < positionOf(tail_offset); position++) told.add(position);
    }
  }
  expect(told.size).toBe(messages);
}

function positionOf(offset: string): number {
  return Number(offset.split("_")[1]);
}
