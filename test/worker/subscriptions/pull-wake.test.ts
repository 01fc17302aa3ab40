import { describe, expect, test } from "vitest";
import { WAKE_EVENT_REPEAT_MS } from "../../../src/protocol/subscription/wake.ts";
import { onlyByHand } from "../support/alarms.ts";
import { Clock } from "../support/clock.ts";
import { sendTo, StreamClient } from "../support/stream-client.ts";
import { LEASE_SECONDS, pullWake, SubscriptionClient } from "./support/subscriptions.ts";

const PATTERN = { pattern: "events/*" };

/** A subscription of a project of its own, and its wake stream. */
async function pool(
  wakeStreamType = "application/json",
  more: object = {},
): Promise<{ subscription: SubscriptionClient; wakes: StreamClient }> {
  const subscription = new SubscriptionClient(pullWake("wake/pool", { ...PATTERN, ...more }));
  const wakes = new ProjectStream(subscription.name.project, "wake/pool", wakeStreamType);
  if ((await wakes.put()).status !== 201) throw new Error("the wake stream could not be made");
  return { subscription: await subscription.created(), wakes };
}

class ProjectStream extends StreamClient {
  override readonly path: string;

  constructor(project: string, name: string, contentType: string) {
    super(name, contentType, sendTo());
    this.path = `/v1/${project}/stream/${name}`;
  }
}

describe("pull-wake: its events", () => {
  test("pull-wake: a wake is written to the wake stream once, however often its answer is lost", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const { subscription, wakes } = await pool();
    await subscription.notify("events/a", 3);
    await subscription.reaches("sent");
    const { generation, phase } = await subscription.wake();
    if (phase.kind !== "sent") throw new Error("the event is not written");
    const { wake } = phase;
    for (let i = 2; i < 5; i++) {
      const sending = { kind: "sending", wake, attempt: i, answerByMs: clock.nowMs + 10_000 };
      await subscription.loseSince(
        JSON.stringify({ state: { generation, attempts: i, phase: sending }, snapshot: [] }),
      );
      await subscription.describe();
      await subscription.reaches("sent");
    }
    expect(await wakes.readMessages()).toEqual([
      { type: "wake", subscription_id: subscription.name.id, stream: "events/a", generation: 1, ts: clock.nowMs },
    ]);
  });

  test.each([
    { what: "no JSON stream", type: "text/plain", reason: "takes no wake event" },
    { what: "closed", type: "application/json", reason: "is closed" },
  ])(
    "pull-wake: with a wake stream that is $what it fails, and can be claimed all the same",
    async ({ type, reason }) => {
      using clock = new Clock();
      onlyByHand(clock);
      const { subscription, wakes } = await pool(type);
      if (reason === "is closed") await wakes.close();
      await subscription.notify("events/a", 3);
      const { failing } = await subscription.reaches("pausing");
      expect(failing?.reason).toContain(reason);
      expect((await subscription.describe()).status).toBe("failed");
      expect(await subscription.claimed()).toMatchObject({ generation: 1 });
      expect(await subscription.describe()).toMatchObject({ status: "active", failure: undefined });
    },
  );

  test("pull-wake: when the wake stream is made at last, the wake is written", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const subscription = await new SubscriptionClient(pullWake("wake/pool", PATTERN)).created();
    await subscription.notify("events/a", 3);
    const { failing } = await subscription.reaches("pausing");
    expect(failing?.reason).toContain("is not there");
    const wakes = new ProjectStream(subscription.name.project, "wake/pool", "application/json");
    await wakes.put();
    clock.advanceSeconds(2);
    await subscription.alarm();
    await subscription.reaches("sent");
    expect(await wakes.readMessages()).toMatchObject([{ generation: 1 }]);
    expect((await subscription.describe()).status).toBe("active");
  });
});

describe("pull-wake: what is made anew", () => {
  test("pull-wake: an event that nobody claims is written again where the wake stream was made anew", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const { subscription, wakes } = await pool();
    await subscription.notify("events/a", 3);
    await subscription.reaches("sent");
    await wakes.delete();
    await wakes.put();
    clock.advanceSeconds(WAKE_EVENT_REPEAT_MS / 1000 - 1);
    await subscription.alarm();
    expect(await wakes.readMessages()).toEqual([]);
    clock.advanceSeconds(1);
    await subscription.alarm();
    await subscription.reaches("sent");
    expect(await wakes.readMessages()).toMatchObject([{ type: "wake", generation: 1 }]);
  });

  test("ack: of a stream that is gone, it moves no cursor of a later stream of that name", async () => {
    const { subscription } = await pool();
    await subscription.notify("events/a", 5);
    const claim = await subscription.claimed();
    await subscription.notify("events/a", 5, { kind: "ended" });
    await subscription.notify("events/a", 7, { incarnation: "the later one" });
    expect(await subscription.ack(claim, { "events/a": 5 })).toMatchObject({ kind: "acked", nextWake: true });
    expect(await subscription.cursor("events/a")).toEqual([0, 7]);
  });

  test("ack: a stream that comes to be before the claim is acked with that claim", async () => {
    const { subscription } = await pool();
    await subscription.notify("events/a", 5);
    await subscription.reaches("sent");
    await subscription.notify("events/b", 2);
    const claim = await subscription.claimed();
    expect(await subscription.ack(claim, { "events/a": 5, "events/b": 2 })).toMatchObject({ nextWake: false });
    expect(await subscription.cursor("events/b")).toEqual([2, 2]);
  });
});

