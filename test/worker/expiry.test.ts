import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { Clock } from "./support/clock.ts";
import { eventually } from "./support/eventually.ts";
import { NOTHING_STORED, readerCount, storedState, untilNothingStored } from "./support/object-state.ts";
import { openSse } from "./support/sse-client.ts";
import { createStream, FIRST_OFFSET, nextOffset, producer, type StreamClient } from "./support/stream-client.ts";

function withTtl(seconds: number, body = "[1]"): Promise<StreamClient> {
  return createStream({ headers: { "Stream-TTL": String(seconds) }, body });
}

function expiringAt(atMs: number): Promise<StreamClient> {
  return createStream({ headers: { "Stream-Expires-At": new Date(atMs).toISOString() }, body: "[1]" });
}

async function isThere(stream: StreamClient): Promise<boolean> {
  return (await stream.head()).status === 200;
}

describe("TTL: the window slides", () => {
  test("a stream nobody touches ends when its window is over, and not before", async () => {
    using clock = new Clock();
    const stream = await withTtl(60);
    clock.advanceSeconds(59.999);
    expect(await isThere(stream)).toBe(true);
    clock.advanceSeconds(0.001);
    expect(await isThere(stream)).toBe(false);
  });

  const touches: [string, (stream: StreamClient) => Promise<unknown>][] = [
    ["a read", (stream) => stream.readAll()],
    ["a read at the tail", (stream) => stream.get("?offset=now")],
    ["an append", (stream) => stream.append("1")],
    ["an append by a producer", (stream) => stream.append("1", producer("p", 0, 0))],
  ];
  test.each(touches)("%s begins a new window", async (_name, touch) => {
    using clock = new Clock();
    const stream = await withTtl(60);
    clock.advanceSeconds(59);
    await touch(stream);
    clock.advanceSeconds(59);
    expect(await isThere(stream)).toBe(true);
    clock.advanceSeconds(1);
    expect(await isThere(stream)).toBe(false);
  });

  test("closing a stream is an access to it", async () => {
    using clock = new Clock();
    const stream = await withTtl(60);
    clock.advanceSeconds(59);
    await stream.close();
    clock.advanceSeconds(59);
    await evictDurableObject(stream.object);
    expect(await isThere(stream)).toBe(true);
  });

  test("HEAD does not count as an access", async () => {
    using clock = new Clock();
    const stream = await withTtl(60);
    for (const seconds of [30, 29]) {
      clock.advanceSeconds(seconds);
      expect(await isThere(stream)).toBe(true);
    }
    clock.advanceSeconds(1);
    expect(await isThere(stream)).toBe(false);
  });

  test("an eviction never makes a stream end early, wherever in the window the last access was", async () => {
    using clock = new Clock();
    for (const readsAfterSeconds of [0, 0.5, 3, 5.9, 6, 30, 59.9]) {
      const stream = await withTtl(60);
      clock.advanceSeconds(readsAfterSeconds);
      await stream.readAll();
      await evictDurableObject(stream.object);
      clock.advanceSeconds(59.9);
      expect(await isThere(stream), `read after ${String(readsAfterSeconds)} s`).toBe(true);
    }
  });

  test("evictions make a stream end late by a tenth of its window at most, however many there are", async () => {
    using clock = new Clock();
    const stream = await withTtl(60);
    for (let i = 0; i < 6; i++) {
      clock.advanceSeconds(10);
      await evictDurableObject(stream.object);
      await stream.head();
    }
    expect(await isThere(stream)).toBe(true);
    clock.advanceSeconds(6);
    expect(await isThere(stream)).toBe(false);
  });

  test("a live reader keeps its stream for as long as it listens, and not longer", async () => {
    using clock = new Clock();
    const stream = await withTtl(60);
    const sse = await openSse(stream, "now");
    await sse.untilUpToDate();
    for (let i = 0; i < 5; i++) {
      clock.advanceSeconds(59);
      if (i === 2) await evictDurableObject(stream.object);
      expect(await runDurableObjectAlarm(stream.object)).toBe(true);
    }
    clock.advanceSeconds(600);
    expect(await isThere(stream)).toBe(true);
    await sse.cancel();
    await eventually(() => readerCount(stream)).toBe(0);
    clock.advanceSeconds(59);
    expect(await isThere(stream)).toBe(true);
    clock.advanceSeconds(61);
    expect(await isThere(stream)).toBe(false);
  });
});

async function writtenAccessMs(stream: StreamClient): Promise<SqlStorageValue | undefined> {
  const { tables } = await storedState(stream);
  return tables["log"]?.find((row) => row["start"] === -1)?.["at_ms"];
}

describe("TTL: a reader that leaves", () => {
  test("begins a new window, since it listened until then", async () => {
    using clock = new Clock();
    const stream = await withTtl(60);
    const sse = await openSse(stream, "now");
    await sse.untilUpToDate();
    clock.advanceSeconds(50);
    await sse.cancel();
    // That the reader left is an access, and late enough after the last one to be written down.
    await eventually(() => writtenAccessMs(stream)).toBe(clock.nowMs);
    clock.advanceSeconds(59);
    expect(await isThere(stream)).toBe(true);
    clock.advanceSeconds(8);
    expect(await isThere(stream)).toBe(false);
  });
});

