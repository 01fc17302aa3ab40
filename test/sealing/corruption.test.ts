import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { SEGMENT_BLOCK_BYTES } from "../../src/protocol/limits.ts";
import { readSegment } from "../../src/protocol/segment/segment.ts";
import { onlyByHand } from "../worker/support/alarms.ts";
import { WatchedBucket } from "../worker/support/bucket.ts";
import { Clock } from "../worker/support/clock.ts";
import { ErrorLog } from "../worker/support/error-log.ts";
import { eventually } from "../worker/support/eventually.ts";
import { cachedBlockUrl, createSealed, sealAll } from "../worker/support/sealing.ts";
import { SseClient } from "../worker/support/sse-client.ts";
import { createStream, errorCode, nextOffset, offsetAt, type StreamClient } from "../worker/support/stream-client.ts";
import { manifest, objectBytes, type Manifested } from "./support/sealed-objects.ts";

beforeEach(() => {
  const clock = new Clock();
  onlyByHand(clock);
  return () => {
    clock[Symbol.dispose]();
  };
});

const MESSAGE_BYTES = 300_000;

interface LargeStream {
  readonly stream: StreamClient;
  /** The whole payload. */
  readonly payload: Uint8Array;
  readonly first: Manifested;
  readonly second: Manifested;
}

/** Binary in two segments of 1,500,000 bytes: three blocks each, the last one shorter. */
async function createLarge(): Promise<LargeStream> {
  const stream = await createStream({ contentType: "application/octet-stream" });
  const payload = new Uint8Array(10 * MESSAGE_BYTES);
  for (let i = 0; i < 10; i++) {
    const message = payload.subarray(i * MESSAGE_BYTES, (i + 1) * MESSAGE_BYTES);
    for (let at = 0; at < MESSAGE_BYTES; at += 65_536) {
      crypto.getRandomValues(message.subarray(at, at + 65_536));
    }
    await stream.append(message.slice());
  }
  await sealAll(stream);
  const [first, second] = await manifest(stream);
  if (first === undefined || second === undefined) throw new Error("the stream is not in two segments");
  expect([first.bytes, second.bytes]).toEqual([5 * MESSAGE_BYTES, 5 * MESSAGE_BYTES]);
  return { stream, payload, first, second };
}

/** Puts other bytes in the place of an object. */
async function replaceObject(key: string, change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): Promise<void> {
  await env.R2.put(key, change(await objectBytes(key)));
}

function flipped(bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
}

/**
 * Answers ranges past the end of an object as R2 does: what there is of them, and an error where nothing is. Miniflare
 * fails over both, and fills the log.
 */
function endAsR2Does(bucket: WatchedBucket): void {
  bucket.intercept(async ({ method, args, real }) => {
    const [key, options] = args as readonly [string, R2GetOptions & { range: { offset: number; length: number } }];
    const size = method === "get" ? (await env.R2.head(key))?.size : undefined;
    if (size === undefined || options.range.offset + options.range.length <= size) return real();
    const { offset } = options.range;
    if (offset >= size) throw new Error("get: The requested range is not satisfiable (10039)");
    return real([key, { range: { offset, length: size - offset } }]);
  });
}

/** Reads one answer, and throws when it holds a wrong byte. */
async function readOnce(
  { stream, payload }: LargeStream,
  position: number,
): Promise<string | { from: number; to: number }> {
  const response = await stream.get(`?offset=${offsetAt(position)}`);
  if (response.status !== 200) {
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    return `${String(response.status)} ${await errorCode(response)}`;
  }
  const body = new Uint8Array(await response.arrayBuffer());
  const to = Number(nextOffset(response).slice(17));
  const expected = payload.subarray(position, to);
  expect(body.byteLength).toBe(to - position);
  expect(crypto.subtle.timingSafeEqual(body, expected)).toBe(true);
  return { from: position, to };
}

const CORRUPT = "500 SEGMENT_CORRUPT";
const MISSING = "500 SEGMENT_MISSING";

