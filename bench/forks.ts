import type { Client } from "undici";
import { expectStatus, withConnection, withConnections } from "./load/http.ts";
import { batchOf, checkMessages } from "./load/messages.ts";
import { median } from "./load/stats.ts";
import { create, JSON_TYPE, newStream, readAll } from "./load/streams.ts";
import { startServer, type RunningServer } from "./servers/start.ts";
import { shown, shownRatio, table } from "./table.ts";

/** How many of the forks of one source make the first and the last rate. */
const PART = 1000;
/** With 16, a request was now and then not served until the others ended, or its connection closed: why is not known yet. */
const CLIENTS = 4;

const CHAIN = 100;
const MESSAGES_A_LINK = 10;
const SOURCE_MESSAGES = 1000;
const READINGS = 5;

export interface ForkFigures {
  readonly forks: number;
  readonly firstPerSecond: number;
  readonly lastPerSecond: number;
  readonly chain: number;
  /** Milliseconds to read the last of the chain whole, in so many requests, and a plain stream of the same messages. */
  readonly chainMs: number;
  readonly chainRequests: number;
  readonly plainMs: number;
}

async function append(client: Client, path: string, first: number, count: number): Promise<void> {
  await expectStatus(client, { method: "POST", path, contentType: JSON_TYPE, body: batchOf(first, count) }, 204);
}

async function fork(client: Client, source: string): Promise<string> {
  const path = newStream();
  await expectStatus(client, { method: "PUT", path, headers: { "Stream-Forked-From": source } }, 201);
  return path;
}

/** Forks a second while `count` of them are made. */
async function forkRate(server: RunningServer, source: string, count: number): Promise<number> {
  return withConnections(server, CLIENTS, async (clients) => {
    let left = count;
    const startedAt = performance.now();
    await Promise.all(
      clients.map(async (client) => {
        while (left-- > 0) await fork(client, source);
      }),
    );
    return (count * 1000) / (performance.now() - startedAt);
  });
}

function checkTexts(bodies: readonly Buffer[], messages: number): void {
  const texts = bodies.map((body) => body.toString("latin1"));
  checkMessages(texts, messages, true);
}

/** Forks of each other with ten messages each, and a plain stream of all of these. */
async function makeChain(server: RunningServer, client: Client): Promise<{ path: string; plain: string }> {
  let path = newStream();
  await create(server, client, path, JSON_TYPE);
  for (let link = 0; link < CHAIN; link++) {
    if (link > 0) path = await fork(client, path);
    await append(client, path, link * MESSAGES_A_LINK, MESSAGES_A_LINK);
  }
  const plain = newStream();
  await create(server, client, plain, JSON_TYPE);
  await append(client, plain, 0, CHAIN * MESSAGES_A_LINK);
  return { path, plain };
}

async function readMs(client: Client, path: string, messages: number): Promise<{ ms: number; requests: number }> {
  const times: number[] = [];
  let requests = 0;
  for (let i = 0; i < READINGS; i++) {
    const startedAt = performance.now();
    const bodies = await readAll(client, path);
    times.push(performance.now() - startedAt);
    requests = bodies.length;
    checkTexts(bodies, messages);
  }
  return { ms: median(times), requests };
}

export async function measureForks(forks: number, data: string): Promise<ForkFigures> {
  const server = await startServer("forks", undefined, data);
  try {
    const source = newStream();
    await withConnection(server, async (client) => {
      await create(server, client, source, JSON_TYPE);
      await append(client, source, 0, SOURCE_MESSAGES);
    });
    const firstPerSecond = await forkRate(server, source, PART);
    await forkRate(server, source, Math.max(0, forks - 2 * PART));
    const lastPerSecond = await forkRate(server, source, PART);
    // A connection of its own: one that nobody uses meanwhile is closed.
    return await withConnection(server, async (client) => {
      checkTexts(await readAll(client, await fork(client, source)), SOURCE_MESSAGES);
      const { path: chained, plain } = await makeChain(server, client);
      const { ms: chainMs, requests: chainRequests } = await readMs(client, chained, CHAIN * MESSAGES_A_LINK);
      const { ms: plainMs } = await readMs(client, plain, CHAIN * MESSAGES_A_LINK);
      return { forks, firstPerSecond, lastPerSecond, chain: CHAIN, chainMs, chainRequests, plainMs };
    });
  } finally {
    await server.stop();
  }
}

export function printForks(figures: ForkFigures): void {
  const { forks, firstPerSecond, lastPerSecond, chain, chainMs, chainRequests, plainMs } = figures;
  const rows = [
    [`the first ${PART} forks of one source, a second`, shown(firstPerSecond), ""],
    [`the last ${PART} of ${forks}, a second`, shown(lastPerSecond), shownRatio(lastPerSecond / firstPerSecond)],
    ["a plain stream of 1,000 messages, read whole, ms", shown(plainMs), ""],
    [`the same as ${chain} forks of each other, ms`, shown(chainMs), shownRatio(chainMs / plainMs)],
    ["requests for that", shown(chainRequests), ""],
  ];
  process.stdout.write(`\nforks.\n${table(["", "ours", ""], rows)}\n`);
}
