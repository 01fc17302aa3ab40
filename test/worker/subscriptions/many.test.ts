import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { PATH_MAX_BYTES, WAKE_STREAMS_MAX } from "../../../src/protocol/limits.ts";
import { onlyByHand } from "../support/alarms.ts";
import { Clock } from "../support/clock.ts";
import { Receiver } from "./support/receiver.ts";
import { pullWake, SubscriptionClient, webhook } from "./support/subscriptions.ts";

const PATTERN = { pattern: "events/*" };
const STREAMS = 2 * WAKE_STREAMS_MAX + 500;

/** As long as those that streams have. */
const INCARNATION = crypto.randomUUID();
const PATHS = Array.from({ length: STREAMS }, (_, i) => `events/${String(i).padStart(5, "0")}`);

/** Gives every stream one more message. Told by as many streams, it would take as many requests. */
async function news(subscription: SubscriptionClient, paths = PATHS): Promise<void> {
  await runInDurableObject(subscription.object, (_instance, { storage }) => {
    for (const path of paths) {
      storage.sql.exec(
        `INSERT INTO link (path, incarnation, kind, acked, tail, begun) VALUES (?, ?, 1, 0, 1, 0)
         ON CONFLICT (path) DO UPDATE SET tail = tail + 1`,
        path,
        INCARNATION,
      );
    }
  });
  await subscription.evict();
}

describe("more streams with news than one wake lists", () => {
  test("claim: each of them is listed in its turn, though the first always have news again", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const subscription = await new SubscriptionClient(pullWake("wake/pool", PATTERN)).created();
    const seen = new Set<string>();
    for (let wakes = 0; wakes < STREAMS / 500; wakes++) {
      await news(subscription);
      const lease = await subscription.claimed();
      const pending = lease.streams.filter(({ acked, tail }) => tail > acked);
      expect(pending).toHaveLength(WAKE_STREAMS_MAX);
      for (const { path } of pending) seen.add(path);
      const acks = Object.fromEntries(pending.map(({ path, tail }) => [path, tail]));
      expect(await subscription.ack(lease, acks)).toEqual({ kind: "acked", nextWake: true });
    }
    expect(seen.size).toBe(STREAMS);
  });

  test("claim: when all are done, none is left", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const subscription = await new SubscriptionClient(pullWake("wake/pool", PATTERN)).created();
    await news(subscription);
    const seen: string[] = [];
    for (let nextWake = true; nextWake;) {
      const lease = await subscription.claimed();
      const pending = lease.streams.filter(({ acked, tail }) => tail > acked);
      seen.push(...pending.map(({ path }) => path));
      const acked = await subscription.ack(lease, Object.fromEntries(pending.map(({ path, tail }) => [path, tail])));
      nextWake = acked.kind === "acked" && acked.nextWake;
    }
    expect(seen).toHaveLength(STREAMS);
    expect(new Set(seen).size).toBe(STREAMS);
  });

  test("webhook: a repeated delivery tells of the same ones, and the next wake of others", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const receiver = new Receiver(() => new Response(null, { status: 500 }));
    const subscription = await new SubscriptionClient(webhook(PATTERN)).created();
    await news(subscription);
    await subscription.notify("events/00000", 2, { incarnation: INCARNATION });
    const first = await receiver.received(1);
    await subscription.reaches("pausing");
    receiver.answer = () => Response.json({ done: true });
    clock.advanceSeconds(2);
    await subscription.alarm();
    const [second, third] = [await receiver.received(2), await receiver.received(3)].map(({ wake }) => ({
      generation: wake.generation,
      paths: wake.streams.filter((stream) => stream.has_pending).map(({ path }) => path),
    }));
    expect(second).toEqual({ generation: 1, paths: first.wake.streams.map(({ path }) => path) });
    expect(third?.paths).toHaveLength(WAKE_STREAMS_MAX);
    expect(third?.paths.filter((path) => second?.paths.includes(path))).toEqual([]);
  });
});

describe("more streams that end than one wake remembers", () => {
  test("webhook: with the longest paths the wake can still be stored, and goes on", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const receiver = new Receiver(() => new Response(null, { status: 500 }));
    const subscription = await new SubscriptionClient(webhook(PATTERN)).created();
    // Each character is two in the row.
    const paths = Array.from(
      { length: 520 },
      (_, i) => `events/${'"'.repeat(PATH_MAX_BYTES - 11)}${String(i).padStart(4, "0")}`,
    );
    await news(subscription, paths);
    await subscription.notify("events/a", 1);
    await subscription.reaches("pausing");
    for (const path of paths)
      expect(await subscription.notify(path, 1, { kind: "ended", incarnation: INCARNATION })).toBe("noted");
    receiver.answer = () => Response.json({ done: true });
    clock.advanceSeconds(2);
    await subscription.alarm();
    await subscription.reaches("idle");
    expect(await subscription.cursor("events/a")).toEqual([1, 1]);
  });
});