describe("a damaged object is never answered with", () => {
  interface Damage {
    readonly name: string;
    readonly damage: (large: LargeStream) => Promise<void>;
    /** The first payload byte of the first segment that is not what it was, and the byte after the last. */
    readonly from: number;
    readonly to: number;
    readonly answer: string;
  }
  const whole = 5 * MESSAGE_BYTES;
  const block = SEGMENT_BLOCK_BYTES;
  const flips = [0, block - 1, block, 2 * block - 1, 2 * block, whole - 1].map((at): Damage => ({
    name: `byte ${String(at)} flipped`,
    damage: ({ first }) => replaceObject(first.key, (bytes) => flipped(bytes, at)),
    from: Math.floor(at / block) * block,
    to: Math.min(whole, (Math.floor(at / block) + 1) * block),
    answer: CORRUPT,
  }));
  const cuts = [0, 1, block, block + 7, 2 * block, whole - 1].map((bytes): Damage => ({
    name: `cut off after ${String(bytes)} bytes`,
    damage: ({ first }) => replaceObject(first.key, (object) => object.slice(0, bytes)),
    from: Math.floor(bytes / block) * block,
    to: whole,
    answer: CORRUPT,
  }));
  const others: Damage[] = [
    {
      name: "another segment in its place",
      damage: async ({ first, second }) => {
        await env.R2.put(first.key, await objectBytes(second.key));
      },
      from: 0,
      to: whole,
      answer: CORRUPT,
    },
    {
      name: "a byte too many at its beginning",
      damage: ({ first }) => replaceObject(first.key, (bytes) => new Uint8Array([0, ...bytes])),
      from: 0,
      to: whole,
      answer: CORRUPT,
    },
    { name: "removed", damage: ({ first }) => env.R2.delete(first.key), from: 0, to: whole, answer: MISSING },
  ];

  test.each([...flips, ...cuts, ...others])("$name", async ({ damage, from, to, answer }) => {
    using log = new ErrorLog();
    using bucket = new WatchedBucket();
    const large = await createLarge();
    await damage(large);
    endAsR2Does(bucket);
    for (let position = 0; position < large.payload.byteLength; position += MESSAGE_BYTES / 2) {
      const read = await readOnce(large, position);
      if (typeof read === "string") {
        // A read takes about a megabyte: it may only fail when something of that lies in the damage.
        expect([read, position < to, position + 2 ** 20 > from]).toEqual([answer, true, true]);
      } else {
        expect(read.from >= to || read.to <= from).toBe(true);
      }
      // What begins behind the damage is as readable as before.
      if (position >= to) expect(read).not.toBe(answer);
      if (position >= from && position < to) expect(read).toBe(answer);
    }
    const logged = log.take();
    expect(logged.length).toBeGreaterThan(0);
    for (const line of logged) expect(line).toContain(large.first.key);
  });

  test("damage to the index or the footer alone is no reader's business, and readSegment tells of it", async () => {
    const large = await createLarge();
    const { first } = large;
    for (const at of [first.bytes, first.bytes + 40, (first.objectBytes ?? 0) - 120, (first.objectBytes ?? 0) - 1]) {
      await replaceObject(first.key, (bytes) => flipped(bytes, at));
      expect((await readSegment(await objectBytes(first.key))).kind).toBe("damaged");
      expect(await readOnce(large, 0)).toMatchObject({ from: 0 });
      await replaceObject(first.key, (bytes) => flipped(bytes, at));
    }
    expect((await readSegment(await objectBytes(first.key))).kind).toBe("segment");
  });
});

