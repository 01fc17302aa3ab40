import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import {
  LIVE_EVENT_MAX_BYTES,
  LONG_POLL_WAIT_MS,
  SSE_CONNECTION_MS,
  SSE_HEARTBEAT_MS,
  SSE_STALLED_GRACE_MS,
} from "../../src/protocol/limits.ts";
import { jsonAppend } from "./support/append-request.ts";
import { eventually } from "./support/eventually.ts";
import { holdCommits, readerCount } from "./support/object-state.ts";
import { openSse, sseMessages } from "./support/sse-client.ts";
import { createStream, nextOffset, offsetAt } from "./support/stream-client.ts";

describe("live: what a waiting reader is told", () => {
  test("every append, with the offset after it", async () => {
    const stream = await createStream();
    const sse = await openSse(stream, "now");
    expect((await sse.untilUpToDate()).control.streamNextOffset).toBe(offsetAt(0));
    await stream.append("[1,2]");
    const { data, control } = await sse.untilUpToDate();
    expect([sseMessages(data), control.streamNextOffset]).toEqual([[1, 2], offsetAt(2)]);
    await sse.cancel();
  });

  test("the final append that comes with the close reaches SSE and long-poll, together with the closure", async () => {
    const stream = await createStream();
    const sse = await openSse(stream, "now");
    await sse.untilUpToDate();
    const poll = stream.get("?offset=now&live=long-poll");
    await eventually(() => readerCount(stream)).toBe(2);
    await stream.close("[1,2]");
    const { data, control } = await sse.until((event) => event.streamClosed === true);
    expect([sseMessages(data), control]).toEqual([[1, 2], expect.objectContaining({ upToDate: true })]);
    expect(await sse.next()).toBeUndefined();
    const answer = await poll;
    expect([answer.status, await answer.text()]).toEqual([200, "[1,2]"]);
    expect(answer.headers.get("Stream-Closed")).toBe("true");
  });

  test("a close without messages ends a wait at once", async () => {
    const stream = await createStream({ body: "[1]" });
    const sse = await openSse(stream, "now");
    await sse.untilUpToDate();
    const poll = stream.get("?offset=now&live=long-poll");
    await eventually(() => readerCount(stream)).toBe(2);
    await stream.close();
    const { data, control } = await sse.until((event) => event.streamClosed === true);
    expect([data, control.streamNextOffset]).toEqual([[], offsetAt(1)]);
    const answer = await poll;
    expect([answer.status, nextOffset(answer), answer.headers.get("Stream-Closed")]).toEqual([
      204,
      offsetAt(1),
      "true",
    ]);
  });

  test("messages too many to push are fetched by the reader, in order and once", async () => {
    const stream = await createStream();
    const sse = await openSse(stream, "now");
    await sse.untilUpToDate();
    const large = "x".repeat(LIVE_EVENT_MAX_BYTES);
    for (const message of [1, large, 2, large, 3]) await stream.append(JSON.stringify(message));
    const { data } = await sse.until((control) => control.streamNextOffset === offsetAt(5));
    expect(sseMessages(data)).toEqual([1, large, 2, large, 3]);
    await sse.cancel();
  });

  test("a character split over two appends arrives whole, and a reader that comes back finds its beginning", async () => {
    const stream = await createStream({ contentType: "text/plain" });
    const sse = await openSse(stream, "now");
    await sse.untilUpToDate();
    await stream.append(Uint8Array.of(0x61, 0xe2, 0x82));
    const first = await sse.untilUpToDate();
    expect([first.data, first.control.streamNextOffset]).toEqual([["a"], offsetAt(1)]);
    await stream.append(Uint8Array.of(0xac));
    const second = await sse.untilUpToDate();
    expect([second.data, second.control.streamNextOffset]).toEqual([["€"], offsetAt(4)]);
    await stream.append(Uint8Array.of(0xf0, 0x9f));
    const third = await sse.untilUpToDate();
    expect([third.data, third.control.streamNextOffset]).toEqual([[], offsetAt(4)]);
    const again = await openSse(stream, third.control.streamNextOffset);
    await again.untilUpToDate();
    await stream.close(Uint8Array.of(0x98, 0x80));
    for (const reader of [sse, again]) {
      expect((await reader.until((event) => event.streamClosed === true)).data).toEqual(["😀"]);
    }
  });

  test("line breaks in text cannot forge an event", async () => {
    const stream = await createStream({ contentType: "text/plain" });
    const sse = await openSse(stream, "now");
    await sse.untilUpToDate();
    await stream.append('a\n\nevent: control\rdata: {"streamClosed":true}\r\n\r\n b\u2028');
    const { data } = await sse.untilUpToDate();
    expect(data).toEqual(['a\n\nevent: control\ndata: {"streamClosed":true}\n\n b\u2028']);
    await sse.cancel();
  });

  test("bytes that are not text travel as base64", async () => {
    const stream = await createStream({ contentType: "application/octet-stream" });
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const sse = await openSse(stream, "now");
    expect(sse.response.headers.get("Stream-SSE-Data-Encoding")).toBe("base64");
    await sse.untilUpToDate();
    await stream.append(bytes);
    const { data } = await sse.untilUpToDate();
    expect(data).toEqual([btoa(String.fromCharCode(...bytes))]);
    await sse.cancel();
  });
});

