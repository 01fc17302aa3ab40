import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { SignJWT } from "jose";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { WEBHOOK_TIMEOUT_MS } from "../../../src/protocol/limits.ts";
import {
  WAKE_TOKEN_AUDIENCE,
  WAKE_TOKEN_TYPE,
  wakeTokenSubject,
} from "../../../src/protocol/subscription/wake-token-claims.ts";
import { DirectoryDO } from "../../../src/worker/directory/directory-do.ts";
import { onlyByHand } from "../support/alarms.ts";
import { atTheDoor, Gate } from "../support/at-the-door.ts";
import { Clock } from "../support/clock.ts";
import { ProjectClient, SubscriptionHttp } from "./support/http.ts";
import { Receiver, type Delivery } from "./support/receiver.ts";
import { HOOK, pullWake, SubscriptionClient, webhook } from "./support/subscriptions.ts";

const PATTERN = { pattern: "events/*" };

async function callback(
  subscription: SubscriptionClient,
  { wake }: Delivery,
  acks: Record<string, number>,
  done = true,
) {
  const { callback_token: token, wake_id: wakeId, generation } = wake;
  return subscription.object.callback(subscription.request({ token, wakeId, generation }, acks, done));
}

describe("webhook: a lease shorter than the answer takes", () => {
  test("webhook: it is not cut off by its own next wake, and the lease begins with its answer", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const gate = new Gate();
    const receiver = new Receiver(async () => {
      await gate.pass();
      return Response.json({});
    });
    const subscription = await new SubscriptionClient(webhook({ ...PATTERN, leaseTtlMs: 1000 })).created();
    await subscription.notify("events/a", 3);
    const delivery = await receiver.received(1);
    clock.advanceSeconds(9);
    await subscription.alarm();
    await subscription.notify("events/a", 4);
    expect(await subscription.describe()).toMatchObject({ generation: 1, status: "active" });
    expect(await callback(subscription, delivery, { "events/a": 1 }, false)).toMatchObject({ kind: "acked" });
    await runInDurableObject(subscription.object, gate.open);
    await subscription.reaches("sent");
    expect(await callback(subscription, delivery, { "events/a": 4 })).toEqual({ kind: "acked", nextWake: false });
    expect(receiver.deliveries).toHaveLength(1);
  });

  test("webhook: a second after its answer that lease ends", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const receiver = new Receiver(() => Response.json({}));
    const subscription = await new SubscriptionClient(webhook({ ...PATTERN, leaseTtlMs: 1000 })).created();
    await subscription.notify("events/a", 3);
    const delivery = await receiver.received(1);
    await subscription.reaches("sent");
    clock.advanceSeconds(1);
    expect(await callback(subscription, delivery, { "events/a": 3 })).toMatchObject({ error: { code: "FENCED" } });
    expect((await receiver.received(2)).wake.generation).toBe(2);
  });
});

describe("webhook: a key that takes its time", () => {
  test("webhook: the time that signing takes is part of the delivery's, so that its lease outlasts it", async () => {
    const receiver = new Receiver();
    const subscription = await new SubscriptionClient(webhook(PATTERN)).created();
    const gate = new Gate();
    const door = atTheDoor(DirectoryDO, "signingKey", async (real) => {
      await gate.pass();
      return real();
    });
    const timers = vi.spyOn(globalThis, "setTimeout");
    onTestFinished(() => {
      timers.mockRestore();
      door[Symbol.dispose]();
    });
    await subscription.notify("events/a", 3);
    await gate.reached;
    const [end] = timers.mock.calls.find(([, ms]) => ms === WEBHOOK_TIMEOUT_MS) ?? [];
    if (end === undefined) throw new Error("nothing ends the delivery while it is signed");
    await runInDurableObject(subscription.object, () => {
      end();
    });
    await runInDurableObject(env.DIRECTORY.getByName(subscription.name.project), gate.open);
    const { failing } = await subscription.reaches("pausing");
    expect(failing?.reason).toContain("within 10 s");
    expect(receiver.deliveries).toEqual([]);
  });
});

describe("webhook: a delivery that is repeated", () => {
  test("webhook: a callback acks the streams that came to be since the wake was issued, if it told of them", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const receiver = new Receiver(() => new Response(null, { status: 500 }));
    const subscription = await new SubscriptionClient(webhook(PATTERN)).created();
    await subscription.notify("events/a", 3);
    await subscription.reaches("pausing");
    await subscription.notify("events/b", 2);
    receiver.answer = () => Response.json({});
    clock.advanceSeconds(2);
    await subscription.alarm();
    const second = await receiver.received(2);
    expect(second.wake).toMatchObject({ generation: 1, streams: [{ path: "events/a" }, { path: "events/b" }] });
    await subscription.reaches("sent");
    await subscription.notify("events/c", 1);
    const acks = { "events/a": 3, "events/b": 2, "events/c": 1 };
    // Of the last one this wake told nothing: the next one does.
    expect(await callback(subscription, second, acks)).toEqual({ kind: "acked", nextWake: true });
    expect(await subscription.cursor("events/b")).toEqual([2, 2]);
    expect(await subscription.cursor("events/c")).toEqual([0, 1]);
  });
});

