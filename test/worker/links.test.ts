import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { Notice, NoticeOutcome } from "../../src/worker/subscriptions/operations.ts";
import { DirectoryDO } from "../../src/worker/directory/directory-do.ts";
import { SubscriptionDO } from "../../src/worker/subscriptions/subscription-do.ts";
import { dropAlarm, LONG_SECONDS, loseMemory, onlyByHand, runAlarms } from "./support/alarms.ts";
import { atTheDoor, Gate } from "./support/at-the-door.ts";
import { Clock } from "./support/clock.ts";
import { ErrorLog } from "./support/error-log.ts";
import { eventually } from "./support/eventually.ts";
import { Meter } from "./support/meter.ts";
import { NOTHING_STORED, storedState } from "./support/object-state.ts";
import { createStream, freshName, producer, sendTo, StreamClient } from "./support/stream-client.ts";

/** Subscriptions that only keep what they are told; what they answer is up to the test. */
class Listeners {
  readonly #told: Notice[] = [];
  answer: (notice: Notice) => NoticeOutcome | Promise<NoticeOutcome> = () => "noted";
  readonly #door = atTheDoor(SubscriptionDO, "notify", (_real, notice) => {
    this.#told.push(notice);
    return this.answer(notice);
  });

  of(id: string): readonly Notice[] {
    return this.#told.filter((notice) => notice.id === id);
  }

  tails(id: string): readonly number[] {
    return this.of(id).map(({ tail }) => tail);
  }

  [Symbol.dispose](): void {
    this.#door[Symbol.dispose]();
  }
}

let clock: Clock;
let listeners: Listeners;
let log: ErrorLog;

beforeEach(() => {
  log = new ErrorLog();
  clock = new Clock();
  onlyByHand(clock);
  listeners = new Listeners();
  onTestFinished(() => {
    clock[Symbol.dispose]();
    listeners[Symbol.dispose]();
    log[Symbol.dispose]();
  });
});

/** Only a notice that fails is worth a line. */
afterEach(() => {
  expect(log.take().filter((line) => !/^The subscription \S+ could not be told/.test(line))).toEqual([]);
});

/** Links subscriptions to a stream. */
async function link(stream: StreamClient, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) await stream.object.link({ id, incarnation: "first" });
}

async function links(stream: StreamClient): Promise<readonly Record<string, unknown>[]> {
  const { tables } = await storedState(stream);
  return tables["link"] ?? [];
}

async function untilTold(id: string, tail: number): Promise<void> {
  await eventually(() => listeners.tails(id).at(-1)).toBe(tail);
}

/** Waits until the stream has written down how far a subscription was told. */
async function untilStored(stream: StreamClient, notified: number): Promise<void> {
  await eventually(async () => (await links(stream)).map((row) => row["notified"])).toEqual([notified]);
}

/** Has the stream forget its links: their subscriptions say that there are none. */
async function untilForgotten(stream: StreamClient): Promise<void> {
  listeners.answer = () => "unlinked";
  await stream.append("1");
  await eventually(() => links(stream)).toEqual([]);
}