describe("a damaged object and live readers", () => {
  test("SSE gives what comes before the damage and breaks off: it neither skips nor invents", async () => {
    using log = new ErrorLog();
    const large = await createLarge();
    await replaceObject(large.second.key, (bytes) => flipped(bytes, SEGMENT_BLOCK_BYTES));
    const sse = new SseClient(await large.stream.get("?offset=-1&live=sse"));
    const chunks: Uint8Array[] = [];
    let next = 0;
    const read = (async () => {
      for (let event = await sse.next(); event !== undefined; event = await sse.next()) {
        if (event.kind === "data") chunks.push(Uint8Array.from(atob(event.data), (char) => char.charCodeAt(0)));
        if (event.kind === "control") next = Number(event.control.streamNextOffset.slice(17));
      }
    })();
    await expect(read).rejects.toThrow("SEGMENT_CORRUPT");
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    expect(next).toBe(bytes);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(large.second.start + SEGMENT_BLOCK_BYTES);
    let at = 0;
    for (const chunk of chunks) {
      expect(crypto.subtle.timingSafeEqual(chunk, large.payload.subarray(at, at + chunk.byteLength))).toBe(true);
      at += chunk.byteLength;
    }
    expect(log.take()).toEqual([expect.stringContaining(large.second.key)]);
  });

  test.each(["long-poll", "sse"])("%s whose first bytes are damaged answers as a plain read does", async (live) => {
    using log = new ErrorLog();
    const stream = await createSealed(7);
    const [segment] = await manifest(stream);
    await replaceObject(segment?.key ?? "", (bytes) => flipped(bytes, 0));
    const answer = await stream.get(`?offset=-1&live=${live}`);
    expect([answer.status, await errorCode(answer)]).toEqual([500, "SEGMENT_CORRUPT"]);
    expect(log.take()).toHaveLength(1);
    const later = await stream.get(`?offset=${offsetAt(5)}&live=long-poll`);
    expect([later.status, await later.text()]).toEqual([200, "[5,6]"]);
  });

  test("an answer put together from many segments fails as a whole when one of them is missing", async () => {
    using log = new ErrorLog();
    const stream = await createSealed(22);
    const segments = await manifest(stream);
    await env.R2.delete(segments[2]?.key ?? "");
    const answer = await stream.get("?offset=-1");
    expect([answer.status, await errorCode(answer)]).toEqual([500, "SEGMENT_MISSING"]);
    expect(log.take()).toHaveLength(1);
    expect(await stream.readMessages(offsetAt(15))).toEqual([15, 16, 17, 18, 19, 20, 21]);
  });
});

