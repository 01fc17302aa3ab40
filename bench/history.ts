import type { Client } from "undici";
import { request } from "undici";
import { withConnection } from "./load/http.ts";
import { batchOf, checkMessages, MESSAGE_BYTES } from "./load/messages.ts";
import { sealedMessages, untilSealed } from "./load/settle.ts";
import { median } from "./load/stats.ts";
import { create, JSON_TYPE, newStream, readAll } from "./load/streams.ts";
import { writeFor } from "./load/writers.ts";
import { buildBenchWorker } from "./rows.ts";
import { startServer, type RunningServer } from "./servers/start.ts";
import type { ReadersCost } from "./readers-cost.ts";
import { shown, shownRatio, table } from "./table.ts";

const MESSAGES = 50_000;
const BATCH = 100;
const FILL_MS = 60_000;

/** Never sealed while it holds what this bench writes. */
const NEVER_SEALS = { SEGMENT_MAX_MESSAGES: "100000", SEGMENT_MAX_BYTES: "16777216" };

/** How fast a stream is read back, by where its messages lie; each figure is a median over the rounds. */
interface HistoryFigures {
  readonly place: "hot log" | "segments" | "segments, cached";
  readonly messagesPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly requests: number;
  /** How many times the hot log's rate it was, round by round. */
  readonly ratio: number;
}

export interface History {
  readonly reading: readonly HistoryFigures[];
  readonly readers: readonly ReadersCost[];
}

interface Reading {
  readonly ms: number;
  readonly requests: number;
}

async function fill(target: RunningServer, client: Client): Promise<string> {
  const path = newStream();
  await create(target, client, path, JSON_TYPE);
  const { count } = await writeFor([client], {
    durationMs: FILL_MS,
    maxCalls: MESSAGES / BATCH,
    statuses: [204],
    call: (number) => ({ method: "POST", path, contentType: JSON_TYPE, body: batchOf(number * BATCH, BATCH) }),
  });
  if (count !== MESSAGES / BATCH) throw new Error(`only ${count} batches could be written`);
  return path;
}

async function read(client: Client, path: string): Promise<Reading> {
  const startedAt = performance.now();
  const bodies = await readAll(client, path);
  const ms = performance.now() - startedAt;
  checkMessages(
    bodies.map((body) => body.toString("latin1")),
    MESSAGES,
    true,
  );
  return { ms, requests: bodies.length };
}

/** One round: a new stream on each server, so that what is read cold was never read before. */
async function round(hot: RunningServer, cold: RunningServer): Promise<readonly [Reading, Reading, Reading]> {
  const fromHot = await withConnection(hot, async (client) => {
    const path = await fill(hot, client);
    if ((await sealedMessages(client, path)).messages > 0) throw new Error("the hot log was sealed");
    return read(client, path);
  });
  return withConnection(cold, async (client) => {
    const path = await fill(cold, client);
    const sealed = await untilSealed(client, path);
    if (sealed <= MESSAGES - 1000) throw new Error(`only ${sealed} messages were sealed`);
    const first = await read(client, path);
    return [fromHot, first, await read(client, path)] as const;
  });
}

async function measureReading(rounds: number, data: string): Promise<HistoryFigures[]> {
  const hot = await startServer("hot", undefined, data, NEVER_SEALS);
  const cold = await startServer("cold", undefined, data);
  try {
    await round(hot, cold);
    // The first round warms everything up.
    await round(hot, cold);
    const results: (readonly Reading[])[] = [];
    for (let i = 0; i < rounds; i++) results.push(await round(hot, cold));
    return (["hot log", "segments", "segments, cached"] as const).map((place, at) => {
      const rates = results.map((readings) => MESSAGES / ((readings[at]?.ms ?? Number.NaN) / 1000));
      const ratios = results.map((readings) => (readings[0]?.ms ?? Number.NaN) / (readings[at]?.ms ?? Number.NaN));
      const messagesPerSecond = median(rates);
      return {
        place,
        messagesPerSecond,
        megabytesPerSecond: (messagesPerSecond * MESSAGE_BYTES) / 1e6,
        requests: median(results.map((readings) => readings[at]?.requests ?? Number.NaN)),
        ratio: median(ratios),
      };
    });
  } finally {
    await Promise.all([hot.stop(), cold.stop()]);
  }
}

/** What 100 readers of the same history take from the object and from R2, by what they share. */
async function countReaders(data: string): Promise<ReadersCost[]> {
  const server = await startServer("readers", await buildBenchWorker("rows", data), data);
  try {
    const { statusCode, body } = await request(`${server.url}/readers`);
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`counting readers was answered with ${statusCode}: ${text}`);
    return JSON.parse(text) as ReadersCost[];
  } finally {
    await server.stop();
  }
}

export async function measureHistory(rounds: number, data: string): Promise<History> {
  return { reading: await measureReading(rounds, data), readers: await countReaders(data) };
}

export function printHistory({ reading, readers }: History): void {
  const speeds = reading.map(({ place, messagesPerSecond, megabytesPerSecond, requests, ratio }) => [
    place,
    shown(messagesPerSecond),
    shown(megabytesPerSecond),
    shown(requests),
    shownRatio(ratio),
  ]);
  const counts = readers.map(({ near, readers: count, answers, objectRequests, r2Reads }) => [
    near,
    String(count),
    String(answers),
    String(objectRequests),
    String(r2Reads),
  ]);
  process.stdout.write(
    `\nhistory. ${MESSAGES} JSON messages of ${MESSAGE_BYTES} bytes, read back (medians; ratios to the hot log, of one round)\n` +
      `${table(["from", "messages/s", "MB/s", "requests", "of hot"], speeds)}\n\n` +
      `${table(["readers share", "readers", "answers", "object requests", "R2 reads"], counts)}\n`,
  );
}