describe("Expires-At: the end is where it was set", () => {
  test("accesses do not move it", async () => {
    using clock = new Clock();
    const stream = await expiringAt(clock.nowMs + 60_000);
    clock.advanceSeconds(59);
    await stream.append("2");
    expect(await stream.readMessages()).toEqual([1, 2]);
    clock.advanceSeconds(1);
    expect((await stream.get()).status).toBe(404);
  });

  test("it ends the connections of live readers", async () => {
    using clock = new Clock();
    const stream = await expiringAt(clock.nowMs + 30_000);
    const sse = await openSse(stream, "now");
    await sse.untilUpToDate();
    const poll = stream.get("?offset=now&live=long-poll");
    await eventually(() => readerCount(stream)).toBe(2);
    clock.advanceSeconds(30);
    await runDurableObjectAlarm(stream.object);
    expect(await sse.next()).toBeUndefined();
    expect((await poll).status).toBe(404);
  });

  test("an answer is not cached for longer than the stream lives", async () => {
    using clock = new Clock();
    const stream = await expiringAt(clock.nowMs + 90_000);
    expect((await stream.get()).headers.get("Cache-Control")).toBe("public, max-age=60");
    clock.advanceSeconds(80);
    expect((await stream.get()).headers.get("Cache-Control")).toBe("public, max-age=10");
    clock.advanceSeconds(9.5);
    expect((await stream.get()).headers.get("Cache-Control")).toBe("no-store");
  });
});

describe("expiry: nothing is left", () => {
  test("the alarm removes every table and itself, without anybody asking for the stream", async () => {
    using clock = new Clock();
    const stream = await withTtl(60);
    await stream.append("2", producer("p", 0, 0));
    await stream.append(JSON.stringify("x".repeat(2_000_000)));
    expect(Object.keys((await storedState(stream)).tables)).toHaveLength(3);
    clock.advanceSeconds(61);
    expect(await runDurableObjectAlarm(stream.object)).toBe(true);
    expect(await storedState(stream)).toEqual(NOTHING_STORED);
  });

  test("the alarm of an evicted object does the same, once the latest possible access is over", async () => {
    using clock = new Clock();
    const stream = await withTtl(60);
    await evictDurableObject(stream.object);
    clock.advanceSeconds(60);
    await runDurableObjectAlarm(stream.object);
    expect(await isThere(stream)).toBe(true);
    clock.advanceSeconds(6);
    expect(await runDurableObjectAlarm(stream.object)).toBe(true);
    expect(await storedState(stream)).toEqual(NOTHING_STORED);
  });

  test("a request that finds a stream expired removes it as well", async () => {
    using clock = new Clock();
    const stream = await withTtl(60);
    clock.advanceSeconds(61);
    expect((await stream.get()).status).toBe(404);
    await untilNothingStored(stream);
  });

  test("an alarm that comes while the window was moved sets itself again and removes nothing", async () => {
    using clock = new Clock();
    const stream = await withTtl(3600);
    const first = (await storedState(stream)).alarmMs;
    clock.advanceSeconds(1800);
    await stream.append("2");
    expect((await storedState(stream)).alarmMs).toBe(first);
    clock.advanceSeconds(1800);
    expect(await runDurableObjectAlarm(stream.object)).toBe(true);
    expect((await storedState(stream)).alarmMs).toBe((first ?? 0) + 1_800_000);
    expect(await stream.readMessages()).toEqual([1, 2]);
  });

  test("an append against the alarm is either stored in a stream that lives, or refused and leaves nothing", async () => {
    using clock = new Clock();
    for (const [advanceSeconds, lives] of [
      [59.999, true],
      [60, false],
    ] as const) {
      const stream = await withTtl(60);
      clock.advanceSeconds(advanceSeconds);
      const [append, , second] = await Promise.all([
        stream.post("2"),
        runDurableObjectAlarm(stream.object),
        stream.post("3"),
      ]);
      expect([append.status, second.status]).toEqual(lives ? [204, 204] : [404, 404]);
      if (lives) expect(await stream.readMessages()).toEqual([1, 2, 3]);
      else await untilNothingStored(stream);
    }
  });
});

describe("expiry: the name can be used again", () => {
  test("a stream created after expiry begins anew and shares nothing with the old one", async () => {
    using clock = new Clock();
    const stream = await withTtl(60);
    await stream.append("2", producer("p", 7, 0));
    const oldTag = (await stream.get()).headers.get("ETag") ?? "";
    clock.advanceSeconds(60);
    const created = await stream.put();
    expect([created.status, nextOffset(created)]).toEqual([201, FIRST_OFFSET]);
    expect(await stream.readMessages()).toEqual([]);
    await stream.append("[8,9]");
    expect((await stream.get("", { "If-None-Match": oldTag })).status).toBe(200);
    expect((await stream.post("10", producer("p", 0, 0))).status).toBe(200);
    expect((await stream.head()).headers.get("Stream-TTL")).toBeNull();
    // What was due for the old one is due no more.
    await runDurableObjectAlarm(stream.object);
    expect((await storedState(stream)).alarmMs).toBeNull();
  });

  test("of creations that race for an expired name one creates and the others find it", async () => {
    using clock = new Clock();
    const stream = await withTtl(60);
    clock.advanceSeconds(60);
    const answers = await Promise.all([1, 2, 3, 4].map(() => stream.put({ body: "[5]" })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 201]);
    expect(await stream.readMessages()).toEqual([5]);
  });

  test("a TTL of 0 is over at once", async () => {
    const stream = await withTtl(0);
    expect((await stream.get()).status).toBe(404);
  });
});
