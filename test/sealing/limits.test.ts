import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { encodeSizes } from "../../src/protocol/sizes.ts";
import { dropAlarm, LONG_SECONDS, onlyByHand, runHandler } from "../worker/support/alarms.ts";
import { WatchedBucket } from "../worker/support/bucket.ts";
import { Clock } from "../worker/support/clock.ts";
import { ErrorLog } from "../worker/support/error-log.ts";
import { setObjectVariables } from "../worker/support/object-variables.ts";
import { storedState } from "../worker/support/object-state.ts";
import { inspect, sealAll } from "../worker/support/sealing.ts";
import {
  createStream,
  nextOffset,
  offsetAt,
  producer,
  sendTo,
  type StreamClient,
} from "../worker/support/stream-client.ts";
import { manifest, objectKeys, requireSegment } from "./support/sealed-objects.ts";

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

async function appendEach(stream: StreamClient, bodies: readonly (string | number)[]): Promise<void> {
  for (const body of bodies) await stream.append(String(body));
}

/** Start, end and messages of each segment. */
async function shape(stream: StreamClient): Promise<number[][]> {
  return (await manifest(stream)).map(({ start, tail, messages }) => [start, tail, messages]);
}

describe("thresholds: when a hot log is sealed", () => {
  test("one message less than SEGMENT_MAX_MESSAGES stays hot, and sets no alarm", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createStream();
    await appendEach(stream, numbers(0, 4));
    expect((await storedState(stream)).alarmMs).toBeNull();
    await stream.append("4");
    expect((await storedState(stream)).alarmMs).toBe(clock.nowMs);
    await runDurableObjectAlarm(stream.object);
    expect(await shape(stream)).toEqual([[0, 5, 5]]);
    expect((await inspect(stream)).hot).toMatchObject({ messages: 0, rows: 0, bytes: 0 });
  });

  test("a segment holds whole appends, up to SEGMENT_MAX_MESSAGES of them or a larger one alone", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createStream();
    for (const body of ["[0,1,2]", "[3,4,5]", "[6,7,8,9,10,11]", "12", "13", "[14,15]"]) await stream.append(body);
    await runDurableObjectAlarm(stream.object);
    // What is left after the first two is less than a segment at first: it is sealed as long as it is due.
    expect(await shape(stream)).toEqual([
      [0, 3, 3],
      [3, 6, 3],
      [6, 12, 6],
    ]);
    expect(await stream.readMessages()).toEqual(numbers(0, 16));
  });

  test.each([
    ["application/json", `"${"x".repeat(22)}"`],
    ["text/plain", "x".repeat(25)],
  ])("SEGMENT_MAX_BYTES of payload are sealed, and a byte less is not: %s", async (contentType, message) => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createStream({ contentType });
    await setObjectVariables(stream, {
      SEGMENT_MAX_BYTES: "99",
      SEGMENT_MAX_MESSAGES: "1000",
    });
    const [last, shorter] = contentType === "text/plain" ? ["x".repeat(24), 0] : [`"${"x".repeat(22)}"`, 1];
    await appendEach(stream, [message, message, message]);
    // JSON counts the commas between its messages: 24 + 1 + 24 + 1 + 24 come to 74.
    expect((await inspect(stream)).hot.bytes).toBe(75 - shorter);
    expect((await storedState(stream)).alarmMs).toBeNull();
    await stream.append(last);
    expect((await inspect(stream)).hot.bytes).toBe(99);
    await runDurableObjectAlarm(stream.object);
    const [segment] = await manifest(stream);
    expect(segment).toMatchObject({ messages: 4, bytes: 99 });
    expect((await requireSegment(segment?.key ?? "")).bytes).toBe(99);
  });

  test("a message larger than a segment is one by itself, and its neighbours are not in it", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createStream();
    await setObjectVariables(stream, { SEGMENT_MAX_BYTES: "100" });
    const large = "x".repeat(2_500_000);
    await appendEach(stream, [1, 2, JSON.stringify(large), 3, JSON.stringify("y".repeat(100))]);
    await sealAll(stream);
    expect(await shape(stream)).toEqual([
      [0, 2, 2],
      [2, 3, 1],
      [3, 4, 1],
      [4, 5, 1],
    ]);
    expect((await storedState(stream)).tables["overflow"]).toEqual([]);
    expect(await stream.readMessages()).toEqual([1, 2, large, 3, "y".repeat(100)]);
  });
});