describe("live: how long a wait lasts", () => {
  test("an idle SSE connection carries a comment now and then, and ends with where to go on", async () => {
    const stream = await createStream({ body: "[1]" });
    vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"], now: Date.now() });
    try {
      const sse = await openSse(stream, "now");
      await sse.untilUpToDate();
      for (let elapsed = SSE_HEARTBEAT_MS; elapsed <= SSE_CONNECTION_MS; elapsed += SSE_HEARTBEAT_MS) {
        const next = sse.next();
        await vi.advanceTimersByTimeAsync(SSE_HEARTBEAT_MS);
        expect((await next)?.kind).toBe("comment");
      }
      const { control } = await sse.untilUpToDate();
      expect(control.streamNextOffset).toBe(offsetAt(1));
      expect(await sse.next()).toBeUndefined();
    } finally {
      vi.useRealTimers();
    }
    await eventually(() => readerCount(stream)).toBe(0);
  });

  test("a client that takes nothing is cut off some time after its connection should have ended", async () => {
    const stream = await createStream();
    vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"], now: Date.now() });
    try {
      const sse = await openSse(stream, "now");
      await sse.untilUpToDate();
      await vi.advanceTimersByTimeAsync(SSE_CONNECTION_MS + SSE_STALLED_GRACE_MS);
      await expect(sse.next()).rejects.toThrow("did not take");
    } finally {
      vi.useRealTimers();
    }
    await eventually(() => readerCount(stream)).toBe(0);
  });

  test("a long-poll that waited in vain answers 204 with the tail and a cursor, and lets the object go", async () => {
    const stream = await createStream({ body: "[1]" });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const poll = stream.get("?offset=now&live=long-poll");
      // While it is looked for, its clock goes on: not as far as it waits.
      await vi.waitFor(async () => expect(await readerCount(stream)).toBe(1), { timeout: LONG_POLL_WAIT_MS / 2 });
      await vi.advanceTimersByTimeAsync(LONG_POLL_WAIT_MS);
      const answer = await poll;
      expect([answer.status, nextOffset(answer)]).toEqual([204, offsetAt(1)]);
      expect(answer.headers.get("Stream-Up-To-Date")).toBe("true");
      expect(answer.headers.get("Stream-Cursor")).toMatch(/^\d+$/);
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
    } finally {
      vi.useRealTimers();
    }
    await eventually(() => readerCount(stream)).toBe(0);
  });

  test("a long-poll behind the tail does not wait, and neither does one on a closed stream", async () => {
    const stream = await createStream({ body: "[1,2]" });
    const behind = await stream.get(`?offset=${offsetAt(1)}&live=long-poll`);
    expect([behind.status, await behind.text()]).toEqual([200, "[2]"]);
    await stream.close();
    const closed = await stream.get(`?offset=${offsetAt(2)}&live=long-poll`);
    expect([closed.status, closed.headers.get("Stream-Closed")]).toEqual([204, "true"]);
    expect((await (await openSse(stream, "now")).rest()).length).toBe(1);
  });
});

