import { Agent } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SeededRandom } from "../support/seeded-random.ts";
import { ModelRun } from "./support/model-run.ts";
import { startModelServer, type ModelServer } from "./support/model-server.ts";
import { StreamHttp } from "./support/stream-http.ts";

/** MODEL_SEED=<seed> MODEL_RUNS=1 repeats one run. */
const SEED = Number(process.env["MODEL_SEED"] ?? Date.now() % 1_000_000_000);
const RUNS = Number(process.env["MODEL_RUNS"] ?? 300);
const STEPS = Number(process.env["MODEL_STEPS"] ?? 40);
const AT_A_TIME = 8;

const dispatcher = new Agent({ connections: 64, pipelining: 1 });
let server: ModelServer;

beforeAll(async () => {
  // So small that every run crosses from segments into the hot log and back.
  server = await startModelServer({ SEGMENT_MAX_MESSAGES: "5" });
});

afterAll(async () => {
  await dispatcher.destroy();
  await server.stop();
});

async function run(seed: number): Promise<number> {
  const random = new SeededRandom(seed);
  const model = new ModelRun(random, new StreamHttp(`${server.url}/v1/model/stream/run/${String(seed)}`, dispatcher));
  try {
    await model.create();
    for (let i = 0; i < STEPS; i++) await model.step();
    await model.finish();
  } catch (error) {
    const steps = model.log.map((step, i) => `${String(i)}. ${step}`).join("\n  ");
    const log = server.errors().join("\n  ");
    const repeat = `MODEL_SEED=${String(seed)} MODEL_RUNS=1 repeats this.`;
    throw new Error(`${repeat} After\n  ${steps}\nThe server's log ends with\n  ${log}`, { cause: error });
  }
  return model.log.length;
}

test(`model: ${String(RUNS)} runs of random operations from seed ${String(SEED)} answer as the in-memory stream does`, async () => {
  process.stdout.write(`model: MODEL_SEED=${String(SEED)} MODEL_RUNS=${String(RUNS)}\n`);
  const seeds = Array.from({ length: RUNS }, (_, i) => SEED + i);
  let steps = 0;
  const worker = async (): Promise<void> => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
      const done = await run(seed);
      steps += done;
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  expect(steps).toBe(RUNS * (STEPS + 1));
  expect(await server.segments()).toBeGreaterThan(RUNS);
});