describe("pull-wake: claims", () => {
  test("claim: it takes the wake that was written, and another worker is told who has it", async () => {
    const { subscription } = await pool();
    await subscription.notify("events/a", 3);
    const claim = await subscription.claimed();
    expect(claim).toMatchObject({
      generation: 1,
      streams: [{ path: "events/a", linkType: "glob", acked: 0, tail: 3 }],
      leaseTtlMs: LEASE_SECONDS * 1000,
    });
    expect(await subscription.claim("worker-2")).toMatchObject({
      kind: "refused",
      error: { code: "ALREADY_CLAIMED" },
      currentHolder: "worker-1",
      generation: 1,
    });
    expect((await subscription.describe()).holder).toBe("worker-1");
  });

  test("claim: without pending work there is nothing to claim", async () => {
    const { subscription } = await pool();
    expect(await subscription.claim()).toMatchObject({ kind: "refused", error: { code: "NO_PENDING_WORK" } });
  });

  test("claim: it sees what was appended before the stream has told of it", async () => {
    const { subscription } = await pool();
    const { project } = subscription.name;
    const stream = new ProjectStream(project, "jobs/a", "application/json");
    await stream.put();
    await subscription.object.addStreams(subscription.name, ["jobs/a"]);
    await stream.append('{"n":1}');
    expect(await subscription.claimed()).toMatchObject({ streams: [{ path: "jobs/a", acked: 0, tail: 1 }] });
  });

  test("claim: when the lease ends, the next worker gets another generation, and the first is fenced off", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const { subscription } = await pool();
    await subscription.notify("events/a", 3);
    const first = await subscription.claimed();
    await subscription.evict();
    clock.advanceSeconds(LEASE_SECONDS);
    const second = await subscription.claimed("worker-2");
    expect(second.generation).toBe(first.generation + 1);
    expect(await subscription.ack(first, { "events/a": 3 })).toMatchObject({ error: { code: "FENCED" } });
    expect(await subscription.cursor("events/a")).toEqual([0, 3]);
    expect(await subscription.ack(second, { "events/a": 3 })).toEqual({ kind: "acked", nextWake: false });
  });
});

