import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import type { ContentKind } from "../../src/protocol/content-type.ts";
import { READ_CHUNK_MAX_ANCESTORS, READ_CHUNK_MAX_BYTES } from "../../src/protocol/limits.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { onlyByHand, runHandler } from "../worker/support/alarms.ts";
import { WatchedBucket } from "../worker/support/bucket.ts";
import { Clock } from "../worker/support/clock.ts";
import { ErrorLog } from "../worker/support/error-log.ts";
import { keepObjectsFast } from "../worker/support/fast-objects.ts";
import { Meter } from "../worker/support/meter.ts";
import { createSealed, inspect, sealAll } from "../worker/support/sealing.ts";
import { openSse, sseMessages } from "../worker/support/sse-client.ts";
import {
  createStream,
  errorCode,
  freshName,
  nextOffset,
  offsetAt,
  sendTo,
  StreamClient,
} from "../worker/support/stream-client.ts";
import { createFork, forkHeaders } from "./support/forks.ts";
import { messageOf, Modelled } from "./support/modelled.ts";

beforeAll(keepObjectsFast);

const KINDS: readonly ContentKind[] = ["json", "text", "binary"];

const upTo = (end: number): number[] => Array.from({ length: end }, (_, i) => i);

/** Bytes of letters: a JSON string of `bytes` bytes, or as many plain ones. */
function large(kind: ContentKind, bytes: number): Uint8Array {
  const letters = "x".repeat(kind === "json" ? bytes - 2 : bytes);
  return new TextEncoder().encode(kind === "json" ? `"${letters}"` : letters);
}

/** How an answer ends: where, and how many bytes of messages it held. */
interface Answered {
  readonly next: number;
  readonly bytes: number;
}

/** What a reader gets, answer by answer. */
async function answersOf(stream: StreamClient, from = 0): Promise<Answered[]> {
  const answers: Answered[] = [];
  for (let start = from; ;) {
    const response = await stream.get(`?offset=${offsetAt(start)}`);
    start = Number(nextOffset(response).slice(17));
    const { byteLength } = await response.arrayBuffer();
    answers.push({ next: start, bytes: byteLength - (stream.contentType === "application/json" ? 2 : 0) });
    if (response.headers.get("Stream-Up-To-Date") === "true") return answers;
  }
}