describe("a backlog", () => {
  test(
    "is drained in bounded steps and larger segments, and appends never wait for R2",
    { timeout: 60_000 },
    async () => {
      using clock = new Clock();
      using bucket = new WatchedBucket();
      using log = new ErrorLog();
      onlyByHand(clock);
      const stream = await createStream();
      await setObjectVariables(stream, { SEGMENT_MAX_BYTES: "120" });
      bucket.fail("put");
      for (let from = 0; from < 2000; from += 10) {
        await stream.append(JSON.stringify(numbers(from, from + 10)));
        if (from % 500 !== 0) continue;
        await runDurableObjectAlarm(stream.object);
        clock.advanceSeconds(LONG_SECONDS);
      }
      const { hot, sealing, segments } = await inspect(stream);
      expect([hot.messages, segments.count, sealing.state, sealing.failures]).toEqual([2000, 0, "retrying", 4]);
      expect(sealing.lastError).toBe("injected failure of put");
      expect(log.take()).toHaveLength(4);
      bucket.intercept();
      const rounds: number[] = [];
      do {
        const before = (await inspect(stream)).segments.count;
        expect(await runDurableObjectAlarm(stream.object)).toBe(true);
        rounds.push((await inspect(stream)).segments.count - before);
        expect((await stream.post(String(2000 + rounds.length - 1))).status).toBe(204);
      } while ((await inspect(stream)).sealing.state !== "idle");
      const made = rounds.reduce((sum, round) => sum + round, 0);
      expect(rounds[0]).toBe(64);
      expect(rounds.length).toBeGreaterThan(1);
      expect(made).toBeLessThan(150);
      expect((await inspect(stream)).hot.messages).toBeLessThan(5);
      expect(await stream.readMessages()).toEqual(numbers(0, 2000 + rounds.length));
      for (const { bytes } of await manifest(stream)) expect(bytes).toBeLessThanOrEqual(120);
    },
  );

  test("of more than 16 segments is sealed as if SEGMENT_MAX_MESSAGES were not there", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const [few, many] = [await createStream(), await createStream()];
    await setObjectVariables(many, { SEGMENT_MAX_MESSAGES: "1000" });
    await evictDurableObject(few.object);
    for (const [stream, count] of [
      [few, 80],
      [many, 81],
    ] as const) {
      for (let i = 0; i < count; i++) await stream.append(String(i));
    }
    await setObjectVariables(many, { SEGMENT_MAX_MESSAGES: "5" });
    await evictDurableObject(few.object);
    for (const stream of [few, many]) {
      await inspect(stream);
      await runDurableObjectAlarm(stream.object);
    }
    expect((await inspect(few)).segments.count).toBe(16);
    expect(await shape(many)).toEqual([[0, 81, 81]]);
  });
});

describe("closing", () => {
  test("seals what is left, however little", async () => {
    const stream = await createStream();
    await appendEach(stream, numbers(0, 7));
    await stream.close("7");
    const { hot, segments } = await sealAll(stream);
    expect([hot.messages, segments.messages]).toEqual([0, 8]);
    await evictDurableObject(stream.object);
    expect(await stream.readMessages()).toEqual(numbers(0, 8));
    expect((await stream.get(`?offset=${offsetAt(8)}`)).headers.get("Stream-Closed")).toBe("true");
  });

  test("seals a stream that was closed when it was created", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createStream({ headers: { "Stream-Closed": "true" }, body: "[1,2]" });
    await sealAll(stream);
    expect(await shape(stream)).toEqual([[0, 2, 2]]);
    expect(await stream.readMessages()).toEqual([1, 2]);
  });

  test("a stream that holds nothing makes no segment, and no alarm", async () => {
    const stream = await createStream();
    await stream.close();
    await runHandler(stream);
    const state = await storedState(stream);
    expect([Object.keys(state.tables), state.alarmMs, await objectKeys(stream)]).toEqual([["log"], null, []]);
  });
});

