import { beforeAll, expect, test } from "vitest";
import { SeededRandom } from "../../support/seeded-random.ts";
import { LONG_SECONDS, onlyByHand } from "../support/alarms.ts";
import { Clock } from "../support/clock.ts";
import { ErrorLog } from "../support/error-log.ts";
import { keepObjectsFast } from "../support/fast-objects.ts";
import { receiveFor } from "./support/receiver.ts";
import { WakeRun } from "./support/wake-run.ts";

/** Runs at the same time, each of which loses an object at a place of its own. */
const AT_ONCE = 8;
const NOTHING_FAILS = { fault: 0, loss: 0 };

const STORY = [
  "create",
  "subscribe",
  "append",
  "claim",
  "anew",
  "append",
  "ack",
  "add",
  "work",
  "delete",
  "create",
  "append",
] as const;

beforeAll(keepObjectsFast);

/** Lives through the story with one object lost at one place; tells whether the story has so many places. */
async function live(run: WakeRun, place: number): Promise<boolean> {
  await run.begin();
  run.loseAt(place);
  for (const what of STORY) await run.perform(what);
  const hasLost = run.hasLost;
  await run.calm();
  return hasLost;
}

function isRejected(result: PromiseSettledResult<unknown> | undefined): result is PromiseRejectedResult {
  return result?.status === "rejected";
}

test(
  "losses: an object that is lost at any one place of a story costs nobody a message",
  { timeout: 240_000 },
  async () => {
    using clock = new Clock();
    using held = new DisposableStack();
    held.use(new ErrorLog());
    onlyByHand(clock);
    let places = 0;
    for (let first = 1, isOver = false; !isOver; first += AT_ONCE) {
      const runs = Array.from({ length: AT_ONCE }, () => new WakeRun(new SeededRandom(1), NOTHING_FAILS));
      const watched = WakeRun.watch(runs);
      receiveFor(runs);
      const hasLost = await Promise.allSettled(runs.map((run, i) => live(run, first + i)));
      // All together: what is under way for one must not take an hour because another has come further.
      const rung: PromiseSettledResult<void>[] = [];
      for (let pass = 0; pass < 4; pass++) {
        clock.advanceSeconds(LONG_SECONDS);
        rung.push(...(await Promise.allSettled(runs.map((run) => run.ring()))));
      }
      const results = await Promise.allSettled(
        runs.map(async (run, i) => {
          const lived = hasLost[i];
          const failed = [lived, ...rung.filter((_ring, at) => at % AT_ONCE === i)].find(isRejected);
          if (failed !== undefined) throw failed.reason;
          await run.requireSound();
          return lived?.status === "fulfilled" && lived.value;
        }),
      );
      watched[Symbol.dispose]();
      for (const [i, result] of results.entries()) {
        if (result.status === "rejected") {
          const steps = runs[i]?.steps.join("; ") ?? "";
          throw new Error(`place ${String(first + i)}: ${String(result.reason)}\nafter ${steps}`);
        }
        if (result.value) places = first + i;
        else isOver = true;
      }
    }
    expect(places).toBeGreaterThan(40);
  },
);