describe("webhook: where it calls back", () => {
  test("webhook: that follows the PUT that confirms the subscription last, also while a delivery waits to be repeated", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const receiver = new Receiver(() => new Response(null, { status: 500 }));
    const subscription = await new SubscriptionClient(webhook(PATTERN)).created();
    await subscription.notify("events/a", 3);
    const first = await receiver.received(1);
    await subscription.reaches("pausing");
    const { config, name } = subscription;
    const root = "https://moved.test/v1/stream";
    const confirmed = await subscription.object.create({ ...name, config, configHash: JSON.stringify(config), root });
    expect(confirmed).toMatchObject({ kind: "confirmed", subscription: { root } });
    clock.advanceSeconds(2);
    await subscription.alarm();
    const second = await receiver.received(2);
    expect(second.wake.wake_id).toBe(first.wake.wake_id);
    expect(second.wake.callback_url).toBe(`${root}/__ds/subscriptions/${name.id}/callback`);
  });

  test("webhook: a PUT that is refused changes nothing of it", async () => {
    new Receiver();
    const subscription = await new SubscriptionClient(webhook(PATTERN)).created();
    const { root } = await subscription.describe();
    const config = webhook({ pattern: "others/*", webhookUrl: HOOK });
    const refused = await subscription.object.create({
      ...subscription.name,
      config,
      configHash: JSON.stringify(config),
      root: "https://moved.test/v1/stream",
    });
    expect(refused).toMatchObject({ kind: "refused", error: { code: "SUBSCRIPTION_ALREADY_EXISTS" } });
    expect((await subscription.describe()).root).toBe(root);
  });
});

describe("release: again and again", () => {
  test("release: the next event comes after a pause that grows, and is never lost", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const project = new ProjectClient();
    await project.createStream("wake/pool");
    const subscription = await new SubscriptionClient(pullWake("wake/pool", PATTERN), project.project).created();
    await subscription.notify("events/a", 3);
    for (const [i, leastMs] of [800, 1600, 3200].entries()) {
      await subscription.reaches("sent");
      expect((await subscription.streamPosition("wake/pool")).tail).toBe(i + 1);
      const lease = await subscription.claimed();
      expect(await subscription.object.release(subscription.request(lease))).toEqual({ kind: "released" });
      const { phase, failing } = await subscription.wake();
      if (phase.kind !== "pausing") throw new Error(`after a release the wake is ${phase.kind}`);
      expect(failing?.reason).toContain("released");
      expect(phase.dueAtMs - clock.nowMs).toBeGreaterThanOrEqual(leastMs);
      await subscription.evict();
      await subscription.alarm();
      expect((await subscription.wake()).phase.kind).toBe("pausing");
      clock.advanceSeconds((phase.dueAtMs - clock.nowMs) / 1000);
      await subscription.alarm();
    }
    // Who asks need not wait, and with work done there is no pause.
    const lease = await subscription.claimed();
    await subscription.ack(lease, { "events/a": 1 }, false);
    await subscription.object.release(subscription.request(lease));
    await subscription.reaches("sent");
    expect(await subscription.describe()).toMatchObject({ status: "active" });
  });
});

describe("token: what it tells whoever has none", () => {
  test.each(["ack", "release", "callback"] as const)(
    "token: to %s, whether there is such a subscription",
    async (action) => {
      const project = new ProjectClient();
      const there = await project.pullWake(PATTERN);
      await project.createStream("events/a", 1);
      const { wake_id, generation } = await there.claimed();
      const answers = await Promise.all(
        [there, new SubscriptionHttp(project, "none")].map(async (subscription) => {
          const token = await new SignJWT({ generation, wake_id })
            .setProtectedHeader({ alg: "HS256", typ: WAKE_TOKEN_TYPE })
            .setSubject(wakeTokenSubject(project.project, subscription.id))
            .setAudience(WAKE_TOKEN_AUDIENCE)
            .setExpirationTime("1h")
            .sign(new Uint8Array(32));
          const answer = await subscription.wake(action, { wake_id, generation, token });
          return [answer.status, [...answer.headers], await answer.json()];
        }),
      );
      expect(answers[0]?.[0]).toBe(401);
      expect(answers[1]).toEqual(answers[0]);
    },
  );
});