describe("a stream whose whole log is sealed", () => {
  async function sealedWhole(headers: readonly Record<string, string>[]): Promise<StreamClient> {
    const stream = await createStream();
    for (const [i, more] of headers.entries()) await stream.append(String(i), more);
    expect((await sealAll(stream)).hot.rows).toBe(0);
    await evictDurableObject(stream.object);
    return stream;
  }

  test("has its tail after an eviction, and goes on from there", async () => {
    const stream = await sealedWhole([{}, {}, {}, {}, {}]);
    expect(nextOffset(await stream.head())).toBe(offsetAt(5));
    expect(await stream.append("5")).toBe(offsetAt(6));
    expect(await stream.readMessages(offsetAt(3))).toEqual([3, 4, 5]);
  });

  test("knows its last Stream-Seq after an eviction", async () => {
    const stream = await sealedWhole(["a", "b", "c", "d", "m"].map((seq) => ({ "Stream-Seq": seq })));
    expect((await stream.post("5", { "Stream-Seq": "e" })).status).toBe(409);
    expect((await stream.post("5", { "Stream-Seq": "n" })).status).toBe(204);
  });

  test("knows its producers after an eviction", async () => {
    const stream = await sealedWhole(numbers(0, 5).map((seq) => producer("p", 2, seq)));
    expect((await stream.post("9", producer("p", 2, 4))).status).toBe(204);
    expect((await stream.post("9", producer("p", 2, 6))).status).toBe(409);
    expect((await stream.post("9", producer("p", 1, 5))).status).toBe(403);
    expect((await stream.post("5", producer("p", 2, 5))).status).toBe(200);
    expect(await stream.readMessages()).toEqual(numbers(0, 6));
  });

  test("knows who closed it after an eviction", async () => {
    const stream = await createStream();
    await appendEach(stream, numbers(0, 3));
    const closing = { ...producer("p", 0, 0), "Stream-Closed": "true" };
    expect((await stream.post("3", closing)).status).toBe(200);
    expect((await sealAll(stream)).hot.rows).toBe(0);
    await evictDurableObject(stream.object);
    const again = await stream.post("3", closing);
    expect([again.status, again.headers.get("Stream-Closed")]).toEqual([204, "true"]);
    expect((await stream.post("3", producer("p", 0, 1))).status).toBe(409);
  });
});

describe("variables that make no sense to an object", () => {
  /** An edge with good ones: a deploy reaches it and its objects at different times. */
  const send = sendTo({}, { SEGMENT_MAX_MESSAGES: "5", SEGMENT_MAX_BYTES: "" });

  test("leave its streams unsealed and working, and the next ones that do seal them", async () => {
    using clock = new Clock();
    using log = new ErrorLog();
    onlyByHand(clock);
    const stream = await createStream({ send });
    await setObjectVariables(stream, { SEGMENT_MAX_MESSAGES: "many" });
    await appendEach(stream, numbers(0, 12));
    await runHandler(stream);
    expect(log.take()).toEqual([expect.stringContaining("SEGMENT_MAX_MESSAGES")]);
    expect((await inspect(stream)).sealing).toEqual({ state: "disabled", failures: 0 });
    expect([(await storedState(stream)).alarmMs, await objectKeys(stream)]).toEqual([null, []]);
    expect(await stream.readMessages()).toEqual(numbers(0, 12));
    await evictDurableObject(stream.object);
    expect((await stream.head()).status).toBe(200);
    log.take();
    await setObjectVariables(stream, { SEGMENT_MAX_MESSAGES: "5" });
    await inspect(stream);
    expect(await runDurableObjectAlarm(stream.object)).toBe(true);
    expect((await inspect(stream)).segments.messages).toBe(10);
    expect(await stream.readMessages()).toEqual(numbers(0, 12));
  });

  test("do not keep what ended from being purged", async () => {
    using clock = new Clock();
    using log = new ErrorLog();
    onlyByHand(clock);
    const stream = await createStream({ send });
    await appendEach(stream, numbers(0, 5));
    await sealAll(stream);
    await setObjectVariables(stream, { SEGMENT_MAX_BYTES: "-1" });
    await stream.delete();
    expect(log.take()).toEqual([expect.stringContaining("SEGMENT_MAX_BYTES")]);
    await runDurableObjectAlarm(stream.object);
    expect(await objectKeys(stream)).toEqual([]);
  });
});