describe("pull-wake: acks and releases", () => {
  test("ack: without done it keeps the lease, and extends it", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const { subscription } = await pool();
    await subscription.notify("events/a", 3);
    const claim = await subscription.claimed();
    for (const offset of [1, 2, 3]) {
      clock.advanceSeconds(LEASE_SECONDS - 1);
      expect(await subscription.ack(claim, { "events/a": offset }, false)).toEqual({ kind: "acked", nextWake: false });
    }
    expect(await subscription.claim("worker-2")).toMatchObject({ error: { code: "ALREADY_CLAIMED" } });
    expect(await subscription.cursor("events/a")).toEqual([3, 3]);
  });

  test("ack: done with nothing acknowledged makes a next wake that waits, and a claim need not", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const { subscription } = await pool();
    await subscription.notify("events/a", 3);
    const claim = await subscription.claimed();
    expect(await subscription.ack(claim, { "events/a": 0 })).toEqual({ kind: "acked", nextWake: true });
    expect(await subscription.wake()).toMatchObject({ phase: { kind: "pausing" }, failing: { count: 1 } });
    const next = await subscription.claimed();
    expect(await subscription.ack(next, { "events/a": 1 }, false)).toEqual({ kind: "acked", nextWake: false });
    expect(await subscription.ack(next)).toEqual({ kind: "acked", nextWake: true });
    await subscription.reaches("sent");
  });

  test("ack: done with work left makes the next wake", async () => {
    const { subscription, wakes } = await pool();
    await subscription.notify("events/a", 3);
    const claim = await subscription.claimed();
    expect(await subscription.ack(claim, { "events/a": 2 })).toEqual({ kind: "acked", nextWake: true });
    await subscription.reaches("sent");
    expect(await wakes.readMessages()).toMatchObject([{ generation: 1 }, { generation: 2 }]);
  });

  test.each([
    { what: "before the cursor", acks: { "events/b": 2, "events/a": 1 } },
    { what: "past the end of the stream", acks: { "events/b": 2, "events/a": 4 } },
    { what: "of a stream that is not linked", acks: { "events/b": 2, "events/c": 1 } },
  ])("ack: with an offset $what none is applied, and the lease goes on", async ({ acks }) => {
    const { subscription } = await pool();
    await subscription.notify("events/a", 3);
    await subscription.notify("events/b", 3);
    const claim = await subscription.claimed();
    await subscription.ack(claim, { "events/a": 2 }, false);
    expect(await subscription.ack(claim, acks)).toMatchObject({ kind: "refused", error: { code: "INVALID_ACK" } });
    expect(await subscription.cursor("events/a")).toEqual([2, 3]);
    expect(await subscription.cursor("events/b")).toEqual([0, 3]);
    expect(await subscription.ack(claim, { "events/a": 3, "events/b": 3 })).toEqual({ kind: "acked", nextWake: false });
  });

  test.each([
    { what: "by the pattern", fields: {}, left: undefined },
    { what: "by its name", fields: { streams: ["events/b"] }, left: [0, 0] },
  ])("ack: a stream linked $what that ended since the claim is done, and the others are acked", async (row) => {
    const { subscription } = await pool(undefined, row.fields);
    await subscription.notify("events/a", 3);
    await subscription.notify("events/b", 3);
    const claim = await subscription.claimed();
    await subscription.notify("events/b", 3, { kind: "ended" });
    await subscription.evict();
    expect(await subscription.ack(claim, { "events/a": 2, "events/b": 3 }, false)).toMatchObject({ kind: "acked" });
    expect(await subscription.cursor("events/a")).toEqual([2, 3]);
    expect(await subscription.cursor("events/b")).toEqual(row.left);
    // Of a later one of its name this wake told nothing.
    await subscription.notify("events/b", 1, { incarnation: "the later one" });
    expect(await subscription.ack(claim, { "events/a": 3, "events/b": 1 })).toEqual({ kind: "acked", nextWake: true });
    expect(await subscription.cursor("events/b")).toEqual([0, 1]);
  });

  test("ack: a stream whose name was taken out of the list, and that the pattern links, is acked as ever", async () => {
    const { subscription } = await pool(undefined, { streams: ["events/b"] });
    await subscription.notify("events/b", 3);
    const claim = await subscription.claimed();
    await subscription.object.removeStream(subscription.name, "events/b");
    expect(await subscription.ack(claim, { "events/b": 3 })).toEqual({ kind: "acked", nextWake: false });
    expect(await subscription.cursor("events/b")).toEqual([3, 3]);
  });

  test("ack: what was appended a moment ago may be acked before the stream has told of it", async () => {
    const { subscription } = await pool();
    const stream = new ProjectStream(subscription.name.project, "jobs/a", "application/json");
    await stream.put();
    await subscription.object.addStreams(subscription.name, ["jobs/a"]);
    await stream.append("1");
    const claim = await subscription.claimed();
    await stream.append("2");
    expect(await subscription.ack(claim, { "jobs/a": 2 })).toEqual({ kind: "acked", nextWake: false });
  });

  test("release: it gives the work to the next worker", async () => {
    const { subscription } = await pool();
    await subscription.notify("events/a", 3);
    const first = await subscription.claimed();
    expect(await subscription.object.release(subscription.request(first))).toEqual({ kind: "released" });
    expect(await subscription.object.release(subscription.request(first))).toMatchObject({ error: { code: "FENCED" } });
    expect(await subscription.claimed("worker-2")).toMatchObject({ generation: first.generation + 1 });
  });

  test("release: the subscription has failed until the next worker claims it, and is active from then on", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const { subscription } = await pool();
    await subscription.notify("events/a", 3);
    await subscription.object.release(subscription.request(await subscription.claimed()));
    expect(await subscription.describe()).toMatchObject({
      status: "failed",
      failure: expect.stringContaining("released the wake") as string,
    });
    const { generation } = await subscription.claimed("worker-2");
    const held = { status: "active", failure: undefined, nextAttemptAtMs: undefined };
    expect(await subscription.describe()).toMatchObject({ ...held, generation, holder: "worker-2" });
    clock.advanceSeconds(LEASE_SECONDS);
    await subscription.alarm();
    expect(await subscription.describe()).toMatchObject({ ...held, generation: generation + 1, holder: undefined });
  });

  test("token: another wake's, another subscription's and one that was changed open nothing", async () => {
    const { subscription } = await pool();
    const { subscription: other } = await pool();
    await subscription.notify("events/a", 3);
    await other.notify("events/a", 3);
    const claim = await subscription.claimed();
    const { token } = await other.claimed();
    expect(await subscription.ack({ ...claim, token })).toMatchObject({ error: { code: "TOKEN_INVALID" } });
    expect(await subscription.ack({ ...claim, token: `${claim.token}x` })).toMatchObject({
      error: { code: "TOKEN_INVALID" },
    });
    expect(await subscription.ack({ ...claim, generation: 2 })).toMatchObject({ error: { code: "FENCED" } });
    expect(await subscription.ack({ ...claim, wakeId: "w_x" })).toMatchObject({ error: { code: "FENCED" } });
    expect(await subscription.object.callback(subscription.request(claim))).toMatchObject({
      error: { code: "INVALID_SUBSCRIPTION" },
    });
  });

  test("token: after a day it works no longer, however often the lease was extended", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const { subscription } = await pool();
    await subscription.notify("events/a", 3);
    const claim = await subscription.claimed();
    clock.advanceSeconds(24 * 60 * 60);
    expect(await subscription.ack(claim)).toMatchObject({ error: { code: "TOKEN_EXPIRED" } });
  });
});
