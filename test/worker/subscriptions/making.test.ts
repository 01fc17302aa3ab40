import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { NEVER } from "../../../src/protocol/expiry.ts";
import { SUBSCRIPTION_LINKS_MAX } from "../../../src/protocol/limits.ts";
import { Peers } from "../../../src/worker/subscriptions/peers.ts";
import { LONG_SECONDS, onlyByHand } from "../support/alarms.ts";
import { atTheDoor } from "../support/at-the-door.ts";
import { Clock } from "../support/clock.ts";
import { ErrorLog } from "../support/error-log.ts";
import { eventually } from "../support/eventually.ts";
import { sendTo } from "../support/stream-client.ts";
import { Receiver } from "./support/receiver.ts";
import { pullWake, SubscriptionClient, webhook } from "./support/subscriptions.ts";

const PATTERN = { pattern: "events/*" };

/** More than one alarm links. */
const STREAMS = 1250;

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

function streamNumber(path: string): number {
  return Number(path.split("/")[1]);
}

/** Puts streams into a project's list, which nobody has made. */
async function register(project: string, count: number): Promise<void> {
  const directory = env.DIRECTORY.getByName(project);
  const facts = { contentType: "application/json", public: false, createdAtMs: 1, expiry: NEVER };
  const paths = Array.from({ length: count }, (_, i) => `events/${String(i).padStart(6, "0")}`);
  await Promise.all(paths.map((path) => directory.register({ path, incarnation: `of ${path}`, ...facts })));
}

async function links({ object }: SubscriptionClient) {
  return runInDurableObject(object, (_instance, { storage }) =>
    storage.sql.exec<{ path: string; acked: number; tail: number }>("SELECT path, acked, tail FROM link").toArray(),
  );
}

/** How far the making is; `undefined` when it is over. */
async function making({ object }: SubscriptionClient): Promise<{ readonly after: string } | undefined> {
  return runInDurableObject(object, (_instance, { storage }) => {
    const [row] = storage.sql.exec<{ value: string }>("SELECT value FROM part WHERE name = 'record'").toArray();
    return (JSON.parse(row?.value ?? "{}") as { making?: { after: string } }).making;
  });
}

describe("create: a long way", () => {
  test("create: a backfill that is broken off goes on by itself where it was, and wakes nobody before it is through", async () => {
    const receiver = new Receiver();
    const subscription = new SubscriptionClient(webhook(PATTERN));
    onTestFinished(async () => {
      await subscription.object.delete(subscription.name);
    });
    await register(subscription.name.project, STREAMS);
    const asked = new Map<string, number>();
    let calls = 0;
    let failsAt = 700;
    const door = atTheDoor(Peers, "link", (_real, _project, path) => {
      if (++calls === failsAt) throw new Error("injected: link");
      asked.set(path, (asked.get(path) ?? 0) + 1);
      const tail = streamNumber(path);
      return Promise.resolve({ kind: "linked", incarnation: `of ${path}`, tail, linkedFrom: tail });
    });
    onTestFinished(() => {
      door[Symbol.dispose]();
    });
    await expect(subscription.create()).rejects.toThrow("injected");
    const after = (await making(subscription))?.after ?? "";
    expect((await links(subscription)).length).toBe(streamNumber(after) + 1);
    // There is news already, and it waits.
    await subscription.notify("events/000000", 1, { incarnation: "of events/000000" });
    failsAt = calls + 300;
    for (let alarms = 0; (await making(subscription)) !== undefined; alarms++) {
      expect(alarms).toBeLessThan(6);
      expect(receiver.deliveries).toEqual([]);
      await subscription.loseMemory();
      clock.advanceSeconds(LONG_SECONDS);
      expect(await subscription.alarm()).toBe(true);
    }
    const linked = await links(subscription);
    expect(linked).toHaveLength(STREAMS);
    expect(linked.filter(({ path, tail }) => path !== "events/000000" && tail !== streamNumber(path))).toEqual([]);
    // Pages that were through are not gone through again, and the two that were broken off are.
    const twice = [...asked.values()].filter((times) => times > 1).length;
    expect(Math.max(...asked.values())).toBe(2);
    expect(twice).toBeLessThanOrEqual(400);
    expect([...asked].filter(([path, times]) => path <= after && times > 1)).toEqual([]);
    const { wake } = await receiver.received(1);
    expect(wake.streams[0]).toMatchObject({ path: "events/000000", has_pending: true });
    expect(await subscription.create()).toMatchObject({ kind: "confirmed" });
    await subscription.reaches("idle");
  });
});

