import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { segmentPrefix } from "../../src/protocol/segment/key.ts";
import { dropAlarm, LONG_SECONDS, onlyByHand, runAlarms, runHandler } from "../worker/support/alarms.ts";
import { keysOf, WatchedBucket } from "../worker/support/bucket.ts";
import { Clock } from "../worker/support/clock.ts";
import { ErrorLog } from "../worker/support/error-log.ts";
import { eventually } from "../worker/support/eventually.ts";
import { failStatements, NOTHING_STORED, readerCount, storedState } from "../worker/support/object-state.ts";
import { createSealed, inspect, sealAll } from "../worker/support/sealing.ts";
import { openSse, type SseClient } from "../worker/support/sse-client.ts";
import { createStream, errorCode, offsetAt, producer, type StreamClient } from "../worker/support/stream-client.ts";
import { manifest, objectKeys } from "./support/sealed-objects.ts";

interface QueuedPurge {
  readonly incarnation: string;
  readonly due_at_ms: number;
  readonly passes: number;
  readonly failures: number;
}

async function queue(stream: StreamClient): Promise<QueuedPurge[]> {
  const { tables } = await storedState(stream);
  return (tables["purge"] ?? []) as unknown as QueuedPurge[];
}

async function appendNumbers(stream: StreamClient, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) await stream.append(String(i));
}

/** A stream with a put on its way that the test sends on whenever it likes. */
async function withPutUnderWay(bucket: WatchedBucket): Promise<{ stream: StreamClient; arrive: () => Promise<void> }> {
  const stream = await createStream();
  await appendNumbers(stream, 0, 5);
  let late: readonly unknown[] = [];
  bucket.intercept(async ({ method, args, real }) => {
    if (method !== "put") return real();
    late = args;
    throw new Error("the connection was lost");
  });
  await runDurableObjectAlarm(stream.object);
  bucket.intercept();
  return {
    stream,
    arrive: async () => {
      const [key, value, options] = late;
      await env.R2.put(key as string, value as Uint8Array, options as R2PutOptions);
    },
  };
}

describe("delete: what was sealed is purged by the alarm", () => {
  test("the answer waits for no bucket, and the alarm removes the objects", async () => {
    using clock = new Clock();
    using bucket = new WatchedBucket();
    onlyByHand(clock);
    const stream = await createSealed(12, { headers: { "Stream-TTL": "86400" } });
    await stream.append("12", producer("p", 0, 0));
    await stream.append(JSON.stringify("x".repeat(2_000_000)));
    bucket.take();
    expect((await stream.delete()).status).toBe(204);
    expect(bucket.take()).toEqual({ put: 0, get: 0, head: 0, list: 0, delete: 0 });
    const { tables, alarmMs } = await storedState(stream);
    expect(
      Object.entries(tables)
        .flatMap(([name, rows]) => (rows.length > 0 ? [name] : []))
        .sort(),
    ).toEqual(["purge", "registration"]);
    expect(alarmMs).toBe(clock.nowMs);
    expect(await objectKeys(stream)).toHaveLength(2);
    await runDurableObjectAlarm(stream.object);
    expect(await objectKeys(stream)).toEqual([]);
  });

  test("every operation answers 404 while the objects still wait, after an eviction as well", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createSealed(7);
    await stream.delete();
    for (let i = 0; i < 2; i++) {
      const answers = [await stream.head(), await stream.get(), await stream.post("1"), await stream.delete()];
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
      await Promise.all(answers.map((answer) => answer.arrayBuffer()));
      await evictDurableObject(stream.object);
    }
    expect(await queue(stream)).toHaveLength(1);
  });

  test("everything is looked through once more, and then nothing at all is stored", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createSealed(12);
    await stream.delete();
    await runDurableObjectAlarm(stream.object);
    const { alarmMs } = await storedState(stream);
    expect(alarmMs).toBe(clock.nowMs + 600_000);
    // An alarm that comes early leaves it for later.
    await runHandler(stream);
    expect(await queue(stream)).toHaveLength(1);
    clock.advanceSeconds(600);
    expect(await runDurableObjectAlarm(stream.object)).toBe(true);
    expect(await storedState(stream)).toEqual(NOTHING_STORED);
  });

  test("an object that lost its memory and its alarm takes the purge up by itself when it wakes", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createSealed(7);
    await stream.delete();
    await dropAlarm(stream);
    expect((await stream.head()).status).toBe(404);
    expect(await runDurableObjectAlarm(stream.object)).toBe(true);
    expect(await objectKeys(stream)).toEqual([]);
    await dropAlarm(stream);
    expect((await stream.head()).status).toBe(404);
    expect((await storedState(stream)).alarmMs).toBe(clock.nowMs + 600_000);
  });

  test("objects of another stream whose name goes on from this one's are not touched", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createSealed(7);
    const { incarnation } = await inspect(stream);
    const others = ["-more", "/more"].map(
      (more) => `segments/default/${encodeURIComponent(stream.name + more)}/${incarnation}/a`,
    );
    for (const key of others) await env.R2.put(key, "x");
    await stream.delete();
    await runAlarms(stream, 3);
    expect(await keysOf(`segments/default/${stream.name}`)).toEqual(others.sort());
    expect(await objectKeys(stream)).toEqual([]);
  });

  test("more than a list holds is removed list by list", { timeout: 60_000 }, async () => {
    using clock = new Clock();
    using bucket = new WatchedBucket();
    onlyByHand(clock);
    const stream = await createSealed(7);
    const { incarnation } = await inspect(stream);
    const prefix = await segmentPrefix(`default/${stream.name}`, incarnation);
    for (let from = 0; from < 1100; from += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, i) => env.R2.put(`${prefix}orphan-${String(from + i)}`, "x")));
    }
    await stream.delete();
    bucket.take();
    await runDurableObjectAlarm(stream.object);
    const { list, delete: deletes } = bucket.take();
    expect([list, deletes, await objectKeys(stream)]).toEqual([2, 2, []]);
  });

  test("a deletion whose transaction fails deletes nothing", async () => {
    using log = new ErrorLog();
    const stream = await createSealed(7);
    const heal = await failStatements(stream, 2);
    expect((await stream.delete()).status).toBe(500);
    await heal();
    expect(log.take()).not.toEqual([]);
    expect(await stream.readMessages()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(await stream.append("7")).toBe(offsetAt(8));
    expect((await stream.delete()).status).toBe(204);
  });
});