describe("reading a fork: what it inherits and what is its own are one stream", () => {
  test.each(KINDS)("%s: at every offset, forked at every position, hot and sealed", async (kind) => {
    const source = await Modelled.create(kind, kind === "json" ? 7 : 5);
    const { tail } = source.model;
    const forks: Modelled[] = [];
    for (let position = 0; position <= tail; position++) {
      const offset = Math.floor(position / 2);
      forks.push(await source.fork({ offset, subOffset: position - offset }));
    }
    for (const fork of forks) await fork.requireReads([0, fork.model.tail]);
    for (const [i, fork] of forks.entries()) await fork.appendSome(i % 3);
    for (const fork of forks) await fork.requireReads();
    await source.seal();
    expect((await inspect(source.stream)).segments.count).toBeGreaterThan(0);
    for (const fork of forks) await fork.requireReads();
  });

  test.each(KINDS.flatMap((kind) => (["hot", "sealed", "mixed"] as const).map((where) => [kind, where] as const)))(
    "%s, %s: chains of 20, each with messages of its own, forked anywhere in what the source holds or inherits",
    async (kind, where) => {
      const random = new SeededRandom(KINDS.indexOf(kind) + 10 * where.length);
      let last = await Modelled.create(kind, 6);
      const chain = [last];
      for (let depth = 1; depth <= 20; depth++) {
        // Mostly near the end, so that there is a chain and not only its beginning.
        const offset = random.chance(0.2)
          ? random.int(0, last.model.tail)
          : random.int(Math.max(0, last.model.tail - 8), last.model.tail);
        const subOffset = random.int(0, Math.min(3, last.model.tail - offset));
        last = await last.fork({ offset, subOffset });
        await last.appendSome(random.int(where === "hot" ? 1 : 3, where === "hot" ? 4 : 11));
        chain.push(last);
        if (where === "sealed" || (where === "mixed" && random.chance(0.5))) await last.seal();
        if (depth <= 3 || depth === 20)
          await last.requireReads(kind === "json" ? undefined : every(last.model.tail, 5));
      }
      // Every level is what it was, whatever its forks have done.
      for (const level of chain) await level.requireReads([0, random.int(0, level.model.tail), level.model.tail]);
    },
  );

  test.each(KINDS)(
    "%s: a fork of a closed and wholly sealed stream, and of a fork that is closed itself",
    async (kind) => {
      const source = await Modelled.create(kind, 8);
      await source.close();
      await source.seal();
      expect((await inspect(source.stream)).hot.messages).toBe(0);
      const fork = await source.fork();
      await fork.requireReads();
      await fork.appendSome(3);
      await fork.requireReads();
      await fork.close();
      await fork.seal();
      await fork.requireReads();
      const leaf = await fork.fork({ offset: 3 });
      await leaf.close();
      await leaf.requireReads();
      await source.requireReads();
    },
  );

  test("a fork keeps its tail, its hot log and its segments apart from what it inherits", async () => {
    const source = await createSealed(7);
    const fork = await createFork(source, { offset: 6 });
    for (let i = 0; i < 7; i++) await fork.append(`"own ${String(i)}"`);
    const { tail, total, hot, segments } = await sealAll(fork);
    expect([tail, total.messages, hot.start, hot.messages]).toEqual([13, 7, 11, 2]);
    expect(segments).toEqual({ count: 1, messages: 5, bytes: 5 * 7 + 4 });
    const own = upTo(7).map((i) => `own ${String(i)}`);
    expect(await fork.readMessages()).toEqual([0, 1, 2, 3, 4, 5, ...own]);
  });

  test("large messages are inherited whole, from the log and from segments", async () => {
    const text = JSON.stringify("x".repeat(4_500_000));
    const source = await createStream({ body: "[1]" });
    await source.append(text);
    const fork = await createFork(source, { body: "[2]" });
    for (let i = 0; i < 2; i++) {
      expect((await fork.readMessages()).map((message) => JSON.stringify(message).length)).toEqual([1, 4_500_002, 1]);
      await sealAll(source);
    }
    expect((await inspect(source)).segments.count).toBe(2);
  });

  test.each(["text", "binary"] as const)(
    "%s: a message larger than an answer is divided, and its bytes follow each other",
    async (kind) => {
      const source = await Modelled.create(kind, 1);
      await source.append(large(kind, 3_000_000));
      const fork = await source.fork({ offset: 2_500_001 });
      await fork.appendSome(1);
      for (let i = 0; i < 2; i++) {
        await fork.requireReads([0, 1, 5, 1_500_000, 2_500_000, 2_500_001]);
        await source.seal();
      }
    },
  );
});

/** Some positions of all, and the last. */
function every(tail: number, step: number): number[] {
  return [...upTo(Math.ceil(tail / step)).map((i) => i * step), tail];
}