describe("the cache is not believed", () => {
  function cacheOf(): Promise<Cache> {
    return caches.open("durable-streams-segments");
  }

  async function cached(key: string, block: number, right: Uint8Array): Promise<Uint8Array | undefined> {
    const response = await (await cacheOf()).match(await cachedBlockUrl(key, block, right));
    return response === undefined ? undefined : new Uint8Array(await response.arrayBuffer());
  }

  /** Puts bytes where `right` would be kept. */
  async function plant(key: string, block: number, right: Uint8Array, bytes: Uint8Array): Promise<void> {
    const headers = { "Cache-Control": "public, max-age=1000", "Content-Length": String(bytes.byteLength) };
    const url = await cachedBlockUrl(key, block, right);
    await (await cacheOf()).put(url, new Response(bytes as Uint8Array<ArrayBuffer>, { headers }));
  }

  const RIGHT = new TextEncoder().encode("0,1,2,3,4");

  test("a block that was read is kept, and not fetched a second time", async () => {
    using bucket = new WatchedBucket();
    const stream = await createSealed(7);
    const [segment] = await manifest(stream);
    bucket.take();
    expect(await stream.readMessages()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(bucket.take().get).toBe(1);
    await eventually(() => cached(segment?.key ?? "", 0, RIGHT)).toEqual(RIGHT);
    expect(await stream.readMessages(offsetAt(2))).toEqual([2, 3, 4, 5, 6]);
    expect(bucket.take().get).toBe(0);
  });

  test.each<[string, (right: string) => string]>([
    ["has other bytes", () => "9,9,9,9,9"],
    ["is too short", (right) => right.slice(0, -1)],
    ["is too long", (right) => `${right},5`],
    ["is empty", () => ""],
  ])("a block that %s in the cache is fetched anew and put right", async (_name, wrong) => {
    using bucket = new WatchedBucket();
    const stream = await createSealed(7);
    const [segment] = await manifest(stream);
    const key = segment?.key ?? "";
    await plant(key, 0, RIGHT, new TextEncoder().encode(wrong("0,1,2,3,4")));
    bucket.take();
    expect(await stream.readMessages()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(bucket.take().get).toBe(1);
    await eventually(() => cached(key, 0, RIGHT)).toEqual(RIGHT);
  });

  test("only the blocks that are wrong or not there are fetched", async () => {
    using bucket = new WatchedBucket();
    const large = await createLarge();
    const { key, bytes } = large.first;
    const block = (n: number): Uint8Array<ArrayBuffer> =>
      large.payload.slice(n * SEGMENT_BLOCK_BYTES, Math.min(bytes, (n + 1) * SEGMENT_BLOCK_BYTES));
    await plant(key, 0, block(0), block(0));
    await plant(key, 1, block(1), block(0));
    const ranges: unknown[] = [];
    bucket.intercept(async ({ method, args, real }) => {
      if (method === "get") ranges.push((args[1] as R2GetOptions).range);
      return real();
    });
    expect(await readOnce(large, 0)).toMatchObject({ from: 0 });
    expect(ranges).toEqual([{ offset: SEGMENT_BLOCK_BYTES, length: SEGMENT_BLOCK_BYTES }]);
  });

  test("what is wrong in the cache and in the bucket is an error", async () => {
    using log = new ErrorLog();
    const stream = await createSealed(7);
    const [segment] = await manifest(stream);
    const key = segment?.key ?? "";
    await plant(key, 0, RIGHT, new TextEncoder().encode("9,9,9,9,9"));
    await replaceObject(key, (bytes) => flipped(bytes, 3));
    expect(await errorCode(await stream.get())).toBe("SEGMENT_CORRUPT");
    expect(await errorCode(await stream.get())).toBe("SEGMENT_CORRUPT");
    expect(log.take()).toHaveLength(2);
  });
});

describe("a stream that was set back in time", () => {
  test("makes other segments of the same positions under keys of their own, and is answered with those", async () => {
    const stream = await createSealed(5);
    const [segment] = await manifest(stream);
    expect(await stream.readMessages()).toEqual([0, 1, 2, 3, 4]);
    await runInDurableObject(stream.object, (_instance, { storage }) => {
      storage.sql.exec("DELETE FROM segment");
    });
    await evictDurableObject(stream.object);
    for (const message of [5, 6, 7, 8, 9]) await stream.append(String(message));
    await sealAll(stream);
    const [again] = await manifest(stream);
    expect([again?.start, again?.tail]).toEqual([segment?.start, segment?.tail]);
    expect(again?.key).not.toBe(segment?.key);
    expect(await stream.readMessages()).toEqual([5, 6, 7, 8, 9]);
    expect(await stream.object.sweep(`default/${stream.name}`)).toEqual([segment?.key]);
    expect(await stream.readMessages()).toEqual([5, 6, 7, 8, 9]);
  });
});

describe("R2 that fails to answer", () => {
  /** Makes the first `times` reads of an object fail. */
  function failGets(bucket: WatchedBucket, times: number, alsoHead = false): void {
    let left = times;
    bucket.intercept(async ({ method, real }) => {
      if (method === "get" && left-- > 0) throw new Error("injected: internal error (10001)");
      if (method === "head" && alsoHead) throw new Error("injected: internal error (10001)");
      return real();
    });
  }

  test("once is not seen by the reader", async () => {
    using bucket = new WatchedBucket();
    using log = new ErrorLog();
    const stream = await createSealed(7);
    bucket.take();
    failGets(bucket, 1);
    expect(await stream.readMessages()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect([bucket.take().get, log.take()]).toEqual([2, []]);
  });

  test.each([false, true])(
    "twice is 503 with Retry-After, and a later read works (head fails as well: %s)",
    async (alsoHead) => {
      using bucket = new WatchedBucket();
      using log = new ErrorLog();
      const stream = await createSealed(7);
      failGets(bucket, 2, alsoHead);
      const answer = await stream.get();
      expect([answer.status, await errorCode(answer), answer.headers.get("Retry-After")]).toEqual([
        503,
        "SEGMENT_UNAVAILABLE",
        "1",
      ]);
      expect(log.take()).toHaveLength(1);
      expect(await stream.readMessages()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    },
  );

  test("does not say that a segment is missing unless R2 said so", async () => {
    using bucket = new WatchedBucket();
    using log = new ErrorLog();
    const stream = await createSealed(7);
    const [segment] = await manifest(stream);
    await env.R2.delete(segment?.key ?? "");
    failGets(bucket, 2, true);
    expect(await errorCode(await stream.get())).toBe("SEGMENT_UNAVAILABLE");
    failGets(bucket, 2);
    expect(await errorCode(await stream.get())).toBe("SEGMENT_MISSING");
    expect(log.take()).toHaveLength(2);
  });

  test("holds up neither appends nor reads of the hot log", async () => {
    using bucket = new WatchedBucket();
    const stream = await createSealed(7);
    bucket.fail("get", "put", "head", "list", "delete");
    expect(await stream.append("7")).toBe(offsetAt(8));
    expect(await stream.readMessages(offsetAt(5))).toEqual([5, 6, 7]);
  });
});
