import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { BLOCK_MEMORY } from "../../src/worker/segments/block-memory.ts";
import { WatchedBucket } from "../worker/support/bucket.ts";
import { Meter } from "../worker/support/meter.ts";
import { cachedBlockUrl, createSealed, sealAll, segmentKeys } from "../worker/support/sealing.ts";
import { createStream, ORIGIN, sendTo, settleBackground, StreamClient } from "../worker/support/stream-client.ts";

const READERS = 100;

afterEach(() => {
  vi.restoreAllMocks();
});

interface ReadersCost {
  readonly objectRequests: number;
  readonly r2Reads: number;
}

/** Reads a stream's history with many readers, one after the other, and counts what that takes. */
async function countReaders(
  stream: StreamClient,
  isolates: "in one isolate" | "each in its own",
): Promise<ReadersCost> {
  const meter = new Meter();
  const send = sendTo({}, { STREAMS: meter.countedNamespace(env.STREAMS) });
  const reader = new StreamClient(stream.name, stream.contentType, send);
  using bucket = new WatchedBucket();
  for (let i = 0; i < READERS; i++) {
    if (isolates === "each in its own") BLOCK_MEMORY.clear();
    expect(await reader.readMessages()).toHaveLength(12);
    await settleBackground();
  }
  const { get, head } = bucket.take();
  return { objectRequests: meter.take().objectRequests, r2Reads: get + head };
}

describe("cache: what many readers of the same history cost", () => {
  test("with nothing near them, every reader takes every segment from R2", async () => {
    const stream = await createSealed(12);
    vi.spyOn(caches, "open").mockRejectedValue(new Error("no cache here"));
    expect(await countReaders(stream, "each in its own")).toEqual({ objectRequests: READERS, r2Reads: 2 * READERS });
  });

  test("in one isolate only the first one does", async () => {
    const stream = await createSealed(12);
    vi.spyOn(caches, "open").mockRejectedValue(new Error("no cache here"));
    expect(await countReaders(stream, "in one isolate")).toEqual({ objectRequests: READERS, r2Reads: 2 });
  });

  test("in one data centre only the first one does", async () => {
    const stream = await createSealed(12);
    expect(await countReaders(stream, "each in its own")).toEqual({ objectRequests: READERS, r2Reads: 2 });
  });

  test("history never passes through the object: its answers do not grow with what is read", async () => {
    const stream = await createStream({ contentType: "application/octet-stream" });
    for (let i = 0; i < 5; i++) await stream.append(new Uint8Array(200_000).fill(i));
    await sealAll(stream);
    const answer = await stream.object.fetch(new Request("http://stream/read?from=-1&max=1048576&wait=no&form=2"));
    expect((await answer.arrayBuffer()).byteLength).toBeLessThan(1000);
    expect((await stream.readAll()).byteLength).toBe(1_000_000);
  });
});

describe("cache: nobody gets what is not theirs", () => {
  test("a block that one reader left behind is not given to one who may not read the stream", async () => {
    const stream = await createSealed(6);
    await stream.readMessages();
    await settleBackground();
    using bucket = new WatchedBucket();
    const no = new Response("no", { status: 401 });
    const stranger = sendTo({ authorizeRead: () => ({ ok: false, response: no }) });
    expect((await stranger(stream.path)).status).toBe(401);
    expect(bucket.counts.get).toBe(0);
  });

  test("a stream created again under the name of a cached one answers with its own messages", async () => {
    const stream = await createSealed(6);
    expect(await stream.readMessages()).toEqual([0, 1, 2, 3, 4, 5]);
    await settleBackground();
    await stream.delete();
    await stream.put({ body: '["a","b","c","d","e","f"]' });
    await sealAll(stream);
    expect(await stream.readMessages()).toEqual(["a", "b", "c", "d", "e", "f"]);
  });

  test("what is cached lies in a cache of its own, where nobody is served", async () => {
    const stream = await createSealed(5);
    const opened = vi.spyOn(caches, "open");
    const match = vi.spyOn(caches.default, "match");
    await stream.readMessages();
    await settleBackground();
    BLOCK_MEMORY.clear();
    expect(await stream.readMessages()).toHaveLength(5);
    expect(opened.mock.calls).toEqual([["durable-streams-segments"], ["durable-streams-segments"]]);
    expect(match).not.toHaveBeenCalled();
    const [key = ""] = await segmentKeys(stream);
    const url = await cachedBlockUrl(key, 0, new TextEncoder().encode("0,1,2,3,4"));
    expect((await sendTo()(url.slice(ORIGIN.length))).status).toBe(404);
    expect(await caches.default.match(url)).toBeUndefined();
    const cached = await (await caches.open("durable-streams-segments")).match(url);
    expect(await cached?.text()).toBe("0,1,2,3,4");
  });

  test("reading a private stream's history is answered private, no-store, and a public one's public", async () => {
    const allow = sendTo({ authorizeRead: () => ({ ok: true }) });
    for (const [query, cacheControl] of [
      ["", "private, no-store"],
      ["?public=true", "public, no-cache"],
    ] as const) {
      const stream = new StreamClient(`cached-${crypto.randomUUID()}`, "application/json", allow);
      await allow(`${stream.path}${query}`, { method: "PUT", headers: { "Content-Type": "application/json" } });
      for (let i = 0; i < 5; i++) await stream.append(String(i));
      await sealAll(stream);
      expect((await stream.get("?offset=-1")).headers.get("Cache-Control")).toBe(cacheControl);
    }
  });
});
