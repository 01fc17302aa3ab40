import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { DirectoryDO } from "../../../src/worker/directory/directory-do.ts";
import { onlyByHand } from "../support/alarms.ts";
import { jsonAppend } from "../support/append-request.ts";
import { atTheDoor, Gate } from "../support/at-the-door.ts";
import { Clock } from "../support/clock.ts";
import { eventually } from "../support/eventually.ts";
import { NO_MESSAGES } from "../../../src/protocol/messages.ts";
import { NEVER } from "../../../src/protocol/expiry.ts";
import type { StreamDO } from "../../../src/worker/stream/stream-do.ts";
import { Receiver } from "./support/receiver.ts";
import { pullWake, SubscriptionClient, webhook } from "./support/subscriptions.ts";

const PATTERN = { pattern: "events/*" };

function directory({ name }: SubscriptionClient): DurableObjectStub<DirectoryDO> {
  return env.DIRECTORY.getByName(name.project);
}

async function makeStream(project: string, path: string, messages: number): Promise<DurableObjectStub<StreamDO>> {
  const stream = env.STREAMS.getByName(`${project}/${path}`);
  const name = `${project}/${path}`;
  const config = { contentType: "application/json", expiry: NEVER, public: false, closed: false };
  await stream.create({ ...config, name, messages: NO_MESSAGES } as Parameters<StreamDO["create"]>[0]);
  for (let i = 0; i < messages; i++) await stream.append(jsonAppend(String(i)));
  return stream;
}

/** Asks to remove a named stream; the directory forgets it, and the subscription is not told so. */
async function breakOffRemoval({ object, name }: SubscriptionClient, path: string): Promise<void> {
  using held = new DisposableStack();
  held.use(
    atTheDoor(DirectoryDO, "removeExplicit", async (real) => {
      await real();
      throw new Error("injected: the answer is lost");
    }),
  );
  await expect(async () => object.removeStream(name, path)).rejects.toThrow("injected");
}

