import { Agent } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SeededRandom } from "../support/seeded-random.ts";
import { ModelRun } from "./support/model-run.ts";
import { startModelServer, type ModelServer } from "./support/model-server.ts";

/** MODEL_SEED=<seed> MODEL_RUNS=1 repeats one run. */
const SEED = Number(process.env["MODEL_SEED"] ?? Date.now() % 1_000_000_000);
const RUNS = Number(process.env["MODEL_RUNS"] ?? 250);
const STEPS = Number(process.env["MODEL_STEPS"] ?? 40);
const AT_A_TIME = 8;
/** Many times what it takes on a machine that has nothing else to do. */
const PATIENCE_MS = 60_000 + RUNS * STEPS * 40;

const dispatcher = new Agent({ connections: 64, pipelining: 1 });
let server: ModelServer;

beforeAll(async () => {
  // So small that every run crosses from segments into the hot log and back.
  server = await startModelServer({ SEGMENT_MAX_MESSAGES: "5", OPERATOR_API: "open" });
});

afterAll(async () => {
  await dispatcher.destroy();
  await server.stop();
});

async function run(seed: number): Promise<{ steps: number; segments: number }> {
  const model = new ModelRun(new SeededRandom(seed), server.url, dispatcher, seed);
  try {
    await model.start();
    for (let i = 0; i < STEPS; i++) await model.step();
    const segments = await model.finish();
    return { steps: model.log.length, segments };
  } catch (error) {
    const steps = model.log.map((step, i) => `${String(i)}. ${step}`).join("\n  ");
    const log = server.errors().join("\n  ");
    // Apart from what was left to chance: the order of what came at the same time, and the moment of clean-up.
    const repeat = `MODEL_SEED=${String(seed)} MODEL_RUNS=1 repeats this.`;
    throw new Error(`${repeat} After\n  ${steps}\nThe server's log ends with\n  ${log}`, { cause: error });
  }
}

test(
  `model: ${String(RUNS)} runs of random operations from seed ${String(SEED)} answer as the in-memory streams do`,
  async () => {
    process.stdout.write(`model: MODEL_SEED=${String(SEED)} MODEL_RUNS=${String(RUNS)}\n`);
    const seeds = Array.from({ length: RUNS }, (_, i) => SEED + i);
    const done = { steps: 0, segments: 0 };
    const worker = async (): Promise<void> => {
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
        const { steps, segments } = await run(seed);
        done.steps += steps;
        done.segments += segments;
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
    expect(done.steps).toBe(RUNS * (STEPS + 2));
    // Every stream ended, so nothing may be left of any of them, whoever shared it.
    await expect.poll(() => server.segments(), { timeout: 60_000 }).toBe(0);
    // One run alone, repeated, may have little to seal.
    expect(done.segments).toBeGreaterThan(RUNS === 1 ? -1 : RUNS);
  },
  PATIENCE_MS,
);