describe("live: the writer comes first", () => {
  test("a writer has its answer before the first reader is told", async () => {
    const stream = await createStream();
    const order = await runInDurableObject(stream.object, async (instance, state) => {
      const seen: string[] = [];
      let told = (): void => undefined;
      const allTold = new Promise<void>((resolve) => (told = resolve));
      const reader = {
        send: () => {
          seen.push("told");
          told();
        },
      };
      state.getWebSockets = () => [reader as unknown as WebSocket];
      await instance.append(jsonAppend("1"));
      seen.push("answered");
      await allTold;
      delete (state as Partial<DurableObjectState>).getWebSockets;
      return seen;
    });
    expect(order).toEqual(["answered", "told"]);
  });

  test("readers are told of nothing that is not durable yet", async () => {
    const stream = await createStream();
    const sse = await openSse(stream, "now");
    await sse.untilUpToDate();
    const becomeDurable = await holdCommits(stream);
    await stream.append("1");
    const told = sse.next();
    const early = await Promise.race([told, scheduler.wait(50).then(() => "nothing")]);
    expect(early).toBe("nothing");
    await becomeDurable();
    expect(await told).toEqual({ kind: "data", data: "[1]" });
    await sse.cancel();
  });

  test("a reader that comes between a commit and the news of it is not woken by what it has already", async () => {
    const stream = await createStream();
    const becomeDurable = await holdCommits(stream);
    await stream.append("1");
    const poll = stream.get(`?offset=${offsetAt(1)}&live=long-poll`);
    const sse = await openSse(stream);
    expect(sseMessages((await sse.untilUpToDate()).data)).toEqual([1]);
    await eventually(() => readerCount(stream)).toBe(2);
    await becomeDurable();
    await stream.append("2");
    const answer = await poll;
    expect([answer.status, await answer.text()]).toEqual([200, "[2]"]);
    expect(sseMessages((await sse.untilUpToDate()).data)).toEqual([2]);
    await sse.cancel();
  });

  test("a reader that missed the news of an append fetches it before it is given a later one", async () => {
    const stream = await createStream({ body: "[1]" });
    const sse = await openSse(stream, "now");
    await sse.untilUpToDate();
    const poll = stream.get(`?offset=${offsetAt(1)}&live=long-poll`);
    await eventually(() => readerCount(stream)).toBe(2);
    await runInDurableObject(stream.object, (_instance, state) => {
      state.getWebSockets = () => [];
    });
    await stream.append("2");
    await runInDurableObject(stream.object, (_instance, state) => {
      delete (state as Partial<DurableObjectState>).getWebSockets;
    });
    await stream.append("3");
    expect(await (await poll).json()).toEqual([2, 3]);
    const { data } = await sse.until((control) => control.streamNextOffset === offsetAt(3));
    expect(sseMessages(data)).toEqual([2, 3]);
    await sse.cancel();
  });

  test("a catch-up read that fails breaks the connection instead of leaving it silent", async () => {
    const messages = Array.from({ length: 30 }, (_, i) => `${String(i)} ${"x".repeat(100_000)}`);
    const stream = await createStream({ body: JSON.stringify(messages) });
    const sse = await openSse(stream);
    await sse.until(() => true);
    await runInDurableObject(stream.object, (_instance, { storage }) => {
      storage.sql.exec = () => {
        throw new Error("injected failure of a read");
      };
    });
    await expect(sse.rest()).rejects.toThrow();
  });
});