describe("delete: R2 fails", () => {
  test.each(["list", "delete"] as const)(
    "a %s that fails is repeated, later each time, until it is done",
    async (method) => {
      using clock = new Clock();
      using bucket = new WatchedBucket();
      using log = new ErrorLog();
      onlyByHand(clock);
      const stream = await createSealed(7);
      await stream.delete();
      bucket.fail(method);
      for (let failures = 1; failures <= 10; failures++) {
        await runDurableObjectAlarm(stream.object);
        const { alarmMs } = await storedState(stream);
        const delayMs = (alarmMs ?? 0) - clock.nowMs;
        const leastMs = Math.min(300_000, 1000 * 2 ** (failures - 1));
        expect(delayMs).toBeGreaterThanOrEqual(leastMs);
        expect(delayMs).toBeLessThanOrEqual(leastMs * 1.2);
        expect(await queue(stream)).toMatchObject([{ failures, passes: 0 }]);
        await evictDurableObject(stream.object);
        clock.advanceSeconds(delayMs / 1000);
      }
      expect(log.take()).toHaveLength(10);
      bucket.intercept();
      expect(await objectKeys(stream)).toHaveLength(1);
      await runHandler(stream);
      expect([await objectKeys(stream), await queue(stream)]).toMatchObject([[], [{ failures: 0, passes: 1 }]]);
      bucket.fail(method);
      await env.R2.put(
        `${await segmentPrefix(`default/${stream.name}`, (await queue(stream))[0]?.incarnation ?? "")}x`,
        "late",
      );
      clock.advanceSeconds(600);
      await runDurableObjectAlarm(stream.object);
      expect(await queue(stream)).toMatchObject([{ failures: 1, passes: 1 }]);
      bucket.intercept();
      clock.advanceSeconds(2);
      await runDurableObjectAlarm(stream.object);
      expect([await objectKeys(stream), await storedState(stream)]).toEqual([[], NOTHING_STORED]);
    },
  );

  test("a purge that waits does not hold up the sealing of the stream that has the name now", async () => {
    using clock = new Clock();
    using bucket = new WatchedBucket();
    using log = new ErrorLog();
    onlyByHand(clock);
    const stream = await createSealed(7);
    await stream.delete();
    await stream.put();
    bucket.fail("list");
    await appendNumbers(stream, 10, 16);
    await runDurableObjectAlarm(stream.object);
    expect((await inspect(stream)).segments.messages).toBe(5);
    expect((await inspect(stream)).purges).toMatchObject([{ failures: 1 }]);
    expect(log.take()).toHaveLength(1);
  });
});