describe("links: what a subscription is told", () => {
  test("link tells where the stream ends, and what is there already is not news", async () => {
    const stream = await createStream({ body: "[1,2]" });
    const { incarnation } = (await stream.object.summary()) ?? {};
    const linked = await stream.object.link({ id: "s", incarnation: "first" });
    expect(linked).toEqual({ kind: "linked", incarnation, tail: 2, linkedFrom: 2 });
    await stream.append("[3,4]");
    await untilTold("s", 4);
    expect(listeners.of("s")).toEqual([
      {
        project: "default",
        id: "s",
        subscription: "first",
        path: stream.name,
        incarnation,
        kind: "appended",
        linkedFrom: 2,
        tail: 4,
        sentAtMs: clock.nowMs,
      },
    ]);
  });

  test("linking again changes nothing, and says where the link began", async () => {
    const stream = await createStream({ body: "[1]" });
    await link(stream, "s");
    await stream.append("2");
    await untilStored(stream, 2);
    expect(await stream.object.link({ id: "s", incarnation: "first" })).toMatchObject({ tail: 2, linkedFrom: 1 });
    expect(await links(stream)).toMatchObject([{ linked_from: 1, notified: 2 }]);
  });

  test("a later subscription of the same id begins at the tail, in the place of the other", async () => {
    const stream = await createStream({ body: "[1]" });
    await link(stream, "s");
    await stream.append("2");
    await untilStored(stream, 2);
    await stream.object.link({ id: "s", incarnation: "second" });
    expect(await links(stream)).toMatchObject([{ subscription_incarnation: "second", linked_from: 2, notified: 2 }]);
  });

  test("every subscription is told, and nothing more once it says that it is not linked", async () => {
    const stream = await createStream();
    await link(stream, "a", "b", "c");
    listeners.answer = ({ id }) => (id === "b" ? "unlinked" : "noted");
    await stream.append("1");
    for (const id of ["a", "b", "c"]) await untilTold(id, 1);
    await eventually(async () => (await links(stream)).map((row) => row["subscription"])).toEqual(["a", "c"]);
    await stream.append("2");
    await untilTold("a", 2);
    await untilTold("c", 2);
    expect(listeners.tails("b")).toEqual([1]);
  });

  test("closing, a duplicate and a refused append are no news; a closing append with a message is", async () => {
    const stream = await createStream();
    await link(stream, "s");
    await stream.append("1", producer("p", 0, 0));
    await untilStored(stream, 1);
    expect((await stream.post("1", producer("p", 0, 0))).status).toBe(204);
    expect((await stream.post("{")).status).toBe(400);
    await stream.close("2");
    await untilStored(stream, 2);
    expect(listeners.tails("s")).toEqual([1, 2]);
    const closed = await createStream();
    await link(closed, "t");
    await closed.close();
    expect(await closed.object.summary()).toMatchObject({ closed: true });
    expect(await links(closed)).toMatchObject([{ notified: 0, failures: 0 }]);
    expect(listeners.of("t")).toEqual([]);
  });

  test("a stream that is not there, or was deleted and is kept for its forks, cannot be linked", async () => {
    const stream = new StreamClient(freshName(), "application/json", sendTo());
    expect(await stream.object.link({ id: "s", incarnation: "first" })).toEqual({ kind: "not-found" });
    expect(await stream.object.position()).toEqual({ kind: "not-found" });
    expect(await stream.object.summary()).toBeUndefined();
    expect(await storedState(stream)).toEqual(NOTHING_STORED);
    const source = await createStream();
    const fork = new StreamClient(freshName(), "application/json", sendTo());
    await fork.send(fork.path, { method: "PUT", headers: { "Stream-Forked-From": source.path } });
    await source.delete();
    expect(await source.object.link({ id: "s", incarnation: "first" })).toEqual({ kind: "gone" });
    expect(await source.object.position()).toEqual({ kind: "gone" });
    expect(await source.object.summary()).toBeUndefined();
  });

  test("neither links nor notices nor questions keep a stream with a sliding TTL alive", async () => {
    const stream = await createStream({ headers: { "Stream-TTL": "60" } });
    const { incarnation } = (await stream.object.summary()) ?? {};
    await link(stream, "s");
    await stream.append("1");
    await untilStored(stream, 1);
    clock.advanceSeconds(59);
    await link(stream, "t");
    expect(await stream.object.position()).toEqual({ kind: "linked", incarnation, tail: 1 });
    expect((await stream.object.summary())?.endsAtMs).toBe(clock.nowMs + 1000);
    clock.advanceSeconds(1);
    expect(await stream.object.position()).toEqual({ kind: "not-found" });
  });
});

describe("links: at the creation", () => {
  beforeAll(async () => {
    const directory = env.DIRECTORY.getByName("default");
    await directory.putSubscription({
      id: "by-pattern",
      incarnation: "first",
      type: "pull-wake",
      pattern: "matched/**",
      wakeStream: undefined,
      createdAtMs: 1,
    });
  });

  test("a stream that a pattern matches is linked from its first message on", async () => {
    const stream = new StreamClient(`matched/${freshName()}`, "application/json", sendTo());
    expect((await stream.put({ body: "[1,2,3]" })).status).toBe(201);
    await untilStored(stream, 3);
    expect(listeners.of("by-pattern")).toMatchObject([{ path: stream.name, linkedFrom: 0, tail: 3 }]);
  });

  test("a fork is linked from its own first message on: what it inherits is nobody's news", async () => {
    const source = await createStream({ body: "[1,2,3]" });
    const fork = new StreamClient(`matched/${freshName()}`, "application/json", sendTo());
    await fork.send(fork.path, { method: "PUT", headers: { "Stream-Forked-From": source.path } });
    expect(await links(fork)).toMatchObject([{ linked_from: 3, notified: 3 }]);
    await fork.append("4");
    await untilStored(fork, 4);
    expect(listeners.of("by-pattern")).toMatchObject([{ path: fork.name, linkedFrom: 3, tail: 4 }]);
  });
});