describe("reading a fork: what one answer holds", () => {
  test.each(KINDS)("%s: an answer that goes over streams ends between messages, within its bytes", async (kind) => {
    const source = await Modelled.create(kind);
    await source.append(large(kind, 700_000));
    const middle = await source.fork();
    await middle.append(large(kind, 300_000));
    await middle.append(large(kind, 300_000));
    const fork = await middle.fork();
    await fork.append(large(kind, 600_000));
    for (const sealed of [source, middle, fork]) {
      await fork.requireReads([0]);
      const answers = await answersOf(fork.stream);
      expect(answers.map(({ bytes }) => bytes)).toEqual(kind === "json" ? [1_000_001, 900_001] : [1_000_000, 900_000]);
      await sealed.seal();
    }
  });

  test.each(KINDS)("%s: the fork's own first message waits for the next answer when it does not fit", async (kind) => {
    const source = await Modelled.create(kind);
    await source.append(large(kind, READ_CHUNK_MAX_BYTES - 1000));
    const fork = await source.fork();
    await fork.append(large(kind, 5000));
    await fork.requireReads([0]);
    expect((await answersOf(fork.stream)).map(({ bytes }) => bytes)).toEqual([READ_CHUNK_MAX_BYTES - 1000, 5000]);
  });

  test("a JSON message larger than an answer is answered whole when it is the first, wherever it lies", async () => {
    const source = await Modelled.create("json");
    await source.append(large("json", 10));
    await source.append(large("json", 2_000_000));
    const fork = await source.fork();
    await fork.append(large("json", 1_500_000));
    await fork.append(large("json", 10));
    expect((await answersOf(fork.stream)).map(({ bytes }) => bytes)).toEqual([10, 2_000_000, 1_500_000, 10]);
    await fork.requireReads();
  });

  test("an answer is put together from so many streams at most, and asks each of them once", async () => {
    const meter = new Meter();
    const counted = sendTo({}, { STREAMS: meter.countedNamespace(env.STREAMS) });
    let last = await createStream({ body: "[0]" });
    for (let i = 1; i <= 40; i++) last = await createFork(last, { body: `[${String(i)}]` });
    const leaf = new StreamClient(last.name, last.contentType, counted);
    const ends: number[] = [];
    for (let from = 0; from <= 40;) {
      const response = await leaf.get(`?offset=${offsetAt(from)}`);
      const messages = await response.json<number[]>();
      expect(messages).toEqual(upTo(messages.length).map((i) => from + i));
      from = Number(nextOffset(response).slice(17));
      ends.push(from);
      // The fork itself, each stream that something was read of, and the fork once more.
      expect(meter.take().objectRequests).toBeLessThanOrEqual(2 + Math.min(READ_CHUNK_MAX_ANCESTORS, messages.length));
    }
    expect(ends).toEqual([READ_CHUNK_MAX_ANCESTORS, 2 * READ_CHUNK_MAX_ANCESTORS, 41]);
  });

  test("streams with the longest names that there can be, of letters from everywhere, are found", async () => {
    using log = new ErrorLog();
    const send = sendTo();
    const path = (): string =>
      `/v1/${"p".repeat(64)}/stream/${encodeURIComponent(freshName().padEnd(64, "x") + "ü".repeat(480))}`;
    const json = { "Content-Type": "application/json" };
    let last = path();
    await send(last, { method: "PUT", headers: json, body: "[0]" });
    for (let i = 1; i <= READ_CHUNK_MAX_ANCESTORS + 1; i++) {
      const fork = path();
      const headers = { ...json, ...forkHeaders(last) };
      expect((await send(fork, { method: "PUT", headers, body: `[${String(i)}]` })).status).toBe(201);
      last = fork;
    }
    const answer = await send(last);
    expect(await answer.json()).toEqual(upTo(READ_CHUNK_MAX_ANCESTORS));
    expect(log.take()).toEqual([]);
    // What the object says about the read goes in a header, which is ASCII.
    const object = env.STREAMS.getByName(decodeURIComponent(last.slice("/v1/".length)).replace("/stream/", "/"));
    const { headers } = await object.fetch("http://stream/read?from=-1&max=1000&wait=no&form=2");
    expect([...headers.values()].join("")).toMatch(/^[\x20-\x7e]+$/);
  });

  test("a range keeps its ETag while its source grows and seals, and the fork grows", async () => {
    const source = await createStream({ body: "[0,1,2]" });
    const fork = await createFork(source, { offset: 2, body: "[7]" });
    const tagOf = async (offset: number): Promise<string> =>
      (await fork.get(`?offset=${offsetAt(offset)}`)).headers.get("ETag") ?? "none";
    const [first, second] = [await tagOf(0), await tagOf(1)];
    expect(first).not.toBe(second);
    for (let i = 0; i < 8; i++) await source.append(String(i));
    await sealAll(source);
    expect([await tagOf(0), await tagOf(1)]).toEqual([first, second]);
    const same = await fork.get(`?offset=${offsetAt(0)}`, { "If-None-Match": first });
    expect([same.status, nextOffset(same), await same.text()]).toEqual([304, offsetAt(3), ""]);
    expect((await fork.get(`?offset=${offsetAt(1)}`, { "If-None-Match": first })).status).toBe(200);
    await fork.append("8");
    expect((await fork.get(`?offset=${offsetAt(0)}`, { "If-None-Match": first })).status).toBe(200);
    const open = await tagOf(0);
    await fork.close();
    expect((await fork.get(`?offset=${offsetAt(0)}`, { "If-None-Match": open })).status).toBe(200);
  });

  test("its ETags and its source's are not the same for the same range", async () => {
    const source = await createStream({ body: "[0,1]" });
    const fork = await createFork(source);
    const tag = (await source.get()).headers.get("ETag") ?? "";
    expect((await fork.get("", { "If-None-Match": tag })).status).toBe(200);
  });

  test("it is up to date, and closed, only at its own end", async () => {
    const source = await Modelled.create("json");
    await source.append(large("json", 900_000));
    await source.append(large("json", 900_000));
    await source.close();
    const fork = await source.fork();
    const endsOf = async (): Promise<(string | null)[][]> => {
      const ends: (string | null)[][] = [];
      for (let from = 0; from < fork.model.tail;) {
        const { headers } = await fork.stream.get(`?offset=${offsetAt(from)}`);
        ends.push([headers.get("Stream-Up-To-Date"), headers.get("Stream-Closed")]);
        from = Number(headers.get("Stream-Next-Offset")?.slice(17));
      }
      return ends;
    };
    expect(await endsOf()).toEqual([
      [null, null],
      ["true", null],
    ]);
    await fork.close();
    expect(await endsOf()).toEqual([
      [null, null],
      ["true", "true"],
    ]);
    await fork.requireReads();
  });

  test("what a fork's source holds no more is an error, and never other bytes", async () => {
    using log = new ErrorLog();
    const source = await createStream({ body: "[0,1]" });
    const fork = await createFork(source, { body: "[2]" });
    await runInDurableObject(source.object, (_instance, state) => {
      void state.storage.deleteAll();
      state.abort("the object was lost");
    }).catch(() => undefined);
    await createStreamAt(source, "[7,8]");
    const answer = await fork.get();
    expect([answer.status, await errorCode(answer)]).toEqual([500, "SEGMENT_MISSING"]);
    expect(log.take().join()).toContain(source.name);
    expect(await (await fork.get(`?offset=${offsetAt(2)}`)).json()).toEqual([2]);
  });
});

