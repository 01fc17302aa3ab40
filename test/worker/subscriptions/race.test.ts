import { expect, test } from "vitest";
import { onlyByHand } from "../support/alarms.ts";
import { Clock } from "../support/clock.ts";
import { SeededRandom } from "../../support/seeded-random.ts";
import { LEASE_SECONDS, pullWake, SubscriptionClient } from "./support/subscriptions.ts";

const WAKES = 1000;

test("race: two workers, of which one dies now and then, process every event of 1,000 wakes, and never hold the same one", async () => {
  using clock = new Clock();
  onlyByHand(clock);
  const random = new SeededRandom(7);
  const subscription = await new SubscriptionClient(pullWake("wake/pool", { pattern: "events/*" })).created();
  const holders = new Map<number, string>();
  const processed = new Set<number>();
  const { incarnation } = await subscription.record();
  const told = { ...subscription.name, subscription: incarnation, path: "events/a", incarnation: "i", linkedFrom: 0 };
  let tail = 0;
  let cursor = 0;
  while (holders.size < WAKES) {
    await subscription.object.notify({ ...told, kind: "appended", tail: ++tail });
    const claims = await Promise.all(["worker-1", "worker-2"].map((worker) => subscription.claim(worker)));
    const won = claims.filter((claim) => claim.kind === "claimed");
    expect(won).toHaveLength(1);
    const [claim] = won;
    if (claim === undefined) break;
    expect(holders.has(claim.generation)).toBe(false);
    holders.set(claim.generation, claim.wakeId);
    const [stream] = claim.streams;
    expect(stream?.tail).toBe(tail);
    const acked = stream?.acked ?? 0;
    expect(acked).toBeGreaterThanOrEqual(cursor);
    expect(acked).toBeLessThan(tail);
    cursor = acked;
    for (let position = acked; position < tail; position++) processed.add(position);
    const fate = random.next();
    if (fate < 0.1) {
      clock.advanceSeconds(LEASE_SECONDS);
      if (fate < 0.05) await subscription.alarm();
      expect(await subscription.ack(claim, { "events/a": tail })).toMatchObject({ error: { code: "FENCED" } });
    } else if (fate < 0.15) {
      await subscription.object.release(subscription.request(claim));
    } else {
      if (fate < 0.16) await subscription.alarm();
      expect(await subscription.ack(claim, { "events/a": tail })).toEqual({ kind: "acked", nextWake: false });
    }
  }
  expect(processed.size).toBe(tail);
  expect((await subscription.cursor("events/a"))?.[0]).toBeGreaterThanOrEqual(cursor);
  expect(new Set(holders.values()).size).toBe(WAKES);
}, 240_000);
