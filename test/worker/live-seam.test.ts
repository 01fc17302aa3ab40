import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { LIVE_BACKLOG_MAX_BYTES, LIVE_EVENT_MAX_BYTES } from "../../src/protocol/limits.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { eventually } from "./support/eventually.ts";
import { readerCount } from "./support/object-state.ts";
import { openSse, sseMessages } from "./support/sse-client.ts";
import { createStream, nextOffset, offsetAt, type StreamClient } from "./support/stream-client.ts";

/** As much of an append as is still pushed to readers together with the news of it, roughly. */
const PUSHED_BYTES = LIVE_EVENT_MAX_BYTES / 2;
const SEEDS = Array.from({ length: 12 }, (_, i) => i + 1);

/** Appends the numbers from 0 on in batches of all sizes, some at the same time, and closes the stream with the last. */
async function writeNumbers(stream: StreamClient, random: SeededRandom, count: number): Promise<void> {
  for (let next = 0; next < count;) {
    const group = Array.from({ length: random.int(1, 4) }, () => {
      const batch = Array.from({ length: random.pick([1, 1, 3, 40]) }, () => next++);
      return batch;
    });
    // A few batches are padded past what is pushed to readers, so that they have to fetch.
    const padding = random.chance(0.1) ? " ".repeat(300_000) : "";
    await Promise.all(group.map((batch) => stream.append(`${padding}${JSON.stringify(batch)}`)));
    if (random.chance(0.3)) await scheduler.wait(random.int(0, 3));
    if (random.chance(0.1)) await loseSockets(stream);
  }
  await stream.close();
}

/** As when the object's machine goes away: every reader loses its socket, with whatever was on its way in it. */
async function loseSockets(stream: StreamClient): Promise<void> {
  await runInDurableObject(stream.object, (_instance, state) => {
    for (const socket of state.getWebSockets()) socket.close(1012, "restart");
  });
}

async function tailBySse(stream: StreamClient, random: SeededRandom): Promise<unknown[]> {
  const messages: unknown[] = [];
  let offset = "-1";
  for (;;) {
    const sse = await openSse(stream, offset);
    for (let event = await sse.next(); event !== undefined; event = await sse.next()) {
      if (event.kind === "data") messages.push(...sseMessages([event.data]));
      if (event.kind === "control") {
        offset = event.control.streamNextOffset;
        if (event.control.streamClosed === true) return messages;
        if (random.chance(0.05)) break;
      }
      if (random.chance(0.05)) await scheduler.wait(random.int(0, 4));
    }
    await sse.cancel();
  }
}

async function tailByLongPoll(stream: StreamClient): Promise<unknown[]> {
  const messages: unknown[] = [];
  let offset = offsetAt(0);
  for (;;) {
    const answer = await stream.get(`?offset=${offset}&live=long-poll`);
    if (answer.status === 200) messages.push(...(await answer.json<unknown[]>()));
    offset = nextOffset(answer);
    if (answer.headers.get("Stream-Closed") === "true") return messages;
  }
}

describe("live: from catching up to listening, nothing is missed and nothing comes twice", () => {
  test.each(SEEDS)(
    "seed %i: SSE and long-poll readers beside writers, lost sockets and reconnections",
    async (seed) => {
      const random = new SeededRandom(seed);
      const stream = await createStream();
      const writing = writeNumbers(stream, random, 400);
      const readers = [
        tailBySse(stream, new SeededRandom(seed + 1000)),
        tailBySse(stream, new SeededRandom(seed + 2000)),
        tailByLongPoll(stream),
      ];
      await writing;
      const stored = await stream.readMessages();
      expect([...stored].sort((a, b) => Number(a) - Number(b))).toEqual(stored.map((_, i) => i));
      for (const read of await Promise.all(readers)) expect(read).toEqual(stored);
    },
  );
});

describe("live: a slow reader is bounded", () => {
  test("past the backlog its socket is dropped, and it gets everything once when it reads again", async () => {
    const stream = await createStream();
    const sse = await openSse(stream, "now");
    await sse.untilUpToDate();
    const text = "s".repeat(PUSHED_BYTES);
    const count = Math.ceil((3 * LIVE_BACKLOG_MAX_BYTES) / PUSHED_BYTES);
    for (let i = 0; i < count; i++) await stream.append(JSON.stringify({ i, text }));
    await eventually(() => readerCount(stream)).toBe(0);
    const { data } = await sse.until((control) => control.streamNextOffset === offsetAt(count));
    expect((sseMessages(data) as { i: number }[]).map(({ i }) => i)).toEqual(
      Array.from({ length: count }, (_, i) => i),
    );
    await stream.append('"after"');
    expect(sseMessages((await sse.until((control) => control.streamNextOffset === offsetAt(count + 1))).data)).toEqual([
      "after",
    ]);
    await sse.cancel();
  });

  test("a reader that never takes its first event is bounded as well", async () => {
    const stream = await createStream();
    const sse = await openSse(stream, "now");
    const count = Math.ceil((2 * LIVE_BACKLOG_MAX_BYTES) / PUSHED_BYTES);
    const text = JSON.stringify("s".repeat(PUSHED_BYTES));
    for (let i = 0; i < count; i++) await stream.append(text);
    await eventually(() => readerCount(stream)).toBe(0);
    const { data } = await sse.until((control) => control.streamNextOffset === offsetAt(count));
    expect(sseMessages(data)).toHaveLength(count);
    await sse.cancel();
  });
});
