import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, onTestFinished, test } from "vitest";
import { StreamDO } from "../../../src/worker/stream/stream-do.ts";
import { SubscriptionDO } from "../../../src/worker/subscriptions/subscription-do.ts";
import { atTheDoor } from "../support/at-the-door.ts";
import { ErrorLog } from "../support/error-log.ts";
import { eventually } from "../support/eventually.ts";
import { Meter } from "../support/meter.ts";
import { ProjectClient } from "./support/http.ts";
import { pullWake, SubscriptionClient } from "./support/subscriptions.ts";

const STREAMS = 5;

/** A subscription to some streams without news. */
async function idle(): Promise<{ project: ProjectClient; subscription: SubscriptionClient }> {
  const project = new ProjectClient();
  await project.createStream("wake/pool");
  for (let i = 0; i < STREAMS; i++) await project.createStream(`events/${String(i)}`);
  const config = pullWake("wake/pool", { pattern: "events/*" });
  return { project, subscription: await new SubscriptionClient(config, project.project).created() };
}

/** How often streams were asked where they end. */
function asked(): () => number {
  let count = 0;
  const door = atTheDoor(StreamDO, "position", (real) => {
    count++;
    return real();
  });
  onTestFinished(() => {
    door[Symbol.dispose]();
  });
  return () => {
    const before = count;
    count = 0;
    return before;
  };
}

const NO_WORK = { kind: "refused", error: { code: "NO_PENDING_WORK" } };

describe("claim: without work", () => {
  test("claim: the streams are asked once, and not by the next claims", async () => {
    const { subscription } = await idle();
    const taken = asked();
    expect(await subscription.claim()).toMatchObject(NO_WORK);
    expect(taken()).toBe(STREAMS);
    for (let i = 0; i < 3; i++) expect(await subscription.claim()).toMatchObject(NO_WORK);
    expect(taken()).toBe(0);
  });

  test("claim: a worker that polls so seldom that the object is gone from memory each time makes one request, and writes no row", async () => {
    const { subscription } = await idle();
    const taken = asked();
    for (let i = 0; i < 2; i++) {
      await subscription.evict();
      expect(await subscription.claim()).toMatchObject(NO_WORK);
    }
    expect(taken()).toBe(STREAMS);
    const meter = new Meter();
    await runInDurableObject(subscription.object, (_instance, { storage }) => {
      meter.watchStorage(storage);
    });
    meter.watchObjects(StreamDO);
    meter.watchObjects(SubscriptionDO);
    await subscription.evict();
    meter.take();
    expect(await subscription.claim()).toMatchObject(NO_WORK);
    expect(meter.take()).toMatchObject({ objectRequests: 1, rowsWritten: 0 });
  });

  test("claim: what a stream tells after that is claimed, and when it is done the streams are asked once more", async () => {
    const { project, subscription } = await idle();
    await subscription.claim();
    const taken = asked();
    await project.append("events/1", 1);
    await subscription.reaches("sent");
    const lease = await subscription.claimed();
    await subscription.ack(lease, { "events/1": 1 });
    expect(taken()).toBe(0);
    expect(await subscription.claim()).toMatchObject(NO_WORK);
    expect(taken()).toBe(STREAMS);
    expect(await subscription.claim()).toMatchObject(NO_WORK);
    expect(taken()).toBe(0);
  });

  test("claim: where a stream did not answer, all are asked again", async () => {
    const { subscription } = await idle();
    using log = new ErrorLog();
    {
      const door = atTheDoor(StreamDO, "position", () => Promise.reject(new Error("injected: no answer")));
      expect(await subscription.claim()).toMatchObject(NO_WORK);
      door[Symbol.dispose]();
    }
    expect(log.take()).toHaveLength(STREAMS);
    const taken = asked();
    expect(await subscription.claim()).toMatchObject(NO_WORK);
    expect(taken()).toBe(STREAMS);
  });

  test("claim: news that was not told is found once it is, whatever was remembered", async () => {
    const { project, subscription } = await idle();
    await subscription.claim();
    {
      using log = new ErrorLog();
      const door = atTheDoor(SubscriptionDO, "notify", () => Promise.reject(new Error("injected: not told")));
      await project.append("events/2", 1);
      await eventually(() => log.take().length).toBeGreaterThan(0);
      expect(await subscription.claim()).toMatchObject(NO_WORK);
      door[Symbol.dispose]();
    }
    const stream = env.STREAMS.getByName(`${project.project}/events/2`);
    await eventually(async () => {
      await runInDurableObject(stream, (instance) => instance.alarm());
      return (await subscription.claim()).kind;
    }).toBe("claimed");
  });
});
