// f and g: live readers.
import type { Client } from "undici";
import { expectStatus, withConnections, type Answer } from "../load/http.ts";
import { checkMessages, oneMessage } from "../load/messages.ts";
import { quantile } from "../load/stats.ts";
import { create, JSON_TYPE, newStream } from "../load/streams.ts";
import type { Sample, Scenario, Target } from "../types.ts";
import { broadcast } from "./broadcast.ts";

const ROUND_TRIPS_MAX = 100;
/** Until a long-poll has surely arrived at the server and waits. */
const ARRIVAL_MS = 10;
const PATIENCE_MS = 5_000;

async function longPoll(target: Target, durationMs: number): Promise<Sample> {
  const latenciesMs: number[] = [];
  await withConnections(target, 2, async ([writer, reader]) => {
    if (writer === undefined || reader === undefined) return;
    const path = newStream();
    await create(target, writer, path, JSON_TYPE);
    const texts: string[] = [];
    const endsAt = performance.now() + durationMs;
    let offset = "-1";
    for (let number = 0; number < ROUND_TRIPS_MAX && performance.now() < endsAt; number++) {
      const poll = nextMessage(reader, path, offset);
      poll.catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, ARRIVAL_MS));
      const sentAt = performance.now();
      const call = { method: "POST", path, contentType: JSON_TYPE, body: oneMessage(number) } as const;
      const appended = expectStatus(writer, call, 200, 204);
      appended.catch(() => undefined);
      const { headers, body } = await poll;
      latenciesMs.push(performance.now() - sentAt);
      await appended;
      texts.push(body.toString("latin1"));
      offset = String(headers["stream-next-offset"]);
    }
    checkMessages(texts, latenciesMs.length, true);
  });
  return { p50: quantile(latenciesMs, 0.5), p99: quantile(latenciesMs, 0.99) };
}

/** Polls until something comes: the reference may wake its reader before it can show the message. */
async function nextMessage(reader: Client, path: string, offset: string): Promise<Answer> {
  const endsAt = performance.now() + PATIENCE_MS;
  while (performance.now() < endsAt) {
    const answer = await expectStatus(reader, { method: "GET", path: `${path}?offset=${offset}&live=long-poll` }, 200);
    if (answer.headers["stream-next-offset"] !== offset && answer.body.byteLength > "[]".length) return answer;
  }
  throw new Error(`long-polls came back with nothing for ${PATIENCE_MS / 1000} s`);
}

const READERS = 100;
const EVERY_MS = 20;

async function fanOut(target: Target, durationMs: number): Promise<Sample> {
  return withConnections(target, READERS, async (readers) => {
    const appends = Math.ceil(durationMs / EVERY_MS);
    const { deliveriesMs, answersMs } = await broadcast(target, readers, { appends, everyMs: EVERY_MS });
    return {
      p50: quantile(deliveriesMs, 0.5),
      p99: quantile(deliveriesMs, 0.99),
      answer50: quantile(answersMs, 0.5),
      answer99: quantile(answersMs, 0.99),
    };
  });
}

export const LIVE: readonly Scenario[] = [
  {
    key: "f",
    title: "100 SSE readers, append every 20 ms",
    metrics: [
      { key: "p50", label: "delivery p50 ms", better: "lower", aims: [] },
      { key: "p99", label: "delivery p99 ms", better: "lower", aims: [{ of: "itself", bound: 50, strict: true }] },
      { key: "answer50", label: "append p50 ms", better: "lower", aims: [] },
      { key: "answer99", label: "append p99 ms", better: "lower", aims: [] },
    ],
    hasLimit: false,
    run: (target, loadMs) => fanOut(target, 2 * loadMs),
  },
  {
    key: "g",
    title: "long-poll round trip",
    // The second Worker implementation of FIGURES.md took 0.79 (p50) and 0.82 (p99) of the reference's time.
    metrics: [
      { key: "p50", label: "p50 ms", better: "lower", aims: [{ of: "ref", bound: 0.79, strict: true }] },
      { key: "p99", label: "p99 ms", better: "lower", aims: [{ of: "ref", bound: 0.82, strict: true }] },
    ],
    hasLimit: false,
    run: longPoll,
  },
];
