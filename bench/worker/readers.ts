import type { BaseEnv } from "../../src/worker/create-stream-worker.ts";
import { BLOCK_MEMORY } from "../../src/worker/segments/block-memory.ts";
import { WatchedBucket } from "../../test/worker/support/bucket.ts";
import type { ReadersCost } from "../readers-cost.ts";
import type { Meter } from "../../test/worker/support/meter.ts";

const READERS = 100;
const MESSAGES = 50_000;
const BATCH = 1000;
const JSON_TYPE = { "Content-Type": "application/json" };

/** Sends a request to `/v1/stream/{path}`. */
export type Ask = (path: string, init?: RequestInit<IncomingRequestCfProperties>) => Promise<Response>;

async function fillAndSeal(ask: Ask, env: BaseEnv, name: string): Promise<void> {
  await ask(name, { method: "PUT", headers: JSON_TYPE });
  for (let first = 0; first < MESSAGES; first += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, i) => `{"i":${String(first + i)},"p":"${"x".repeat(80)}"}`);
    await ask(name, { method: "POST", headers: JSON_TYPE, body: `[${batch.join(",")}]` });
  }
  // The object's alarm seals by itself; nobody is told when it is done.
  const object = env.STREAMS.getByName(`default/${name}`);
  while ((await object.inspect())?.sealing.state !== "idle") await scheduler.wait(20);
}

async function readAll(ask: Ask, name: string): Promise<number> {
  let answers = 0;
  for (let offset = "-1", isOver = false; !isOver;) {
    const answer = await ask(`${name}?offset=${offset}`);
    if (answer.status !== 200) throw new Error(`a read was answered with ${String(answer.status)}`);
    await answer.arrayBuffer();
    answers++;
    offset = answer.headers.get("Stream-Next-Offset") ?? "-1";
    isOver = answer.headers.get("Stream-Up-To-Date") === "true";
  }
  return answers;
}

/** Counts what readers, one after another, take from the object and from R2. */
export async function countReaders(ask: Ask, env: BaseEnv, meter: Meter): Promise<ReadersCost[]> {
  const open = caches.open.bind(caches);
  const costs: ReadersCost[] = [];
  for (const near of ["nothing", "their isolate", "their data centre"] as const) {
    const name = `readers-${crypto.randomUUID()}`;
    await fillAndSeal(ask, env, name);
    if (near !== "their data centre") caches.open = () => Promise.reject(new Error("no cache"));
    try {
      using bucket = new WatchedBucket();
      meter.take();
      let answers = 0;
      for (let reader = 0; reader < READERS; reader++) {
        if (near !== "their isolate") BLOCK_MEMORY.clear();
        answers += await readAll(ask, name);
      }
      const { get, head } = bucket.take();
      costs.push({
        near,
        readers: READERS,
        answers,
        objectRequests: meter.take().objectRequests,
        r2Reads: get + head,
      });
    } finally {
      caches.open = open;
    }
  }
  return costs;
}
