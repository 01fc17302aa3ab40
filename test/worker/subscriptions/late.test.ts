import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { NOTICE_LATE_MS } from "../../../src/protocol/limits.ts";
import { DirectoryDO } from "../../../src/worker/directory/directory-do.ts";
import { StreamDO } from "../../../src/worker/stream/stream-do.ts";
import { onlyByHand } from "../support/alarms.ts";
import { atTheDoor, Gate } from "../support/at-the-door.ts";
import { Clock } from "../support/clock.ts";
import { ErrorLog } from "../support/error-log.ts";
import { eventually } from "../support/eventually.ts";
import { directoryOf, freshProject, linkedIds, listed } from "../directory/support/directories.ts";
import { ProjectClient } from "./support/http.ts";
import { LEASE_SECONDS, pullWake, SubscriptionClient } from "./support/subscriptions.ts";

const PATTERN = { pattern: "events/*" };

function pool(fields: object = { pattern: "events/*" }): SubscriptionClient {
  return new SubscriptionClient(pullWake("wake/pool", fields));
}

describe("late: a notice of a stream that has ended", () => {
  test.each([
    { what: "by a pattern", fields: { pattern: "events/*" }, left: undefined },
    { what: "explicitly", fields: { streams: ["events/a"] }, left: [0, 0] },
  ])("late: what a stream told before its end does not link it again, linked $what", async ({ fields, left }) => {
    const subscription = await pool(fields).created();
    await subscription.notify("events/a", 3);
    await subscription.notify("events/a", 3, { kind: "ended" });
    expect(await subscription.notify("events/a", 5)).toBe("noted");
    expect(await subscription.cursor("events/a")).toEqual(left);
    // Another one of the name is linked as ever.
    await subscription.notify("events/a", 1, { incarnation: "the later one" });
    expect(await subscription.cursor("events/a")).toEqual([0, 1]);
  });

  test.each([
    { what: "by a pattern", fields: { pattern: "events/*" }, left: undefined },
    { what: "explicitly", fields: { streams: ["events/a"] }, left: [0, 0] },
  ])(
    "late: nor does it after the object has forgotten the end, when it was long under way, linked $what",
    async (row) => {
      using clock = new Clock();
      onlyByHand(clock);
      const subscription = await pool(row.fields).created();
      const sentAtMs = clock.nowMs;
      await subscription.notify("events/a", 3);
      await subscription.notify("events/a", 3, { kind: "ended" });
      await subscription.evict();
      clock.advanceSeconds(NOTICE_LATE_MS / 1000);
      expect(await subscription.notify("events/a", 5, { sentAtMs })).toBe("noted");
      expect(await subscription.cursor("events/a")).toEqual(row.left);
    },
  );

  test("late: nor when the stream ends while it is asked whether it is there", async () => {
    const project = new ProjectClient();
    const subscription = await new SubscriptionClient(pullWake("wake/pool", PATTERN), project.project).created();
    await subscription.notify("events/a", 9, { incarnation: "an earlier one" });
    await project.createStream("events/a");
    const stream = env.STREAMS.getByName(`${project.project}/events/a`);
    const { incarnation } = await subscription.streamPosition("events/a");
    const gate = new Gate();
    const door = atTheDoor(StreamDO, "position", async (real) => {
      const position = real();
      await gate.pass();
      return position;
    });
    const told = subscription.notify("events/a", 2, { incarnation });
    await gate.reached;
    await subscription.notify("events/a", 2, { incarnation, kind: "ended" });
    await runInDurableObject(stream, gate.open);
    expect(await told).toBe("noted");
    door[Symbol.dispose]();
    expect(await subscription.cursor("events/a")).toEqual([0, 9]);
  });

  test("late: a notice that was long under way links a stream that is there", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const project = new ProjectClient();
    const subscription = await new SubscriptionClient(
      pullWake("wake/pool", { pattern: "events/*" }),
      project.project,
    ).created();
    await project.createStream("events/a");
    const { incarnation } = await subscription.streamPosition("events/a");
    const sentAtMs = clock.nowMs - NOTICE_LATE_MS;
    expect(await subscription.notify("events/a", 2, { incarnation, sentAtMs })).toBe("noted");
    expect(await subscription.cursor("events/a")).toEqual([0, 2]);
  });
});