describe("create: links to what is there", () => {
  test("create: matching and named streams are linked at their tails, and nobody is woken for what was there", async () => {
    const receiver = new Receiver();
    const project = `p${crypto.randomUUID()}`;
    await makeStream(project, "events/a", 2);
    await makeStream(project, "jobs/b", 3);
    await makeStream(project, "other/c", 1);
    const config = webhook({ ...PATTERN, streams: ["jobs/b", "jobs/none"] });
    const subscription = await new SubscriptionClient(config, project).created();
    expect((await subscription.describe()).streams).toEqual([
      { path: "events/a", linkType: "glob", acked: 2, tail: 2 },
      { path: "jobs/b", linkType: "explicit", acked: 3, tail: 3 },
      { path: "jobs/none", linkType: "explicit", acked: 0, tail: 0 },
    ]);
    expect(receiver.deliveries).toEqual([]);
  });

  test("create: what streams get from then on arrives, those included that are created later", async () => {
    const receiver = new Receiver();
    const project = `p${crypto.randomUUID()}`;
    const first = await makeStream(project, "events/a", 2);
    const subscription = await new SubscriptionClient(webhook({ ...PATTERN, streams: ["jobs/b"] }), project).created();
    await first.append(jsonAppend("3"));
    await receiver.received(1);
    await makeStream(project, "events/late", 1);
    await makeStream(project, "jobs/b", 1);
    for (;;) {
      const { streams } = await subscription.describe();
      if (streams.length === 3 && streams.every(({ acked }) => acked > 0)) break;
      await scheduler.wait(5);
    }
    expect((await subscription.describe()).streams).toEqual([
      { path: "events/a", linkType: "glob", acked: 3, tail: 3 },
      { path: "events/late", linkType: "glob", acked: 1, tail: 1 },
      { path: "jobs/b", linkType: "explicit", acked: 1, tail: 1 },
    ]);
  });

  test("create: one that is made after another of its id was deleted in the making is linked as well", async () => {
    const project = `p${crypto.randomUUID()}`;
    await makeStream(project, "jobs/a", 1);
    const first = new SubscriptionClient(webhook(PATTERN), project);
    const second = new SubscriptionClient(webhook({ pattern: "jobs/*" }), project, first.name.id);
    const gate = new Gate();
    const receiver = new Receiver();
    const door = atTheDoor(DirectoryDO, "matching", async (real) => {
      await gate.pass();
      return real();
    });
    const overtaken = first.create();
    await gate.reached;
    await first.object.delete(first.name);
    const created = second.created();
    await second.describe();
    door[Symbol.dispose]();
    await runInDurableObject(directory(first), gate.open);
    expect(await overtaken).toMatchObject({ kind: "refused", error: { code: "SUBSCRIPTION_NOT_FOUND" } });
    await created;
    expect((await second.describe()).streams).toEqual([{ path: "jobs/a", linkType: "glob", acked: 1, tail: 1 }]);
    await env.STREAMS.getByName(`${project}/jobs/a`).append(jsonAppend("2"));
    await receiver.received(1);
  });

  test("delete: one that is deleted while the directory takes it in is in no list", async () => {
    const subscription = new SubscriptionClient(webhook(PATTERN));
    const gate = new Gate();
    const door = atTheDoor(DirectoryDO, "putSubscription", async (real) => {
      await gate.pass();
      return real();
    });
    const overtaken = subscription.create();
    await gate.reached;
    door[Symbol.dispose]();
    await subscription.object.delete(subscription.name);
    await runInDurableObject(directory(subscription), gate.open);
    expect(await overtaken).toMatchObject({ kind: "refused", error: { code: "SUBSCRIPTION_NOT_FOUND" } });
    expect((await directory(subscription).subscriptions("", 10)).subscriptions).toEqual([]);
  });

  test("create: the same again confirms it, another configuration is refused", async () => {
    const subscription = await new SubscriptionClient(webhook(PATTERN)).created();
    expect(await subscription.create()).toMatchObject({ kind: "confirmed" });
    expect(await subscription.create(webhook({ pattern: "other/*" }))).toMatchObject({
      kind: "refused",
      error: { code: "SUBSCRIPTION_ALREADY_EXISTS" },
    });
  });

  test("create: its own wake stream is no stream of a pull-wake", async () => {
    const project = `p${crypto.randomUUID()}`;
    await makeStream(project, "wake/pool", 0);
    const refused = new SubscriptionClient(pullWake("wake/pool", { streams: ["wake/pool"] }), project);
    expect(await refused.create()).toMatchObject({ kind: "refused", error: { code: "INVALID_SUBSCRIPTION" } });
    const subscription = await new SubscriptionClient(pullWake("wake/pool", { pattern: "**" }), project).created();
    expect((await subscription.describe()).streams).toEqual([]);
    expect(await subscription.notify("wake/pool", 1)).toBe("unlinked");
    expect(await subscription.object.addStreams(subscription.name, ["wake/pool"])).toMatchObject({
      error: { code: "INVALID_SUBSCRIPTION" },
    });
  });

  test("delete: nothing is left, the directory forgets it, and streams that tell it something are told to forget it", async () => {
    const subscription = await new SubscriptionClient(webhook(PATTERN)).created();
    const { incarnation } = await subscription.record();
    expect(await subscription.object.delete(subscription.name)).toEqual({ kind: "deleted" });
    expect(await subscription.object.delete(subscription.name)).toEqual({ kind: "absent" });
    expect(await subscription.object.describe("", 10)).toEqual({ kind: "absent" });
    expect((await directory(subscription).subscriptions("", 10)).subscriptions).toEqual([]);
    const notice = {
      ...subscription.name,
      subscription: incarnation,
      path: "events/a",
      incarnation: "i",
      linkedFrom: 0,
      tail: 1,
    };
    expect(await subscription.object.notify({ ...notice, kind: "appended" })).toBe("unlinked");
    expect(await subscription.create()).toMatchObject({ kind: "created" });
    expect(await subscription.object.notify({ ...notice, kind: "appended" })).toBe("unlinked");
  });
});

