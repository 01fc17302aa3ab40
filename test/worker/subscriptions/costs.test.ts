import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { onlyByHand } from "../support/alarms.ts";
import { Clock } from "../support/clock.ts";
import { Meter } from "../support/meter.ts";
import { Receiver } from "./support/receiver.ts";
import { pullWake, SubscriptionClient, webhook } from "./support/subscriptions.ts";

async function metered(subscription: SubscriptionClient): Promise<Meter> {
  const meter = new Meter();
  await runInDurableObject(subscription.object, (_instance, { storage }) => {
    meter.watchStorage(storage);
  });
  return meter;
}

function rows(meter: Meter): number {
  return meter.take().rowsWritten;
}

test("costs: the rows that a webhook's wake writes", async () => {
  using clock = new Clock();
  onlyByHand(clock);
  const receiver = new Receiver(() => new Response());
  const subscription = await new SubscriptionClient(webhook({ pattern: "events/*" })).created();
  // Else the alarm of the making is still to come.
  await subscription.alarm();
  const meter = await metered(subscription);
  const { incarnation } = await subscription.record();
  meter.take();
  await subscription.object.notify({
    ...subscription.name,
    subscription: incarnation,
    path: "events/a",
    incarnation: "of events/a",
    kind: "appended",
    linkedFrom: 0,
    tail: 1,
  });
  await receiver.received(1);
  await subscription.reaches("sent");
  // The link, the wake, the alarm; then that it was delivered.
  expect(rows(meter)).toBe(4);
  await subscription.notify("events/a", 2);
  expect(rows(meter)).toBe(1);
  await subscription.notify("events/a", 2);
  expect(rows(meter)).toBe(0);
  const { wake } = await receiver.received(1);
  const request = { token: wake.callback_token, wakeId: wake.wake_id, generation: wake.generation };
  await subscription.object.callback(subscription.request(request, { "events/a": 2 }));
  // The link and the wake; the alarm stays as it is.
  expect(rows(meter)).toBe(2);
});

test("costs: the rows that a pull-wake's claim, heartbeat and ack write", async () => {
  using clock = new Clock();
  onlyByHand(clock);
  const subscription = await new SubscriptionClient(pullWake("wake/pool", { pattern: "events/*" })).created();
  await subscription.alarm();
  await subscription.notify("events/a", 3);
  await subscription.reaches("pausing");
  const meter = await metered(subscription);
  meter.take();
  const claim = await subscription.claimed();
  expect(rows(meter)).toBe(1);
  await subscription.ack(claim, {}, false);
  // In the same millisecond the lease ends as before.
  expect(rows(meter)).toBe(1);
  await subscription.ack(claim, { "events/a": 3 });
  expect(rows(meter)).toBe(2);
  await subscription.claim();
  expect(rows(meter)).toBe(0);
});

test("costs: asking for a subscription that is not there writes nothing", async () => {
  const subscription = new SubscriptionClient(webhook({ pattern: "events/*" }));
  const meter = await metered(subscription);
  meter.take();
  expect(await subscription.object.describe("", 10)).toEqual({ kind: "absent" });
  expect(await subscription.claim()).toEqual({ kind: "absent" });
  expect(await subscription.object.delete(subscription.name)).toEqual({ kind: "absent" });
  expect(rows(meter)).toBe(0);
});