describe("late: a subscription that the directory was told of long ago", () => {
  test("late: it does not take the place of the later one of its id", async () => {
    const directory = directoryOf(freshProject());
    const earlier = listed("s", { pattern: "old/*", createdAtMs: 1000 });
    const later = listed("s", { pattern: "new/*", createdAtMs: 1001 });
    expect(await directory.putSubscription(later)).toMatchObject({ kind: "done" });
    expect(await directory.putSubscription(earlier)).toMatchObject({ kind: "outdated" });
    expect(await linkedIds(directory, "new/a")).toEqual(["s"]);
    expect(await linkedIds(directory, "old/a")).toEqual([]);
  });

  test("late: a subscription whose clock is behind is made when the directory has forgotten the one before it", async () => {
    using log = new ErrorLog();
    const subscription = pool();
    const { project, id } = subscription.name;
    const directory = directoryOf(project);
    const before = listed(id, { createdAtMs: Date.now() + 60_000 });
    await directory.putSubscription(before);
    await expect(subscription.create()).rejects.toThrow("still lists an earlier subscription");
    expect(log.take()).toMatchObject([expect.stringContaining("will be later") as string]);
    await directory.removeSubscription(before);
    expect((await subscription.create()).kind).toBe("created");
    expect(await linkedIds(directory, "events/a")).toEqual([id]);
  });

  test.each([
    { when: "while", isWaitedFor: false },
    { when: "after", isWaitedFor: true },
  ])("late: deleted $when the directory took too long, it is taken out of the list again", async ({ isWaitedFor }) => {
    using clock = new Clock();
    onlyByHand(clock);
    using log = new ErrorLog();
    const subscription = pool();
    const { project, id } = subscription.name;
    const gate = new Gate();
    let put = (): unknown => undefined;
    {
      const door = atTheDoor(DirectoryDO, "putSubscription", async (real, { id: asked }) => {
        if (asked !== id) return real();
        put = real;
        await gate.pass();
        throw new Error("injected: the answer is lost");
      });
      const created = subscription.create().catch((error: unknown) => String(error));
      await gate.reached;
      if (!isWaitedFor) await subscription.object.delete(subscription.name);
      await runInDurableObject(directoryOf(project), gate.open);
      expect(await created).toContain("the answer is lost");
      if (isWaitedFor) await subscription.object.delete(subscription.name);
      door[Symbol.dispose]();
    }
    // Now it arrives.
    await runInDurableObject(directoryOf(project), () => put());
    expect(await linkedIds(directoryOf(project), "events/a")).toEqual([id]);
    clock.advanceSeconds(61);
    await subscription.alarm();
    expect(await linkedIds(directoryOf(project), "events/b")).toEqual([]);
    expect(log.take()).toMatchObject([expect.stringContaining("could not be linked") as string]);
    await eventually(() =>
      runInDurableObject(subscription.object, (_instance, { storage }) => storage.sql.databaseSize),
    ).toBeLessThan(8192);
  });
});

describe("late: an alarm that did not come", () => {
  async function alarmAtMs(subscription: SubscriptionClient): Promise<number | null> {
    return runInDurableObject(subscription.object, (_instance, { storage }) => storage.getAlarm());
  }

  test("late: whatever wakes the object sets it anew", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const subscription = await pool().created();
    await subscription.notify("events/a", 3);
    await subscription.claimed();
    await subscription.alarm();
    const dueAtMs = clock.nowMs + LEASE_SECONDS * 1000;
    expect(await alarmAtMs(subscription)).toBe(dueAtMs);
    clock.advanceSeconds(LEASE_SECONDS + 60);
    await subscription.evict();
    await subscription.describe();
    expect(await alarmAtMs(subscription)).toBeGreaterThanOrEqual(clock.nowMs);
  });

  test("late: so does what is asked of an object that stayed awake", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const subscription = await pool().created();
    await subscription.alarm();
    await subscription.notify("events/a", 3);
    await subscription.claimed();
    clock.advanceSeconds(LEASE_SECONDS + 60);
    await subscription.notify("events/b", 1);
    expect(await alarmAtMs(subscription)).toBeGreaterThanOrEqual(clock.nowMs);
  });
});
