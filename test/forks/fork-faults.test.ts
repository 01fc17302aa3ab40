import { beforeAll, describe, expect, test } from "vitest";
import { SeededRandom } from "../support/seeded-random.ts";
import { LONG_SECONDS, onlyByHand } from "../worker/support/alarms.ts";
import { Clock } from "../worker/support/clock.ts";
import { ErrorLog } from "../worker/support/error-log.ts";
import { keepObjectsFast } from "../worker/support/fast-objects.ts";
import { WatchedSources } from "./support/between-objects.ts";
import { ForkRun } from "./support/fork-run.ts";

/**
 * `VITE_FORK_SEED` brings back a run that failed, and `VITE_FORK_GROUPS` asks for more of them (`VITE_` is what reaches
 * workerd). Without them some groups are always the same ones and the others are new every time.
 */
const { VITE_FORK_SEED, VITE_FORK_GROUPS } = (import.meta as unknown as { env: Record<string, string | undefined> })
  .env;
const FIXED_SEEDS = [1, 2, 3, 4, 5, 6];
const GROUPS = Number(VITE_FORK_GROUPS ?? 10);
const RUNS_PER_GROUP = 20;
const STEPS = 12;

function seeds(): number[] {
  if (VITE_FORK_SEED !== undefined) return [Number(VITE_FORK_SEED)];
  const fresh = Array.from({ length: Math.max(0, GROUPS - FIXED_SEEDS.length) }, (_, i) => (Date.now() + i) >>> 0);
  return [...FIXED_SEEDS, ...fresh].slice(0, GROUPS);
}

/** Runs of a group do a step at the same time, each on its own streams; between steps the clock moves for all of them. */
async function runGroup(seed: number): Promise<void> {
  using clock = new Clock();
  using log = new ErrorLog();
  using sources = new WatchedSources();
  onlyByHand(clock);
  const random = new SeededRandom(seed);
  const runs = Array.from(
    { length: RUNS_PER_GROUP },
    () => new ForkRun(new SeededRandom(random.int(0, 2 ** 31)), sources),
  );
  const all = (step: (run: ForkRun) => Promise<void>): Promise<void> => allOf(seed, runs, step);
  const settle = async (): Promise<void> => {
    await all((run) => run.wake());
    // What failed is tried again after a pause, and what is purged is looked through twice.
    for (let pass = 0; pass < 3; pass++) {
      clock.advanceSeconds(LONG_SECONDS);
      await all((run) => run.ring());
    }
  };
  await all((run) => run.begin());
  for (let step = 0; step < STEPS; step++) {
    await all((run) => run.step());
    clock.advanceSeconds(random.pick([0, 0, 0.4, 5, 31, 61, 400]));
  }
  await all((run) => run.calm());
  await settle();
  await all((run) => run.requireSound());
  await all((run) => run.deleteAll());
  await settle();
  await all((run) => run.requireGone());
  // What was made to fail is in the log, and nothing else is.
  expect(log.take().filter((line) => !/injected|could not be given back/.test(line))).toEqual([]);
}

/** Waits for all of them, so that none goes on after the test, and says how to bring back what failed. */
async function allOf(seed: number, runs: readonly ForkRun[], step: (run: ForkRun) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(runs.map(step));
  for (const [i, result] of results.entries()) {
    if (result.status === "fulfilled") continue;
    const reason: unknown = result.reason;
    const problem = reason instanceof Error ? reason.message : String(reason);
    const steps = runs[i]?.steps.join("; ") ?? "";
    throw new Error(`VITE_FORK_SEED=${String(seed)}, run ${String(i)}: ${problem}\nafter ${steps}`, { cause: reason });
  }
}

beforeAll(keepObjectsFast);

describe("forks with a fault between the objects at any step", () => {
  test.each(seeds())("lose no reference and leave none (VITE_FORK_SEED=%i)", { timeout: 60_000 }, async (seed) => {
    await expect(runGroup(seed)).resolves.toBeUndefined();
  });
});