describe("delete and create again: the new stream", () => {
  test("neither sees nor loses anything by the late purge of the old one", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createSealed(12);
    const old = await objectKeys(stream);
    await stream.delete();
    expect((await stream.put()).status).toBe(201);
    expect(await stream.readMessages()).toEqual([]);
    expect((await stream.get(`?offset=${offsetAt(5)}`)).status).toBe(400);
    await appendNumbers(stream, 100, 112);
    // The purge is held up while the new stream seals under the very same positions.
    using bucket = new WatchedBucket();
    using log = new ErrorLog();
    bucket.fail("list");
    await sealAll(stream);
    bucket.intercept();
    expect(log.take()).not.toEqual([]);
    const mine = (await manifest(stream)).map(({ key }) => key);
    expect(await objectKeys(stream)).toEqual([...old, ...mine].sort());
    clock.advanceSeconds(LONG_SECONDS);
    await runAlarms(stream, 2);
    expect(await objectKeys(stream)).toEqual(mine);
    clock.advanceSeconds(LONG_SECONDS);
    await runAlarms(stream, 2);
    expect((await inspect(stream)).purges).toEqual([]);
    expect(await objectKeys(stream)).toEqual(mine);
    expect(await stream.readMessages()).toEqual(Array.from({ length: 12 }, (_, i) => 100 + i));
  });

  test("is not harmed by a put of the old one that arrives after all was purged, and the second look removes it", async () => {
    using clock = new Clock();
    using bucket = new WatchedBucket();
    using log = new ErrorLog();
    onlyByHand(clock);
    const { stream, arrive } = await withPutUnderWay(bucket);
    expect(log.take()).toEqual([expect.stringContaining("the connection was lost")]);
    await stream.delete();
    await stream.put();
    await appendNumbers(stream, 50, 56);
    await sealAll(stream);
    const mine = (await manifest(stream)).map(({ key }) => key);
    expect(await queue(stream)).toMatchObject([{ passes: 1 }]);
    await arrive();
    expect(await objectKeys(stream)).toHaveLength(2);
    clock.advanceSeconds(600);
    await runAlarms(stream, 2);
    expect([await objectKeys(stream), (await inspect(stream)).purges]).toEqual([mine, []]);
    expect(await stream.readMessages()).toEqual([50, 51, 52, 53, 54, 55]);
  });

  test("is not sealed by an attempt that began with the old one", async () => {
    using clock = new Clock();
    using bucket = new WatchedBucket();
    using log = new ErrorLog();
    onlyByHand(clock);
    for (const outcome of ["stored", "failed"]) {
      const stream = await createStream();
      await appendNumbers(stream, 0, 5);
      let isFirst = true;
      bucket.intercept(async ({ method, real }) => {
        if (method !== "put" || !isFirst) return real();
        isFirst = false;
        await stream.delete();
        await stream.put();
        await appendNumbers(stream, 50, 58);
        const stored = await real();
        if (outcome === "failed") throw new Error("injected failure");
        return stored;
      });
      await runDurableObjectAlarm(stream.object);
      bucket.intercept();
      expect(await stream.readMessages()).toEqual([50, 51, 52, 53, 54, 55, 56, 57]);
      const { sealing, segments } = await sealAll(stream);
      expect([sealing.failures, segments.messages]).toEqual([0, 5]);
      expect(await objectKeys(stream)).toEqual((await manifest(stream)).map(({ key }) => key));
      expect(await stream.readMessages()).toEqual([50, 51, 52, 53, 54, 55, 56, 57]);
    }
    expect(log.take()).toEqual([]);
  });

  test("may end as often as it likes: every one of them that made segments is queued and purged", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createStream();
    using bucket = new WatchedBucket();
    using log = new ErrorLog();
    bucket.fail("list");
    for (let cycle = 0; cycle < 12; cycle++) {
      await appendNumbers(stream, cycle, cycle + (cycle % 3 === 0 ? 2 : 6));
      await sealAll(stream);
      await stream.delete();
      if (cycle % 4 === 0) await evictDurableObject(stream.object);
      expect((await stream.put()).status).toBe(201);
    }
    // Every third one made no segment, and leaves nothing to be purged.
    expect(await queue(stream)).toHaveLength(8);
    expect(log.take()).not.toEqual([]);
    await stream.delete();
    bucket.intercept();
    expect(await objectKeys(stream)).toHaveLength(8);
    for (let pass = 0; pass < 2; pass++) {
      clock.advanceSeconds(LONG_SECONDS);
      await runDurableObjectAlarm(stream.object);
      expect(await objectKeys(stream)).toEqual([]);
    }
    expect(await storedState(stream)).toEqual(NOTHING_STORED);
    expect((await stream.put()).status).toBe(201);
    await appendNumbers(stream, 0, 6);
    await sealAll(stream);
    expect(await stream.readMessages()).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe("expiry: what was sealed goes as with a deletion", () => {
  test("the alarm of a TTL ends the stream and removes its objects, and nothing is left in the end", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createSealed(12, { headers: { "Stream-TTL": "60" } });
    expect((await storedState(stream)).alarmMs).toBe(clock.nowMs + 60_000);
    clock.advanceSeconds(61);
    await runDurableObjectAlarm(stream.object);
    expect([(await stream.head()).status, await objectKeys(stream)]).toEqual([404, []]);
    clock.advanceSeconds(600);
    await runDurableObjectAlarm(stream.object);
    expect(await storedState(stream)).toEqual(NOTHING_STORED);
  });

  test("a request that finds the stream expired queues the purge", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createSealed(7, { headers: { "Stream-TTL": "60" } });
    clock.advanceSeconds(60);
    expect((await stream.get()).status).toBe(404);
    expect(await queue(stream)).toHaveLength(1);
    expect((await storedState(stream)).alarmMs).toBe(clock.nowMs);
    await runDurableObjectAlarm(stream.object);
    expect(await objectKeys(stream)).toEqual([]);
  });

  test("reads of sealed history begin a new window, after an eviction as well", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createSealed(5, { headers: { "Stream-TTL": "60" } });
    for (let i = 0; i < 3; i++) {
      clock.advanceSeconds(50);
      expect(await stream.readMessages()).toEqual([0, 1, 2, 3, 4]);
      await evictDurableObject(stream.object);
    }
    clock.advanceSeconds(67);
    expect((await stream.head()).status).toBe(404);
  });

  test("a stream whose whole log is sealed counts its window from its last append", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createStream({ headers: { "Stream-TTL": "60" } });
    clock.advanceSeconds(50);
    await appendNumbers(stream, 0, 5);
    await sealAll(stream);
    await evictDurableObject(stream.object);
    clock.advanceSeconds(59);
    expect((await stream.head()).status).toBe(200);
  });
});

