import { beforeAll, describe, expect, test } from "vitest";
import { SeededRandom } from "../../support/seeded-random.ts";
import { LONG_SECONDS, onlyByHand } from "../support/alarms.ts";
import { Clock } from "../support/clock.ts";
import { ErrorLog } from "../support/error-log.ts";
import { keepObjectsFast } from "../support/fast-objects.ts";
import { receiveFor } from "./support/receiver.ts";
import { WakeRun } from "./support/wake-run.ts";

/** `VITE_WAKE_SEED` brings back a run that failed (`VITE_` is what reaches workerd). The last one is new every time. */
const { VITE_WAKE_SEED } = (import.meta as unknown as { env: Record<string, string | undefined> }).env;
const SEEDS = VITE_WAKE_SEED === undefined ? [1, 2, 3, 4, 5, 6, 7, 8, Date.now() >>> 0] : [Number(VITE_WAKE_SEED)];
const RUNS_PER_GROUP = 3;
const STEPS = 40;

async function runGroup(seed: number): Promise<void> {
  using clock = new Clock();
  using held = new DisposableStack();
  held.use(new ErrorLog());
  onlyByHand(clock);
  const random = new SeededRandom(seed);
  const runs = Array.from({ length: RUNS_PER_GROUP }, () => new WakeRun(new SeededRandom(random.int(0, 2 ** 31))));
  held.use(WakeRun.watch(runs));
  receiveFor(runs);
  const all = async (step: (run: WakeRun) => Promise<void>): Promise<void> => {
    const results = await Promise.allSettled(runs.map(step));
    for (const [i, result] of results.entries()) {
      if (result.status === "rejected")
        throw new Error(`run ${String(i)}: ${String(result.reason)}\nafter ${runs[i]?.steps.join("; ") ?? ""}`);
    }
  };
  await all((run) => run.begin());
  for (let step = 0; step < STEPS; step++) {
    await all((run) => run.step());
    clock.advanceSeconds(random.pick([0, 0, 0, 0, 0.4, 5, 31, 400]));
  }
  await all((run) => run.calm());
  for (let pass = 0; pass < 5; pass++) {
    clock.advanceSeconds(LONG_SECONDS);
    await all((run) => run.ring());
  }
  await all((run) => run.requireSound());
}

beforeAll(keepObjectsFast);

describe("a webhook and a pool of workers with a fault at any step", () => {
  test.each(SEEDS)(
    "are woken for every message, and hold no wake twice (VITE_WAKE_SEED=%i)",
    { timeout: 120_000 },
    async (seed) => {
      await expect(runGroup(seed)).resolves.toBeUndefined();
    },
  );
});
