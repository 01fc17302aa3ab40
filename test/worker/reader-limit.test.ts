import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { eventually } from "./support/eventually.ts";
import { Meter } from "./support/meter.ts";
import { readerCount } from "./support/object-state.ts";
import { openSse, sseMessages } from "./support/sse-client.ts";
import { createStream, errorCode, offsetAt, sendTo } from "./support/stream-client.ts";

const { READERS, FANOUT_BYTES } = vi.hoisted(() => ({ READERS: 3, FANOUT_BYTES: 300 }));

// The real limits are too many to bring about.
vi.mock(import("../../src/protocol/limits.ts"), async (original) => ({
  ...(await original()),
  LIVE_READERS_MAX: READERS as 30_000,
  LIVE_FANOUT_MAX_BYTES: FANOUT_BYTES,
}));

describe("live: a stream has so many readers and no more", () => {
  test("a reader past the limit gets 429 and when to come back; reading without waiting goes on", async () => {
    const stream = await createStream({ body: "[1]" });
    const readers = [];
    for (let i = 0; i < READERS; i++) readers.push(await openSse(stream, "now"));
    for (const live of ["sse", "long-poll"]) {
      const answer = await stream.get(`?offset=now&live=${live}`);
      expect([answer.status, answer.headers.get("Retry-After")]).toEqual([429, "1"]);
      expect(await errorCode(answer)).toBe("TOO_MANY_READERS");
    }
    expect(await stream.readMessages()).toEqual([1]);
    expect((await stream.get("?offset=-1&live=long-poll")).status).toBe(200);
    await stream.append("2");
    for (const sse of readers) await sse.cancel();
  });

  test("when one leaves there is room for another", async () => {
    const stream = await createStream();
    const readers = [];
    for (let i = 0; i < READERS; i++) readers.push(await openSse(stream, "now"));
    await readers.pop()?.cancel();
    await eventually(() => readerCount(stream)).toBe(READERS - 1);
    readers.push(await openSse(stream, "now"));
    for (const sse of readers) await sse.cancel();
  });

  test("an append too large to be pushed to all of them is fetched by each, once and in order", async () => {
    const meter = new Meter();
    const stream = await createStream({ send: sendTo({}, { STREAMS: meter.countedNamespace(env.STREAMS) }) });
    const readers = [];
    for (let i = 0; i < READERS; i++) readers.push(await openSse(stream, "now"));
    const large = "x".repeat(FANOUT_BYTES / 2);
    meter.take();
    for (const message of [1, large, 2]) await stream.append(JSON.stringify(message));
    for (const sse of readers) {
      const { data } = await sse.until((control) => control.streamNextOffset === offsetAt(3));
      expect(sseMessages(data)).toEqual([1, large, 2]);
      await sse.cancel();
    }
    expect(meter.take().objectRequests).toBe(3 + READERS);
  });
});