async function createStreamAt(stream: StreamClient, body: string): Promise<void> {
  expect((await stream.put({ body })).status).toBe(201);
}

describe("reading a fork live", () => {
  test("a long-poll in what is inherited is answered at once, and at the end it waits for the fork", async () => {
    const source = await createStream({ body: "[0,1]" });
    const fork = await createFork(source, { body: "[2]" });
    const first = await fork.get(`?offset=${offsetAt(1)}&live=long-poll`);
    expect([first.headers.get("Stream-Up-To-Date"), await first.json()]).toEqual(["true", [1, 2]]);
    const waiting = fork.get(`?offset=${nextOffset(first)}&live=long-poll`);
    await attached(fork, 1);
    await source.append("99");
    await fork.append("3");
    const second = await waiting;
    expect([await second.json(), nextOffset(second)]).toEqual([[3], offsetAt(4)]);
  });

  test.each(["-1", offsetAt(1), offsetAt(2), offsetAt(3), "now"])(
    "SSE from %s goes over to the fork's own messages, and on live",
    async (offset) => {
      const source = await createStream({ body: "[0,1]" });
      const fork = await createFork(source, { body: "[2]" });
      await using sse = disposable(await openSse(fork, offset));
      const { data } = await sse.client.untilUpToDate();
      const start = offset === "-1" ? 0 : offset === "now" ? 3 : Number(offset.slice(17));
      expect(sseMessages(data)).toEqual([0, 1, 2].slice(start));
      await source.append("99");
      await fork.append("3");
      const live = await sse.client.untilUpToDate();
      expect([sseMessages(live.data), live.control.streamNextOffset]).toEqual([[3], offsetAt(4)]);
      await fork.close("4");
      const last = await sse.client.until((control) => control.streamClosed === true);
      expect(sseMessages(last.data)).toEqual([4]);
      expect(await sse.client.next()).toBeUndefined();
    },
  );

  test("SSE of text and of binary gives the same bytes as reading does", async () => {
    for (const kind of ["text", "binary"] as const) {
      const source = await Modelled.create(kind, 7);
      await source.seal();
      const fork = await source.fork({ offset: source.model.tail - 2 });
      await fork.append(messageOf(kind, 7));
      await using sse = disposable(await openSse(fork.stream));
      const { data } = await sse.client.untilUpToDate();
      const text = data.join("");
      const expected = fork.model.payload(0, fork.model.tail);
      if (kind === "text") expect(text).toBe(new TextDecoder().decode(expected));
      else expect(Uint8Array.from(data.map(atob).join(""), (c) => c.charCodeAt(0))).toEqual(expected);
    }
  });

  test("SSE of a fork that is closed ends with its last message, inherited or not", async () => {
    const source = await createStream({ body: "[0,1]" });
    const fork = await createFork(source, { headers: { "Stream-Closed": "true" } });
    const events = await (await openSse(fork)).rest();
    expect(events.at(-1)).toMatchObject({
      kind: "control",
      control: { streamClosed: true, streamNextOffset: offsetAt(2) },
    });
  });

  test("what is appended to the source neither reaches nor wakes a fork or who listens to it", async () => {
    const meter = new Meter();
    const counted = sendTo({}, { STREAMS: meter.countedNamespace(env.STREAMS) });
    const source = await createStream({ body: "[0]", send: counted });
    const fork = await createFork(source);
    await using sse = disposable(await openSse(fork));
    await sse.client.untilUpToDate();
    const seen = await watchObject(fork);
    meter.take();
    for (let i = 1; i <= 12; i++) await source.append(String(i));
    await sealAll(source);
    await source.close();
    expect(meter.take().objectRequests).toBe(13);
    expect(seen()).toBe(0);
    await fork.append('"own"');
    const { data } = await sse.client.untilUpToDate();
    expect(sseMessages(data)).toEqual(["own"]);
    expect(seen()).toBeGreaterThan(0);
    expect(await fork.readMessages()).toEqual([0, "own"]);
  });
});

