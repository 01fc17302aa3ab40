import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { DirectoryDO } from "../../../src/worker/directory/directory-do.ts";
import { SubscriptionDO } from "../../../src/worker/subscriptions/subscription-do.ts";
import { LONG_SECONDS, loseMemory, onlyByHand, runAlarms } from "../support/alarms.ts";
import { atTheDoor } from "../support/at-the-door.ts";
import { Clock } from "../support/clock.ts";
import { ErrorLog } from "../support/error-log.ts";
import { eventually } from "../support/eventually.ts";
import { NOTHING_STORED, storedState } from "../support/object-state.ts";
import { freshName, sendTo, StreamClient } from "../support/stream-client.ts";
import { Receiver } from "./support/receiver.ts";
import { pullWake, SubscriptionClient, webhook } from "./support/subscriptions.ts";

/** The streams of these tests are of that project. */
const PROJECT = "default";

let clock: Clock;
let log: ErrorLog;

beforeEach(() => {
  log = new ErrorLog();
  clock = new Clock();
  onlyByHand(clock);
  onTestFinished(() => {
    clock[Symbol.dispose]();
    log[Symbol.dispose]();
  });
});

/** A pattern that no other test's streams match. */
function ownPattern(): string {
  return `${freshName("farewell")}/*`;
}

function streamOf(pattern: string): StreamClient {
  return new StreamClient(pattern.replace("*", "a"), "application/json", sendTo());
}

/** Until it is disposed of, or the test is over. */
function refusing(method: "removeSubscription" | "unregister"): Disposable {
  const door = atTheDoor(DirectoryDO, method, () => {
    throw new Error(`injected: ${method}`);
  });
  onTestFinished(() => {
    door[Symbol.dispose]();
  });
  return door;
}

async function listed(id: string): Promise<boolean> {
  const { subscriptions } = await env.DIRECTORY.getByName(PROJECT).subscriptions("", 1000);
  return subscriptions.some((each) => each.id === id);
}

async function farewells({ object }: SubscriptionClient): Promise<readonly { due_at_ms: number; failures: number }[]> {
  return runInDurableObject(object, (_instance, { storage }) => {
    const [table] = storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'farewell'").toArray();
    if (table === undefined) return [];
    return storage.sql
      .exec<{ due_at_ms: number; failures: number }>("SELECT due_at_ms, failures FROM farewell")
      .toArray();
  });
}

test("farewell: a deleted subscription is gone at once, and the directory hears of it however often that fails", async () => {
  const pattern = ownPattern();
  const subscription = await new SubscriptionClient(pullWake("wake/none", { pattern }), PROJECT).created();
  const door = refusing("removeSubscription");
  expect(await subscription.object.delete(subscription.name)).toEqual({ kind: "deleted" });
  expect(await subscription.object.describe("", 10)).toEqual({ kind: "absent" });
  for (let failures = 1; failures <= 3; failures++) {
    const [farewell] = await farewells(subscription);
    expect(farewell?.failures).toBe(failures);
    expect(farewell?.due_at_ms).toBeGreaterThanOrEqual(clock.nowMs + 1000 * 2 ** (failures - 1));
    expect(await listed(subscription.name.id)).toBe(true);
    await subscription.loseMemory();
    clock.advanceSeconds(LONG_SECONDS);
    if (failures === 3) door[Symbol.dispose]();
    expect(await subscription.alarm()).toBe(true);
  }
  expect(await listed(subscription.name.id)).toBe(false);
  expect(await farewells(subscription)).toEqual([]);
  expect(await subscription.alarm()).toBe(false);
});

test("farewell: a stream that is made while the directory still lists the subscription forgets it with its first news", async () => {
  const pattern = ownPattern();
  const subscription = await new SubscriptionClient(pullWake("wake/none", { pattern }), PROJECT).created();
  refusing("removeSubscription");
  await subscription.object.delete(subscription.name);
  const stream = streamOf(pattern);
  await stream.put({ body: "[1]" });
  await eventually(async () => (await storedState(stream)).tables["link"] ?? []).toEqual([]);
  expect(await subscription.object.describe("", 10)).toEqual({ kind: "absent" });
});

test("farewell: of a subscription whose id is another's by now, it takes nothing from that one", async () => {
  const pattern = ownPattern();
  const first = await new SubscriptionClient(webhook({ pattern }), PROJECT).created();
  const door = refusing("removeSubscription");
  await first.object.delete(first.name);
  const second = await new SubscriptionClient(webhook({ pattern }), PROJECT, first.name.id).created();
  door[Symbol.dispose]();
  clock.advanceSeconds(LONG_SECONDS);
  expect(await second.alarm()).toBe(true);
  expect(await farewells(second)).toEqual([]);
  expect(await listed(second.name.id)).toBe(true);
  const receiver = new Receiver();
  await streamOf(pattern).put({ body: "[1]" });
  expect((await receiver.received(1)).wake.generation).toBe(1);
  await second.reaches("idle");
});

test("farewell: a stream that expires tells the directory and its subscription, whatever fails or is lost meanwhile", async () => {
  const pattern = ownPattern();
  const subscription = await new SubscriptionClient(pullWake("wake/none", { pattern }), PROJECT).created();
  const stream = streamOf(pattern);
  await stream.put({ body: "[1,2]", headers: { "Stream-TTL": "60" } });
  await eventually(() => subscription.cursor(stream.name)).toEqual([0, 2]);
  const inDirectory = async (): Promise<number> =>
    (await env.DIRECTORY.getByName(PROJECT).streams(stream.name, "", 10)).streams.length;
  using doors = new DisposableStack();
  doors.use(refusing("unregister"));
  doors.use(
    atTheDoor(SubscriptionDO, "notify", () => {
      throw new Error("injected: notify");
    }),
  );
  clock.advanceSeconds(61);
  for (let round = 0; round < 3; round++) {
    await runDurableObjectAlarm(stream.object);
    await loseMemory(stream);
    clock.advanceSeconds(LONG_SECONDS);
  }
  expect((await stream.head()).status).toBe(404);
  expect(await inDirectory()).toBe(1);
  expect(await subscription.cursor(stream.name)).toEqual([0, 2]);
  doors.dispose();
  clock.advanceSeconds(LONG_SECONDS);
  await eventually(async () => {
    await runAlarms(stream, 3);
    return storedState(stream);
  }).toEqual(NOTHING_STORED);
  expect(await inDirectory()).toBe(0);
  expect(await subscription.cursor(stream.name)).toBeUndefined();
});