test("membership: a named stream that could not be linked at once is linked by the alarm, after the object was lost too", async () => {
  const subscription = await new SubscriptionClient(pullWake("wake/none", PATTERN)).created();
  const { project } = subscription.name;
  const door = atTheDoor(Peers, "putExplicit", () => Promise.reject(new Error("injected: putExplicit")));
  await expect(async () => subscription.object.addStreams(subscription.name, ["jobs/a"])).rejects.toThrow("injected");
  for (let round = 0; round < 2; round++) {
    await subscription.loseMemory();
    clock.advanceSeconds(LONG_SECONDS);
    expect(await subscription.alarm()).toBe(true);
  }
  door[Symbol.dispose]();
  clock.advanceSeconds(LONG_SECONDS);
  expect(await subscription.alarm()).toBe(true);
  const made = await sendTo()(`/v1/${project}/stream/jobs/a`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: "[1]",
  });
  expect(made.status).toBe(201);
  await eventually(() => subscription.cursor("jobs/a")).toEqual([0, 1]);
});

describe("TOO_MANY_LINKS", () => {
  test("create: a pattern that matches too many streams is refused, and nothing is left of it", async () => {
    const subscription = new SubscriptionClient(webhook(PATTERN));
    const { project, id } = subscription.name;
    const paths = Array.from({ length: SUBSCRIPTION_LINKS_MAX + 1 }, (_, i) => ({ path: `events/${String(i)}` }));
    const door = atTheDoor(Peers, "matching", () => Promise.resolve({ streams: paths, more: false, after: "" }));
    expect(await subscription.create()).toMatchObject({ kind: "refused", error: { code: "TOO_MANY_LINKS" } });
    door[Symbol.dispose]();
    expect(await subscription.object.describe("", 10)).toEqual({ kind: "absent" });
    expect((await env.DIRECTORY.getByName(project).subscriptions("", 10)).subscriptions).toEqual([]);
    expect(await subscription.alarm()).toBe(false);
    const narrower = await new SubscriptionClient(webhook({ pattern: "events/1" }), project, id).created();
    expect((await narrower.describe()).streams).toEqual([]);
  });

  test("links: where there are as many as may be, what is linked goes on, and nothing is linked besides", async () => {
    const subscription = await new SubscriptionClient(pullWake("wake/none", PATTERN)).created();
    await runInDurableObject(subscription.object, (_instance, { storage }) => {
      storage.sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
         INSERT INTO link SELECT 'events/' || i, 'of events/' || i, 1, 0, 0, 0 FROM n`,
        SUBSCRIPTION_LINKS_MAX,
      );
    });
    await subscription.evict();
    for (const path of ["events/0", "events/00"]) {
      expect(await subscription.notify(path, 1)).toBe("unlinked");
      expect(log.take()).toMatchObject([expect.stringMatching(`100000 streams.*"${path}" is not linked`) as string]);
    }
    await subscription.evict();
    expect((await subscription.describe()).refusedLink).toMatchObject({ path: "events/0" });
    expect(await subscription.object.addStreams(subscription.name, ["jobs/a"])).toMatchObject({
      kind: "refused",
      error: { code: "TOO_MANY_LINKS" },
    });
    expect(await subscription.notify("events/7", 1)).toBe("noted");
    expect((await subscription.claimed()).streams).toContainEqual({
      path: "events/7",
      linkType: "glob",
      acked: 0,
      tail: 1,
    });
    expect(await subscription.notify("events/7", 1, { kind: "ended" })).toBe("noted");
    expect(await subscription.notify("events/0", 1)).toBe("noted");
  });
});