function disposable(client: Awaited<ReturnType<typeof openSse>>) {
  return { client, [Symbol.asyncDispose]: () => client.cancel() };
}

/** Waits until the object has so many live readers; each look is a turn of the object. */
async function attached(stream: StreamClient, readers: number): Promise<void> {
  while ((await inspect(stream)).readers < readers) continue;
}

/** How many statements the object has sent to its storage since. */
async function watchObject(stream: StreamClient): Promise<() => number> {
  let statements = 0;
  await runInDurableObject(stream.object, (_instance, { storage }) => {
    const { sql } = storage;
    const exec = sql.exec.bind(sql);
    sql.exec = ((query: string, ...bindings: unknown[]) => {
      statements++;
      return exec(query, ...bindings);
    }) as SqlStorage["exec"];
  });
  return () => statements;
}

/** Lets the source's sealing stand still when its object is on its way to the bucket. */
async function sealingHeld(bucket: WatchedBucket, source: StreamClient) {
  let holding = (): void => undefined;
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (holding = resolve));
  const released = new Promise<void>((resolve) => (release = resolve));
  bucket.intercept(async ({ method, real }) => {
    if (method !== "put") return real();
    holding();
    await released;
    return real();
  });
  const sealing = runHandler(source);
  await held;
  return {
    // Only inside the object its work may go on.
    goOn: async () => {
      await runInDurableObject(source.object, release);
      await sealing;
    },
  };
}

describe("reading a fork while its source seals", () => {
  test.each(KINDS)("%s: before, during and after it, the bytes are the same", async (kind) => {
    using clock = new Clock();
    using bucket = new WatchedBucket();
    onlyByHand(clock);
    const source = await Modelled.create(kind, 9);
    const fork = await source.fork({ offset: source.model.tail - 1 });
    await fork.appendSome(9);
    const starts = every(fork.model.tail, 3);
    const { goOn } = await sealingHeld(bucket, source.stream);
    await fork.requireReads(starts);
    const reads = starts.map((start) => fork.requireReads([start]));
    await Promise.all([goOn(), ...reads]);
    expect((await inspect(source.stream)).segments.count).toBeGreaterThan(0);
    await fork.requireReads(starts);
  });

  test("a fork that is made while its source seals inherits the same, on either side of it", async () => {
    using clock = new Clock();
    using bucket = new WatchedBucket();
    onlyByHand(clock);
    const source = await Modelled.create("json", 9);
    const { goOn } = await sealingHeld(bucket, source.stream);
    const forks = [await source.fork({ offset: 3 }), await source.fork({ offset: 4, subOffset: 2 })];
    const [, ...others] = await Promise.all([goOn(), source.fork({ offset: 5 }), source.fork()]);
    for (const fork of [...forks, ...others]) await fork.requireReads();
    expect((await inspect(source.stream)).segments.count).toBeGreaterThan(0);
  });
});
