// e, i and k: reading a stream back, by ordinary reads and over SSE.
import { createHash } from "node:crypto";
import { withConnection, withConnections } from "../load/http.ts";
import { batchOf, block, BLOCK_BYTES, checkMessages } from "../load/messages.ts";
import { settle } from "../load/settle.ts";
import { dataOf, readSse } from "../load/sse.ts";
import { BYTES_TYPE, create, JSON_TYPE, newStream, readAll } from "../load/streams.ts";
import { writeFor } from "../load/writers.ts";
import type { Sample, Scenario, Target } from "../types.ts";

const MESSAGES = 50_000;
const BATCH = 100;
const BLOCKS = (32 * 1024 * 1024) / BLOCK_BYTES;
const FILL_MS = 60_000;
/** One reading is short, so a round takes a few and reports their mean. */
const READINGS = 3;

/** The stream of 50,000 messages, and the one of 32 MiB, on each server. */
const filled = new Map<string, string>();

function streamOf(target: Target, what: "messages" | "blocks"): string {
  const path = filled.get(`${target.url} ${what}`);
  if (path === undefined) throw new Error(`${target.name} has not been given its ${what}`);
  return path;
}

async function fillMessages(target: Target): Promise<void> {
  if (filled.has(`${target.url} messages`)) return;
  const path = newStream();
  await withConnection(target, async (client) => {
    await create(target, client, path, JSON_TYPE);
    const { count } = await writeFor([client], {
      durationMs: FILL_MS,
      maxCalls: MESSAGES / BATCH,
      statuses: [200, 204],
      call: (number) => ({ method: "POST", path, contentType: JSON_TYPE, body: batchOf(number * BATCH, BATCH) }),
    });
    if (count !== MESSAGES / BATCH) throw new Error(`only ${count} batches could be written`);
    await settle(target, client, path);
  });
  filled.set(`${target.url} messages`, path);
}

async function fillBlocks(target: Target): Promise<void> {
  const path = newStream();
  await withConnection(target, async (client) => {
    await create(target, client, path, BYTES_TYPE);
    const { count } = await writeFor([client], {
      durationMs: FILL_MS,
      maxCalls: BLOCKS,
      statuses: [200, 204],
      call: (number) => ({ method: "POST", path, contentType: BYTES_TYPE, body: block(number) }),
    });
    if (count !== BLOCKS) throw new Error(`only ${count} blocks could be written`);
    await settle(target, client, path);
  });
  filled.set(`${target.url} blocks`, path);
}

/** Runs `reading` some times on one warm connection each; checks what came only when the time has been taken. */
async function meanMs<T>(reading: () => Promise<T>, check: (result: T) => void): Promise<number> {
  let totalMs = 0;
  for (let i = 0; i < READINGS; i++) {
    const startedAt = performance.now();
    const result = await reading();
    totalMs += performance.now() - startedAt;
    check(result);
  }
  return totalMs / READINGS;
}

async function readMessages(target: Target): Promise<Sample> {
  return withConnection(target, async (client) => {
    let requests = 0;
    const ms = await meanMs(
      () => readAll(client, streamOf(target, "messages")),
      (bodies) => {
        requests = bodies.length;
        const texts = bodies.map((body) => body.toString("latin1"));
        checkMessages(texts, MESSAGES, true);
      },
    );
    return { rate: (MESSAGES * 1000) / ms, requests };
  });
}

async function readMessagesOverSse(target: Target): Promise<Sample> {
  const path = `${streamOf(target, "messages")}?offset=-1&live=sse`;
  const ms = await meanMs(
    () => withConnections(target, 1, ([client]) => readSse(client, path)),
    (text) => {
      checkMessages(dataOf(text), MESSAGES, true);
    },
  );
  return { ms };
}

const EXPECTED_HASH = (() => {
  const hash = createHash("sha256");
  for (let number = 0; number < BLOCKS; number++) hash.update(block(number));
  return hash.digest("hex");
})();

async function readBlocks(target: Target): Promise<Sample> {
  return withConnection(target, async (client) => {
    const ms = await meanMs(
      () => readAll(client, streamOf(target, "blocks")),
      (bodies) => {
        const hash = createHash("sha256");
        for (const body of bodies) hash.update(body);
        if (hash.digest("hex") !== EXPECTED_HASH) throw new Error("the 32 MiB did not come back as they were sent");
      },
    );
    return { rate: (BLOCKS * BLOCK_BYTES) / ms / 1000 };
  });
}

export const READS: readonly Scenario[] = [
  {
    key: "e",
    title: "read 50,000 JSON messages",
    // The second Worker implementation of FIGURES.md was 2.19 times as fast as the reference.
    metrics: [
      { key: "rate", label: "messages/s", better: "higher", aims: [{ of: "ref", bound: 2.19, strict: true }] },
      { key: "requests", label: "requests", better: "lower", aims: [] },
    ],
    hasLimit: false,
    prepare: fillMessages,
    run: readMessages,
  },
  {
    key: "i",
    title: "the same over SSE",
    // 49 ms to the reference's 75.
    metrics: [{ key: "ms", label: "ms", better: "lower", aims: [{ of: "ref", bound: 0.65, strict: true }] }],
    hasLimit: false,
    prepare: fillMessages,
    run: readMessagesOverSse,
  },
  {
    key: "k",
    title: "read 32 MiB back",
    metrics: [{ key: "rate", label: "MB/s", better: "higher", aims: [{ of: "ref", bound: 1, strict: true }] }],
    hasLimit: false,
    prepare: fillBlocks,
    run: readBlocks,
  },
];