describe("links: one notice at a time", () => {
  test("writers do not wait for it, and what is appended meanwhile is told at once, afterwards", async () => {
    const stream = await createStream();
    await link(stream, "s", "t");
    const gate = new Gate();
    listeners.answer = async ({ id, tail }): Promise<NoticeOutcome> => {
      if (id === "s" && tail === 1) await gate.pass();
      return "noted";
    };
    await stream.append("1");
    await gate.reached;
    for (let i = 2; i <= 6; i++) await stream.append(String(i));
    await untilTold("t", 6);
    expect(listeners.tails("s")).toEqual([1]);
    await runInDurableObject(env.SUBSCRIPTIONS.getByName("default/s"), gate.open);
    await untilTold("s", 6);
    expect(listeners.tails("s")).toEqual([1, 6]);
  });

  test("many appends become few notices, and the last one is told", async () => {
    const stream = await createStream();
    await link(stream, "s");
    for (let i = 0; i < 40; i++) await stream.append(String(i));
    await untilStored(stream, 40);
    const tails = listeners.tails("s");
    expect(tails.length).toBeLessThan(40);
    expect(tails).toEqual([...tails].sort((left, right) => left - right));
  });
});

describe("links: what is lost", () => {
  test("a notice that fails is given again by the alarm, with growing pauses, after the object was lost too", async () => {
    const stream = await createStream();
    await link(stream, "s");
    listeners.answer = () => {
      throw new Error("injected");
    };
    await stream.append("1");
    for (let failures = 1; failures <= 3; failures++) {
      await eventually(async () => (await links(stream)).map((row) => row["failures"])).toEqual([failures]);
      const { alarmMs } = await storedState(stream);
      expect(alarmMs).toBeGreaterThanOrEqual(clock.nowMs + 1000 * 2 ** (failures - 1));
      await loseMemory(stream);
      clock.advanceSeconds(LONG_SECONDS);
      if (failures === 3) listeners.answer = () => "noted";
      expect(await runDurableObjectAlarm(stream.object)).toBe(true);
    }
    await untilStored(stream, 1);
    expect(await links(stream)).toMatchObject([{ failures: 0, due_at_ms: 0 }]);
    expect(log.take()).toHaveLength(3);
  });

  test("the alarm is set with the append, so an object that is lost before the notice still gives it", async () => {
    const stream = await createStream();
    await link(stream, "s");
    const gate = new Gate();
    listeners.answer = async (): Promise<NoticeOutcome> => {
      await gate.pass();
      return "noted";
    };
    await stream.append("1");
    await gate.reached;
    await loseMemory(stream);
    listeners.answer = () => "noted";
    clock.advanceSeconds(LONG_SECONDS);
    expect(await runDurableObjectAlarm(stream.object)).toBe(true);
    await untilStored(stream, 1);
    expect(listeners.tails("s")).toEqual([1, 1]);
    await runInDurableObject(env.SUBSCRIPTIONS.getByName("default/s"), gate.open);
  });

  test("when the alarm is lost as well, whatever wakes the object does", async () => {
    const stream = await createStream();
    await link(stream, "s");
    listeners.answer = () => {
      throw new Error("injected");
    };
    await stream.append("1");
    await eventually(async () => (await links(stream)).map((row) => row["failures"])).toEqual([1]);
    listeners.answer = () => "noted";
    await runInDurableObject(stream.object, (_instance, { storage }) => storage.deleteAlarm());
    await loseMemory(stream);
    clock.advanceSeconds(LONG_SECONDS);
    await stream.head();
    await untilStored(stream, 1);
  });

  test("a subscription that knows of no link is forgotten", async () => {
    const stream = await createStream();
    await link(stream, "s");
    await untilForgotten(stream);
    await stream.append("2");
    await stream.object.position();
    expect(listeners.tails("s")).toEqual([1]);
  });

  test("an answer about a link that was replaced meanwhile says nothing about the new one", async () => {
    const stream = await createStream();
    await link(stream, "s");
    const gate = new Gate();
    listeners.answer = async ({ subscription }): Promise<NoticeOutcome> => {
      if (subscription === "second") return "noted";
      await gate.pass();
      return "unlinked";
    };
    await stream.append("1");
    await gate.reached;
    await stream.object.link({ id: "s", incarnation: "second" });
    await runInDurableObject(env.SUBSCRIPTIONS.getByName("default/s"), gate.open);
    await stream.append("2");
    await untilTold("s", 2);
    expect(await links(stream)).toMatchObject([{ subscription_incarnation: "second", linked_from: 1 }]);
  });
});

describe("links: asked for while something else is under way", () => {
  test("an answer that there is no link is older than a link that was asked for meanwhile", async () => {
    const stream = await createStream();
    await link(stream, "s");
    const gate = new Gate();
    listeners.answer = async (): Promise<NoticeOutcome> => {
      await gate.pass();
      return "unlinked";
    };
    await stream.append("1");
    await gate.reached;
    await link(stream, "s");
    listeners.answer = () => "noted";
    await runInDurableObject(env.SUBSCRIPTIONS.getByName("default/s"), gate.open);
    await untilStored(stream, 1);
    expect(listeners.tails("s")).toEqual([1, 1]);
  });

  test("a stream that the directory knows and that is not stored yet is linked when it is", async () => {
    const gate = new Gate();
    const stream = new StreamClient(freshName(), "application/json", sendTo());
    const door = atTheDoor(DirectoryDO, "register", async (real, { path }) => {
      const registered = await real();
      if (path === stream.name) await gate.pass();
      return registered;
    });
    const created = stream.put();
    await gate.reached;
    door[Symbol.dispose]();
    const linked = stream.object.link({ id: "s", incarnation: "first" });
    await stream.object.position();
    await runInDurableObject(env.DIRECTORY.getByName("default"), gate.open);
    expect((await created).status).toBe(201);
    expect(await linked).toMatchObject({ kind: "linked", tail: 0 });
    await stream.append("1");
    await untilTold("s", 1);
  });
});

