import { beforeAll, describe, expect, test } from "vitest";
import { SeededRandom } from "../support/seeded-random.ts";
import { LONG_SECONDS, onlyByHand } from "./support/alarms.ts";
import { Clock } from "./support/clock.ts";
import { ErrorLog } from "./support/error-log.ts";
import { keepObjectsFast } from "./support/fast-objects.ts";
import { LinkRun } from "./support/link-run.ts";

/** `VITE_LINK_SEED` brings back a run that failed (`VITE_` is what reaches workerd). The last one is new every time. */
const { VITE_LINK_SEED } = (import.meta as unknown as { env: Record<string, string | undefined> }).env;
const SEEDS = VITE_LINK_SEED === undefined ? [1, 2, 3, Date.now() >>> 0] : [Number(VITE_LINK_SEED)];
const RUNS_PER_GROUP = 5;
const STEPS = 16;

/** Runs of a group do a step at the same time, each on its own streams; between steps the clock moves for all of them. */
async function runGroup(seed: number): Promise<void> {
  using clock = new Clock();
  using log = new ErrorLog();
  onlyByHand(clock);
  const random = new SeededRandom(seed);
  const runs = Array.from({ length: RUNS_PER_GROUP }, () => new LinkRun(new SeededRandom(random.int(0, 2 ** 31))));
  const doors = LinkRun.watch(runs);
  const all = (step: (run: LinkRun) => Promise<void>): Promise<void> => allOf(runs, step);
  const settle = async (): Promise<void> => {
    await all((run) => run.calm());
    for (let pass = 0; pass < 4; pass++) {
      clock.advanceSeconds(LONG_SECONDS);
      await all((run) => run.ring());
    }
  };
  await all((run) => run.begin());
  for (let step = 0; step < STEPS; step++) {
    await all((run) => run.step());
    clock.advanceSeconds(random.pick([0, 0, 0.4, 5, 31, 400]));
  }
  await settle();
  await all((run) => run.requireSound());
  await all((run) => run.deleteAll());
  await settle();
  await all((run) => run.requireGone());
  doors[Symbol.dispose]();
  // What was made to fail is in the log, and nothing else is.
  expect(log.take().filter((line) => !/injected|could not be told|into the directory/.test(line))).toEqual([]);
}

/** Waits for all of them, so that none goes on after the test. */
async function allOf(runs: readonly LinkRun[], step: (run: LinkRun) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(runs.map(step));
  for (const [i, result] of results.entries()) {
    if (result.status === "fulfilled") continue;
    const reason: unknown = result.reason;
    const problem = reason instanceof Error ? reason.message : String(reason);
    throw new Error(`run ${String(i)}: ${problem}\nafter ${runs[i]?.steps.join("; ") ?? ""}`, { cause: reason });
  }
}

beforeAll(keepObjectsFast);

describe("streams, their directory and their subscriptions with a fault between them at any step", () => {
  test.each(SEEDS)("end up knowing of each other (VITE_LINK_SEED=%i)", { timeout: 120_000 }, async (seed) => {
    await expect(runGroup(seed)).resolves.toBeUndefined();
  });
});
