import type { Client } from "undici";
import { expectStatus, withConnections } from "./load/http.ts";
import { startServer, type RunningServer } from "./servers/start.ts";
import { shown, table } from "./table.ts";

/** Streams of each subscription. */
const STREAMS_EACH = 10;
const CLIENTS = 8;
const ROOT = "/v1/stream";

export interface SubscriptionFigures {
  readonly subscriptions: number;
  readonly streams: number;
  /** A second: streams that are created before, subscriptions that are created with their links, appends, and wakes that are finished. */
  readonly created: number;
  readonly subscribed: number;
  readonly appended: number;
  readonly finished: number;
}

interface Claim {
  readonly token: string;
  readonly wake_id: string;
  readonly generation: number;
  readonly streams: readonly { readonly path: string; readonly tail_offset: string; readonly has_pending: boolean }[];
}

/** Does something for each number below `count`, a few at a time; gives how many that were a second. */
async function rate(
  server: RunningServer,
  count: number,
  work: (client: Client, i: number) => Promise<void>,
): Promise<number> {
  return withConnections(server, CLIENTS, async (clients) => {
    let next = 0;
    const startedAt = performance.now();
    await Promise.all(
      clients.map(async (client) => {
        while (next < count) await work(client, next++);
      }),
    );
    return (count * 1000) / (performance.now() - startedAt);
  });
}

function streamPath(i: number): string {
  return `groups/${Math.floor(i / STREAMS_EACH)}/${i % STREAMS_EACH}`;
}

async function post(client: Client, path: string, body: object, token?: string): Promise<Buffer> {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const call = { method: "POST" as const, path: `${ROOT}/${path}`, contentType: "application/json", headers };
  const answer = await expectStatus(client, { ...call, body: Buffer.from(JSON.stringify(body)) }, 200, 204);
  return answer.body;
}

async function subscribe(client: Client, i: number): Promise<void> {
  const config = { type: "pull-wake", pattern: `groups/${i}/*`, wake_stream: "wakes" };
  const call = { method: "PUT" as const, path: `${ROOT}/__ds/subscriptions/s${i}`, contentType: "application/json" };
  await expectStatus(client, { ...call, body: Buffer.from(JSON.stringify(config)) }, 201);
}

/** Works off one subscription until each of its streams was acked. */
async function work(client: Client, i: number): Promise<void> {
  const subscription = `__ds/subscriptions/s${i}`;
  for (let acked = 0; acked < STREAMS_EACH;) {
    const claim = JSON.parse((await post(client, `${subscription}/claim`, { worker: "bench" })).toString()) as Claim;
    const pending = claim.streams.filter((stream) => stream.has_pending);
    const acks = pending.map(({ path, tail_offset: offset }) => ({ stream: path, offset }));
    const { wake_id, generation, token } = claim;
    await post(client, `${subscription}/ack`, { wake_id, generation, acks, done: true }, token);
    acked += acks.length;
  }
}

/** How fast many subscriptions are linked to their streams, and work that all streams have at once is done. */
export async function measureSubscriptions(subscriptions: number, data: string): Promise<SubscriptionFigures> {
  const server = await startServer("subscriptions", undefined, data);
  const streams = subscriptions * STREAMS_EACH;
  const put = async (client: Client, path: string): Promise<void> => {
    await expectStatus(client, { method: "PUT", path: `${ROOT}/${path}`, contentType: "application/json" }, 201);
  };
  try {
    await rate(server, 1, (client) => put(client, "wakes"));
    const created = await rate(server, streams, (client, i) => put(client, streamPath(i)));
    const subscribed = await rate(server, subscriptions, subscribe);
    const appended = await rate(server, streams, async (client, i) => {
      await post(client, streamPath(i), { i });
    });
    const finished = await rate(server, subscriptions, work);
    return { subscriptions, streams, created, subscribed, appended, finished };
  } finally {
    await server.stop();
  }
}

export function printSubscriptions(figures: SubscriptionFigures): void {
  const { subscriptions, streams, created, subscribed, appended, finished } = figures;
  const name = `${subscriptions.toLocaleString("en-US")} subscriptions to ${streams.toLocaleString("en-US")} streams`;
  const row = [name, ...[created, subscribed, appended, finished].map(shown)];
  const header = ["", "streams/s", "subscriptions/s", "appends/s", "worked off/s"];
  process.stdout.write(`\nsubscriptions.\n${table(header, [row])}\n`);
}