describe("alarms that come twice", () => {
  test("at the same time make every segment once, and reads see no step back", async () => {
    using clock = new Clock();
    using bucket = new WatchedBucket();
    using log = new ErrorLog();
    onlyByHand(clock);
    const stream = await createStream();
    await appendEach(stream, numbers(0, 17));
    let puts = 0;
    let release = (): void => undefined;
    const sealedBefore = new Promise<void>((resolve) => (release = resolve));
    bucket.intercept(async ({ method, real }) => {
      if (method === "put" && ++puts === 2) await sealedBefore;
      return real();
    });
    await runInDurableObject(stream.object, async (instance) => {
      const alarms = [instance.alarm(), instance.alarm()];
      // Of two that do not know of each other, one would now be held at its first segment while the other makes them all.
      for (let waits = 0; waits < 100 && puts < 4; waits++) await scheduler.wait(1);
      release();
      await Promise.all(alarms);
    });
    expect([puts, log.take()]).toEqual([3, []]);
    const { segments, hot } = await inspect(stream);
    expect([segments.count, hot.start, hot.messages]).toEqual([3, 15, 2]);
    expect(await stream.readMessages()).toEqual(numbers(0, 17));
  });

  test("late do nothing", async () => {
    using clock = new Clock();
    using bucket = new WatchedBucket();
    onlyByHand(clock);
    const stream = await createStream();
    await appendEach(stream, numbers(0, 7));
    await runDurableObjectAlarm(stream.object);
    const before = await storedState(stream);
    bucket.take();
    await runHandler(stream);
    await runHandler(stream, 2);
    expect([await storedState(stream), bucket.take()]).toEqual([
      before,
      { put: 0, get: 0, head: 0, list: 0, delete: 0 },
    ]);
  });
});

describe("an alarm that the platform dropped", () => {
  test("is set again when the object wakes up for whatever reason", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createStream();
    await appendEach(stream, numbers(0, 6));
    await dropAlarm(stream);
    expect((await stream.head()).status).toBe(200);
    expect((await storedState(stream)).alarmMs).toBe(clock.nowMs);
    expect((await sealAll(stream)).segments.messages).toBe(5);
  });

  test("is set again for when a failed attempt is to be repeated", async () => {
    using clock = new Clock();
    using bucket = new WatchedBucket();
    using log = new ErrorLog();
    onlyByHand(clock);
    const stream = await createStream();
    await appendEach(stream, numbers(0, 6));
    bucket.fail("put");
    await runDurableObjectAlarm(stream.object);
    expect(log.take()).toHaveLength(1);
    const { alarmMs } = await storedState(stream);
    await dropAlarm(stream);
    expect((await inspect(stream)).sealing.nextAttemptAtMs).toBe(alarmMs);
    expect((await storedState(stream)).alarmMs).toBe(alarmMs);
  });

  test("is not set by waking up a stream with nothing to be done", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createStream();
    await appendEach(stream, numbers(0, 7));
    await sealAll(stream);
    await evictDurableObject(stream.object);
    expect((await stream.head()).status).toBe(200);
    expect((await storedState(stream)).alarmMs).toBeNull();
  });
});