describe("links: the end of the stream", () => {
  test("is told, and then nothing is left", async () => {
    const stream = await createStream({ body: "[1]" });
    await link(stream, "s", "t");
    await stream.delete();
    await runAlarms(stream, 3);
    await eventually(() => storedState(stream)).toEqual(NOTHING_STORED);
    for (const id of ["s", "t"]) expect(listeners.of(id)).toMatchObject([{ kind: "ended", path: stream.name }]);
  });

  test("is told however often that fails, and whatever is lost meanwhile", async () => {
    const stream = await createStream({ body: "[1]" });
    await link(stream, "s");
    let answers = 0;
    listeners.answer = () => {
      if (++answers < 4) throw new Error("injected");
      return "noted";
    };
    await stream.delete();
    await eventually(async () => {
      await loseMemory(stream);
      clock.advanceSeconds(LONG_SECONDS);
      await runAlarms(stream, 3);
      return storedState(stream);
    }).toEqual(NOTHING_STORED);
    expect(listeners.of("s").map(({ kind }) => kind)).toEqual(["ended", "ended", "ended", "ended"]);
  });

  test("of a stream that forks need is told as well", async () => {
    const source = await createStream({ body: "[1]" });
    const fork = new StreamClient(freshName(), "application/json", sendTo());
    await fork.send(fork.path, { method: "PUT", headers: { "Stream-Forked-From": source.path } });
    await link(source, "s");
    await source.delete();
    await eventually(() => links(source)).toEqual([]);
    expect(listeners.of("s")).toMatchObject([{ kind: "ended", path: source.name }]);
    expect((await source.get()).status).toBe(410);
    expect(await fork.readMessages()).toEqual([1]);
  });

  test("comes before the news of the next stream of the name", async () => {
    const stream = await createStream({ body: "[1]" });
    await link(stream, "s");
    listeners.answer = () => {
      throw new Error("injected");
    };
    await stream.delete();
    await eventually(async () => (await links(stream)).map((row) => row["failures"])).toEqual([1]);
    await stream.put({ body: "[2]" });
    await link(stream, "s");
    listeners.answer = () => "noted";
    clock.advanceSeconds(LONG_SECONDS);
    await stream.append("3");
    await untilTold("s", 2);
    expect(listeners.of("s").map(({ kind }) => kind)).toEqual(["ended", "ended", "appended"]);
    await untilStored(stream, 2);
  });
});

describe("links: what they cost", () => {
  const meter = new Meter();

  async function counted(stream: StreamClient): Promise<number> {
    await runInDurableObject(stream.object, (_instance, { storage }) => {
      meter.watchStorage(storage);
    });
    meter.take();
    await stream.append("1");
    return meter.take().rowsWritten;
  }

  test("an append to a stream without links is a row and no alarm, also when there was a link once", async () => {
    const stream = await createStream();
    expect(await counted(stream)).toBe(1);
    await link(stream, "s");
    await untilForgotten(stream);
    await dropAlarm(stream);
    expect(await counted(stream)).toBe(1);
    await evictDurableObject(stream.object);
    expect(await counted(stream)).toBe(1);
    expect((await storedState(stream)).alarmMs).toBeNull();
  });

  test("with a link it is one more for the alarm now and then, and one for each notice", async () => {
    const stream = await createStream();
    await link(stream, "s");
    meter.take();
    await counted(stream);
    await untilStored(stream, 1);
    meter.take();
    const { alarmMs } = await storedState(stream);
    expect(alarmMs).toBe(clock.nowMs + 10_000);
    clock.advanceSeconds(9);
    await stream.append("2");
    await untilStored(stream, 2);
    expect(meter.take().rowsWritten).toBe(2);
    expect((await storedState(stream)).alarmMs).toBe(alarmMs);
  });

  test("a link that is told sets no alarm, and an object that wakes up writes nothing", async () => {
    const stream = await createStream({ body: "[1]" });
    await link(stream, "s");
    await dropAlarm(stream);
    meter.take();
    await stream.head();
    expect(meter.take().rowsWritten).toBe(0);
    expect((await storedState(stream)).alarmMs).toBeNull();
  });
});