describe("a stream that ends while somebody reads its history", () => {
  /** Ends the stream after the object has said where the bytes are, and before they are fetched. */
  function endBeforeFetch(bucket: WatchedBucket, stream: StreamClient, nth = 1): void {
    let gets = 0;
    bucket.intercept(async ({ method, real }) => {
      if (method === "get" && ++gets === nth) {
        await stream.delete();
        await runDurableObjectAlarm(stream.object);
      }
      return real();
    });
  }

  test.each(["", "&live=long-poll", "&live=sse"])("answers 404, and no error: ?offset=-1%s", async (live) => {
    using clock = new Clock();
    using bucket = new WatchedBucket();
    using log = new ErrorLog();
    onlyByHand(clock);
    const stream = await createSealed(7);
    endBeforeFetch(bucket, stream);
    const answer = await stream.get(`?offset=-1${live}`);
    expect([answer.status, await errorCode(answer)]).toEqual([404, "STREAM_NOT_FOUND"]);
    expect(log.take()).toEqual([]);
  });

  test("answers with the new stream when it was created again", async () => {
    using clock = new Clock();
    using bucket = new WatchedBucket();
    onlyByHand(clock);
    const stream = await createSealed(7);
    let isFirst = true;
    bucket.intercept(async ({ method, real }) => {
      if (method === "get" && isFirst) {
        isFirst = false;
        await stream.delete();
        await stream.put({ body: "[70]" });
        await runDurableObjectAlarm(stream.object);
      }
      return real();
    });
    expect(await stream.readMessages()).toEqual([70]);
  });

  /** More than one answer of history. */
  async function createLong(): Promise<StreamClient> {
    const stream = await createStream();
    for (let i = 0; i < 5; i++) await stream.append(JSON.stringify(String(i).repeat(400_000)));
    await sealAll(stream);
    return stream;
  }

  async function firstEvents(sse: SseClient): Promise<void> {
    expect((await sse.next())?.kind).toBe("data");
    expect((await sse.next())?.kind).toBe("control");
  }

  test("ends the connection of an SSE reader that is in the middle of it", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createLong();
    const sse = await openSse(stream);
    await firstEvents(sse);
    await stream.delete();
    await runDurableObjectAlarm(stream.object);
    expect(await sse.rest()).toEqual([]);
  });

  test("ends the connection of an SSE reader whose next bytes are just being fetched", async () => {
    using clock = new Clock();
    using bucket = new WatchedBucket();
    using log = new ErrorLog();
    onlyByHand(clock);
    const stream = await createLong();
    endBeforeFetch(bucket, stream, 2);
    const sse = await openSse(stream);
    await firstEvents(sse);
    const end = await sse.rest().catch(() => "broken off");
    expect([[], "broken off"]).toContainEqual(end);
    expect(log.take().length).toBe(end === "broken off" ? 1 : 0);
  });

  test("ends the connection of an SSE reader that has had all of it and waits for more", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createSealed(7);
    const sse = await openSse(stream);
    await sse.untilUpToDate();
    const rest = sse.rest();
    await eventually(() => readerCount(stream)).toBe(1);
    await stream.delete();
    expect((await rest).filter(({ kind }) => kind === "data")).toEqual([]);
  });
});
