import { beforeAll, describe, expect, test } from "vitest";
import { SeededRandom } from "../support/seeded-random.ts";
import { LONG_SECONDS, onlyByHand } from "../worker/support/alarms.ts";
import { WatchedBucket } from "../worker/support/bucket.ts";
import { Clock } from "../worker/support/clock.ts";
import { ErrorLog } from "../worker/support/error-log.ts";
import { keepObjectsFast } from "../worker/support/fast-objects.ts";
import { FaultRun } from "./support/fault-run.ts";

/**
 * `VITE_SEAL_SEED` brings back a run that failed, and `VITE_SEAL_GROUPS` asks for more of them (`VITE_` is what reaches
 * workerd). Without them some groups are always the same ones and the others are new every time.
 */
const { VITE_SEAL_SEED, VITE_SEAL_GROUPS } = (import.meta as unknown as { env: Record<string, string | undefined> })
  .env;
const FIXED_SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const GROUPS = Number(VITE_SEAL_GROUPS ?? 16);
const RUNS_PER_GROUP = 20;
const STEPS = 7;

function seeds(): number[] {
  if (VITE_SEAL_SEED !== undefined) return [Number(VITE_SEAL_SEED)];
  const fresh = Array.from({ length: Math.max(0, GROUPS - FIXED_SEEDS.length) }, (_, i) => (Date.now() + i) >>> 0);
  return [...FIXED_SEEDS, ...fresh].slice(0, GROUPS);
}

/** Runs of a group do a step at the same time, each on its own stream; between steps the clock moves for all of them. */
async function runGroup(seed: number): Promise<void> {
  using clock = new Clock();
  using bucket = new WatchedBucket();
  using log = new ErrorLog();
  onlyByHand(clock);
  const random = new SeededRandom(seed);
  const runs = Array.from({ length: RUNS_PER_GROUP }, () => new FaultRun(new SeededRandom(random.int(0, 2 ** 31))));
  FaultRun.watch(bucket, runs);
  const all = (step: (run: FaultRun) => Promise<void>): Promise<void> => allOf(seed, runs, step);
  await all((run) => run.begin());
  for (let step = 0; step < STEPS; step++) {
    await all((run) => run.step());
    clock.advanceSeconds(random.pick([0, 0, 0.4, 1.3, 5, 400]));
  }
  await all((run) => run.calm());
  for (let pass = 0; pass < 2; pass++) {
    clock.advanceSeconds(LONG_SECONDS);
    await all((run) => run.settle());
  }
  await all((run) => run.requireSealed());
  await all((run) => run.delete());
  clock.advanceSeconds(LONG_SECONDS);
  await all((run) => run.requireGone());
  // Failed attempts are in the log, and nothing else is.
  expect(
    log.take().filter((line) => !/ could not be sealed \(attempt \d+\): | could not be removed, /.test(line)),
  ).toEqual([]);
}

/** Waits for all of them, so that none goes on after the test, and says how to bring back what failed. */
async function allOf(seed: number, runs: readonly FaultRun[], step: (run: FaultRun) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(runs.map(step));
  for (const [i, result] of results.entries()) {
    if (result.status === "fulfilled") continue;
    const reason: unknown = result.reason;
    const problem = reason instanceof Error ? reason.message : String(reason);
    const steps = runs[i]?.steps.join(", ") ?? "";
    throw new Error(`VITE_SEAL_SEED=${String(seed)}, run ${String(i)}: ${problem}\nafter ${steps}`, { cause: reason });
  }
}

beforeAll(keepObjectsFast);

describe("sealing with a fault at any step", () => {
  test.each(seeds())("loses, doubles and leaves nothing (VITE_SEAL_SEED=%i)", { timeout: 60_000 }, async (seed) => {
    await expect(runGroup(seed)).resolves.toBeUndefined();
  });
});