describe("a stream of the version before segments", () => {
  interface OldRow {
    readonly start: number;
    readonly positions: number;
    readonly texts: readonly string[];
    readonly streamSeq?: string;
  }

  /** Turns a stream into what that version stored of it: no tally, and a head without the name. */
  async function makeOld(stream: StreamClient, rows: readonly OldRow[], closed = false): Promise<void> {
    await runInDurableObject(stream.object, (_instance, { storage }) => {
      const { sql } = storage;
      const [head] = sql.exec<{ payload: ArrayBuffer; at_ms: number }>(
        "SELECT payload, at_ms FROM log WHERE start = -1",
      );
      if (head === undefined) throw new Error("the stream has no head");
      const { name: _name, ...facts } = JSON.parse(new TextDecoder().decode(head.payload)) as Record<string, unknown>;
      const old = new TextEncoder().encode(JSON.stringify({ ...facts, version: 1, closed }));
      sql.exec("DROP TABLE log");
      sql.exec(`CREATE TABLE log (start INTEGER PRIMARY KEY, positions INTEGER NOT NULL, bytes INTEGER NOT NULL,
        payload BLOB NOT NULL, sizes BLOB, parts INTEGER NOT NULL, stream_seq TEXT, at_ms INTEGER NOT NULL)`);
      sql.exec("INSERT INTO log VALUES (-1, 0, 0, ?, NULL, 0, NULL, ?)", old, head.at_ms);
      for (const { start, positions, texts, streamSeq } of rows) {
        const isJson = stream.contentType === "application/json";
        const payload = new TextEncoder().encode(texts.join(isJson ? "," : ""));
        const sizes = encodeSizes(texts.map((text) => new TextEncoder().encode(text).byteLength));
        sql.exec(
          "INSERT INTO log VALUES (?, ?, ?, ?, ?, 0, ?, ?)",
          start,
          positions,
          payload.byteLength,
          payload,
          sizes,
          streamSeq ?? null,
          head.at_ms,
        );
      }
    });
    await evictDurableObject(stream.object);
  }

  const jsonRows: OldRow[] = numbers(0, 9).map((i) => ({
    start: 2 * i,
    positions: 2,
    texts: [String(2 * i), String(2 * i + 1)],
    streamSeq: `s${String(i)}`,
  }));

  test("reads, appends and seals as any other, and keeps doing so after an eviction", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createStream();
    await makeOld(stream, jsonRows);
    expect(await stream.readMessages()).toEqual(numbers(0, 18));
    expect(nextOffset(await stream.head())).toBe(offsetAt(18));
    const { total, hot, name } = await inspect(stream);
    expect([name, total, hot.rows]).toEqual([`default/${stream.name}`, { messages: 18, bytes: 43 }, 9]);
    expect((await stream.post("18", { "Stream-Seq": "s7" })).status).toBe(409);
    expect(await stream.append("18", { "Stream-Seq": "s9" })).toBe(offsetAt(19));
    await evictDurableObject(stream.object);
    const sealed = await sealAll(stream);
    expect([sealed.sealing.state, sealed.hot.messages]).toEqual(["idle", 3]);
    expect(await shape(stream)).toEqual([0, 4, 8, 12].map((start) => [start, start + 4, 4]));
    for (const { key, bytes } of await manifest(stream)) expect((await requireSegment(key)).bytes).toBe(bytes);
    expect(await stream.readMessages(offsetAt(1))).toEqual(numbers(1, 19));
  });

  test("of text counts its messages, which positions do not", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createStream({ contentType: "text/plain" });
    const rows = [
      { start: 0, positions: 6, texts: ["ab", "cd", "ef"] },
      { start: 6, positions: 3, texts: ["ghi"] },
      { start: 9, positions: 2, texts: ["j", "k"] },
      { start: 11, positions: 1, texts: ["l"] },
    ];
    await makeOld(stream, rows);
    expect((await inspect(stream)).total).toEqual({ messages: 7, bytes: 12 });
    await sealAll(stream);
    expect(await shape(stream)).toEqual([[0, 9, 4]]);
    expect(new TextDecoder().decode(await stream.readAll())).toBe("abcdefghijkl");
  });

  test("that was closed seals at its first awakening", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createStream();
    await makeOld(stream, jsonRows.slice(0, 1), true);
    expect((await stream.head()).headers.get("Stream-Closed")).toBe("true");
    await sealAll(stream);
    expect(await shape(stream)).toEqual([[0, 2, 2]]);
    expect((await stream.post("9")).status).toBe(409);
  });

  test("that held nothing begins as any other", async () => {
    const stream = await createStream();
    await makeOld(stream, []);
    await appendEach(stream, numbers(0, 6));
    await sealAll(stream);
    expect(await shape(stream)).toEqual([[0, 5, 5]]);
    expect(await stream.readMessages()).toEqual(numbers(0, 6));
  });
});
