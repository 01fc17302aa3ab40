import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { ErrorLog } from "./support/error-log.ts";
import { eventually } from "./support/eventually.ts";
import { readerCount, storedState } from "./support/object-state.ts";
import { openSse, sseMessages } from "./support/sse-client.ts";
import { createStream, errorCode, nextOffset, offsetAt, producer, type StreamClient } from "./support/stream-client.ts";

/** The answer is read to its end: an object is not evicted while somebody still reads from it. */
async function etag(stream: StreamClient): Promise<string | null> {
  const response = await stream.get();
  await response.arrayBuffer();
  return response.headers.get("ETag");
}

describe("eviction: what an object knew comes back from storage", () => {
  test("tail, closure, content type and messages are the same", async () => {
    const stream = await createStream();
    await stream.append("[1,2,3]");
    await stream.append("4");
    const before = await stream.head();
    await evictDurableObject(stream.object);
    const after = await stream.head();
    expect(Object.fromEntries(after.headers)).toEqual(Object.fromEntries(before.headers));
    expect(await stream.readMessages()).toEqual([1, 2, 3, 4]);
    await stream.close();
    await evictDurableObject(stream.object);
    expect((await stream.head()).headers.get("Stream-Closed")).toBe("true");
    expect((await stream.post("5")).status).toBe(409);
  });

  test("the incarnation, and with it the ETag, stays the same", async () => {
    const stream = await createStream();
    await stream.append("1");
    const before = await etag(stream);
    await evictDurableObject(stream.object);
    expect(await etag(stream)).toBe(before);
  });

  test("producers and the last Stream-Seq are remembered", async () => {
    const stream = await createStream();
    await stream.append("1", { ...producer("p", 3, 0), "Stream-Seq": "b" });
    await stream.append("2", producer("p", 3, 1));
    await evictDurableObject(stream.object);
    expect((await stream.post("2", producer("p", 3, 1))).status).toBe(204);
    expect((await stream.post("2", producer("p", 2, 9))).status).toBe(403);
    expect((await stream.post("2", producer("p", 3, 3))).status).toBe(409);
    expect(await errorCode(await stream.post("3", { "Stream-Seq": "b" }))).toBe("STREAM_SEQ_REGRESSION");
    expect((await stream.post("3", { ...producer("p", 3, 2), "Stream-Seq": "c" })).status).toBe(200);
    expect(await stream.readMessages()).toEqual([1, 2, 3]);
  });

  test("the request that closed the stream is still a duplicate, and no other one is", async () => {
    const stream = await createStream();
    const closing = { ...producer("p", 0, 0), "Stream-Closed": "true" };
    expect((await stream.post("1", closing)).status).toBe(200);
    await evictDurableObject(stream.object);
    expect((await stream.post("1", closing)).status).toBe(204);
    expect((await stream.post("1", { ...producer("p", 0, 1), "Stream-Closed": "true" })).status).toBe(409);
  });

  test("waking up writes nothing", async () => {
    const stream = await createStream({ headers: { "Stream-TTL": "3600" }, body: "[1,2]" });
    const before = await storedState(stream);
    await evictDurableObject(stream.object);
    await stream.readAll();
    expect(await storedState(stream)).toEqual(before);
  });

  test("tables of a later version are not touched, and the log says what to do", async () => {
    using log = new ErrorLog();
    const stream = await createStream();
    await runInDurableObject(stream.object, (_instance, { storage }) => {
      storage.sql.exec(
        `UPDATE log SET payload = CAST(replace(CAST(payload AS TEXT), '"version":3', '"version":99') AS BLOB) WHERE start < 0`,
      );
    });
    await evictDurableObject(stream.object);
    expect((await stream.post("1")).status).toBe(500);
    expect(log.take()[0]).toMatch(/format 99 .* deploy the newer version/);
  });
});

describe("hibernation: readers stay while the object is away", () => {
  test("an SSE reader gets what is appended after the object was evicted, once", async () => {
    const stream = await createStream({ body: "[1]" });
    const sse = await openSse(stream);
    expect(sseMessages((await sse.untilUpToDate()).data)).toEqual([1]);
    for (const message of [2, 3]) {
      await evictDurableObject(stream.object);
      await stream.append(String(message));
      const { data, control } = await sse.untilUpToDate();
      expect(sseMessages(data)).toEqual([message]);
      expect(control.streamNextOffset).toBe(offsetAt(message));
    }
    await evictDurableObject(stream.object);
    await stream.close("4");
    const { data } = await sse.until((control) => control.streamClosed === true);
    expect(sseMessages(data)).toEqual([4]);
    expect(await sse.next()).toBeUndefined();
  });

  test("a long-poll reader is answered by an append after the object was evicted", async () => {
    const stream = await createStream({ body: "[1]" });
    const poll = stream.get(`?offset=${offsetAt(1)}&live=long-poll`);
    await eventually(() => readerCount(stream)).toBe(1);
    await evictDurableObject(stream.object);
    await stream.append("2");
    const answer = await poll;
    expect([answer.status, nextOffset(answer), await answer.text()]).toEqual([200, offsetAt(2), "[2]"]);
  });

  test("an object with idle readers has nothing under way that would keep it awake", async () => {
    const stream = await createStream();
    const sse = await openSse(stream, "now");
    await sse.untilUpToDate();
    const poll = stream.get("?offset=now&live=long-poll");
    await eventually(() => readerCount(stream)).toBe(2);
    // Eviction waits for requests and work that are not finished: it takes the object away only when there are none.
    await evictDurableObject(stream.object);
    expect(await readerCount(stream)).toBe(2);
    expect((await storedState(stream)).alarmMs).toBeNull();
    await stream.append("1");
    expect((await poll).status).toBe(200);
    expect(sseMessages((await sse.untilUpToDate()).data)).toEqual([1]);
    await sse.cancel();
  });

  test("a reader whose socket is lost with the object goes on from where it was", async () => {
    const stream = await createStream({ body: "[1]" });
    const sse = await openSse(stream);
    await sse.untilUpToDate();
    await evictDurableObject(stream.object, { webSockets: "close" });
    await stream.append("2");
    await stream.append("3");
    const messages: unknown[] = [];
    while (messages.length < 2) messages.push(...sseMessages((await sse.untilUpToDate()).data));
    expect(messages).toEqual([2, 3]);
    await sse.cancel();
  });

  test("a reader that leaves is no longer counted", async () => {
    const stream = await createStream();
    const sse = await openSse(stream, "now");
    await sse.untilUpToDate();
    expect(await readerCount(stream)).toBe(1);
    await sse.cancel();
    await eventually(() => readerCount(stream)).toBe(0);
  });

  // https://github.com/cloudflare/workerd/issues/6862, fixed upstream by August 2026 and still in the workerd of this tree
  // (1.20260730): readers whose attaching overlaps with another request keep the object awake while they stay. Since
  // connections end after a minute at most, that is how long it can be.
  test("readers that attached at the same time do not keep the object awake once they have left", async () => {
    const stream = await createStream();
    const readers = await Promise.all(Array.from({ length: 4 }, () => openSse(stream, "now")));
    for (const sse of readers) await sse.untilUpToDate();
    for (const sse of readers) await sse.cancel();
    await eventually(() => readerCount(stream)).toBe(0);
    const staying = await openSse(stream, "now");
    await staying.untilUpToDate();
    await evictDurableObject(stream.object);
    await stream.append("1");
    expect(sseMessages((await staying.untilUpToDate()).data)).toEqual([1]);
    await staying.cancel();
  });
});