describe("membership: explicit links", () => {
  test("membership: adding twice, and removing twice, is as good as once", async () => {
    const subscription = await new SubscriptionClient(webhook(PATTERN)).created();
    await makeStream(subscription.name.project, "jobs/a", 2);
    for (let i = 0; i < 2; i++) {
      expect(await subscription.object.addStreams(subscription.name, ["jobs/a"])).toEqual({ kind: "done" });
      expect(await subscription.cursor("jobs/a")).toEqual([2, 2]);
    }
    for (let i = 0; i < 2; i++) {
      expect(await subscription.object.removeStream(subscription.name, "jobs/a")).toEqual({ kind: "done" });
      expect(await subscription.cursor("jobs/a")).toBeUndefined();
    }
    expect(await subscription.notify("jobs/a", 3)).toBe("unlinked");
  });

  test("membership: a stream is linked whenever it is made anew, though its removal broke off half-way", async () => {
    new Receiver();
    const project = `p${crypto.randomUUID()}`;
    const stream = await makeStream(project, "jobs/b", 1);
    const subscription = await new SubscriptionClient(webhook({ streams: ["jobs/b"] }), project).created();
    await breakOffRemoval(subscription, "jobs/b");
    expect(await subscription.object.addStreams(subscription.name, ["jobs/b"])).toEqual({ kind: "done" });
    await stream.delete();
    await makeStream(project, "jobs/b", 2);
    await eventually(() => subscription.cursor("jobs/b")).toEqual([2, 2]);
  });

  test("membership: a removal that broke off is made good by the alarm: the stream stays linked", async () => {
    new Receiver();
    const project = `p${crypto.randomUUID()}`;
    const stream = await makeStream(project, "jobs/b", 1);
    const subscription = await new SubscriptionClient(webhook({ streams: ["jobs/b"] }), project).created();
    await breakOffRemoval(subscription, "jobs/b");
    expect(await subscription.alarm()).toBe(true);
    await stream.delete();
    await makeStream(project, "jobs/b", 2);
    await eventually(() => subscription.cursor("jobs/b")).toEqual([2, 2]);
  });

  test("membership: where the pattern matches too, the link stays with its cursor", async () => {
    const subscription = await new SubscriptionClient(pullWake("wake/pool", PATTERN)).created();
    await subscription.notify("events/a", 3);
    await subscription.object.addStreams(subscription.name, ["events/a"]);
    expect((await subscription.describe()).streams).toMatchObject([{ linkType: "explicit", acked: 0, tail: 3 }]);
    await subscription.object.removeStream(subscription.name, "events/a");
    expect((await subscription.describe()).streams).toMatchObject([{ linkType: "glob", acked: 0, tail: 3 }]);
  });
});

describe("notices: what streams tell", () => {
  test("notice: an old one, and the same one twice, change nothing", async () => {
    const subscription = await new SubscriptionClient(pullWake("wake/pool", PATTERN)).created();
    await subscription.notify("events/a", 3);
    await subscription.notify("events/a", 3);
    await subscription.notify("events/a", 2);
    expect(await subscription.cursor("events/a")).toEqual([0, 3]);
    expect((await subscription.wake()).generation).toBe(1);
  });

  test("notice: when a stream ends, its link by the pattern goes and its named one waits for the next", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const subscription = await new SubscriptionClient(
      pullWake("wake/pool", { ...PATTERN, streams: ["events/b"] }),
    ).created();
    for (const path of ["events/a", "events/b"]) {
      await subscription.notify(path, 3);
      await subscription.notify(path, 3, { kind: "ended" });
    }
    expect((await subscription.describe()).streams).toMatchObject([{ path: "events/b", acked: 0, tail: 0 }]);
    await subscription.notify("events/b", 2, { incarnation: "the next", linkedFrom: 1 });
    expect(await subscription.cursor("events/b")).toEqual([1, 2]);
  });

  test("notice: a stream that was made anew begins anew, and what the one before it tells too late is ignored", async () => {
    const subscription = await new SubscriptionClient(pullWake("wake/pool", PATTERN)).created();
    const { project } = subscription.name;
    await subscription.notify("events/a", 9, { incarnation: "the old one" });
    const stream = await makeStream(project, "events/a", 2);
    const position = await stream.position();
    const incarnation = position.kind === "linked" ? position.incarnation : "";
    await subscription.notify("events/a", 2, { incarnation });
    expect(await subscription.cursor("events/a")).toEqual([0, 2]);
    await subscription.notify("events/a", 10, { incarnation: "the old one" });
    await subscription.notify("events/a", 10, { incarnation: "the old one", kind: "ended" });
    expect(await subscription.cursor("events/a")).toEqual([0, 2]);
  });
});
