import { evictDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { eventually } from "./support/eventually.ts";
import { readerCount, storedState, untilNothingStored } from "./support/object-state.ts";
import { openSse } from "./support/sse-client.ts";
import {
  createStream,
  errorCode,
  FIRST_OFFSET,
  nextOffset,
  offsetAt,
  producer,
  type StreamClient,
} from "./support/stream-client.ts";

describe("delete: nothing is left behind", () => {
  test("tables, rows and the alarm are gone, whatever the stream held", async () => {
    const stream = await createStream({ headers: { "Stream-TTL": "3600" }, body: "[1]" });
    await stream.append("2", producer("p", 0, 0));
    await stream.append(JSON.stringify("x".repeat(2_000_000)));
    const stored = await storedState(stream);
    expect(Object.keys(stored.tables).sort()).toEqual(["log", "overflow", "producer"]);
    expect(stored.alarmMs).not.toBeNull();
    expect((await stream.delete()).status).toBe(204);
    await untilNothingStored(stream);
  });

  test("afterwards every operation answers 404, after an eviction as well", async () => {
    const stream = await createStream({ body: "[1]" });
    await stream.delete();
    for (let i = 0; i < 2; i++) {
      const answers = [await stream.head(), await stream.get(), await stream.post("1"), await stream.delete()];
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
      await Promise.all(answers.map((answer) => answer.arrayBuffer()));
      await evictDurableObject(stream.object);
    }
  });

  test("the connections of waiting readers end, and none of them is kept", async () => {
    const stream = await createStream({ body: "[1]" });
    const sse = await openSse(stream, "now");
    await sse.untilUpToDate();
    const poll = stream.get("?offset=now&live=long-poll");
    await eventually(() => readerCount(stream)).toBe(2);
    await stream.delete();
    expect(await sse.next()).toBeUndefined();
    expect((await poll).status).toBe(404);
    await eventually(() => readerCount(stream)).toBe(0);
  });

  test("appends that race with the deletion are stored before it or refused, and leave nothing", async () => {
    const stream = await createStream();
    const [deleted, ...appends] = await Promise.all([
      stream.delete(),
      ...Array.from({ length: 8 }, (_, i) => stream.post(String(i))),
    ]);
    expect(deleted.status).toBe(204);
    expect(appends.filter(({ status }) => status !== 204 && status !== 404)).toEqual([]);
    await untilNothingStored(stream);
  });

  test("two deletions at the same time: one deletes, the other finds nothing", async () => {
    const stream = await createStream({ body: "[1]" });
    const answers = await Promise.all([stream.delete(), stream.delete()]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 404]);
  });
});

describe("delete and create again: two streams that share only their name", () => {
  async function recreate(stream: StreamClient, body: string): Promise<void> {
    expect((await stream.delete()).status).toBe(204);
    const created = await stream.put({ body });
    expect([created.status, await stream.readMessages()]).toEqual([201, JSON.parse(body)]);
  }

  test("the ETag differs although the range is the same, so no stale bytes are confirmed with 304", async () => {
    const stream = await createStream({ body: "[1,2]" });
    const tag = (await stream.get()).headers.get("ETag") ?? "";
    expect((await stream.get("", { "If-None-Match": tag })).status).toBe(304);
    await recreate(stream, "[3,4]");
    const fresh = await stream.get("", { "If-None-Match": tag });
    expect([fresh.status, await fresh.text()]).toEqual([200, "[3,4]"]);
  });

  test("an offset of the old stream past the new tail is refused, and one within it reads the new messages", async () => {
    const stream = await createStream({ body: "[1,2,3]" });
    await recreate(stream, "[8,9]");
    expect(await errorCode(await stream.get(`?offset=${offsetAt(3)}`))).toBe("OFFSET_BEYOND_TAIL");
    expect(await errorCode(await stream.get(`?offset=${offsetAt(3)}&live=sse`))).toBe("OFFSET_BEYOND_TAIL");
    expect(await errorCode(await stream.get(`?offset=${offsetAt(3)}&live=long-poll`))).toBe("OFFSET_BEYOND_TAIL");
    expect(await stream.readMessages(offsetAt(1))).toEqual([9]);
  });

  test("producers, Stream-Seq and closure of the old stream mean nothing", async () => {
    const stream = await createStream();
    await stream.append("1", { ...producer("p", 5, 0), "Stream-Seq": "z" });
    await stream.close();
    await recreate(stream, "[]");
    expect((await stream.post("2", { ...producer("p", 0, 0), "Stream-Seq": "a" })).status).toBe(200);
  });

  test("the new stream may have another content type, end and visibility", async () => {
    const stream = await createStream({ body: "[1]" });
    await stream.delete();
    const created = await stream.put({ headers: { "Content-Type": "text/plain", "Stream-TTL": "60" }, body: "a" });
    expect([created.status, nextOffset(created)]).toEqual([201, offsetAt(1)]);
    const head = await stream.head();
    expect([head.headers.get("Content-Type"), head.headers.get("Stream-TTL")]).toEqual(["text/plain", "60"]);
  });

  test("a creation right behind a deletion waits for it and is whole", async () => {
    const stream = await createStream({ body: "[1]" });
    const [deleted, created] = await Promise.all([stream.delete(), stream.put({ body: "[2]" })]);
    expect(deleted.status).toBe(204);
    expect([200, 201]).toContain(created.status);
    if (created.status === 201) {
      await evictDurableObject(stream.object);
      expect(await stream.readMessages()).toEqual([2]);
    }
    expect((await stream.put()).status).toBe(created.status === 201 ? 200 : 201);
  });

  test("an SSE reader in the middle of catching up never sees messages of the new stream", async () => {
    const old = JSON.stringify(Array.from({ length: 30 }, (_, i) => `old ${String(i)} ${"x".repeat(100_000)}`));
    const stream = await createStream({ body: old });
    const sse = await openSse(stream);
    const first = await sse.until(() => true);
    expect(first.control.upToDate).toBeUndefined();
    await recreate(stream, old.replaceAll("old", "new"));
    const events = await sse.rest();
    expect(events.filter((event) => event.kind === "data" && event.data.includes("new"))).toEqual([]);
  });

  test("the first offset is the same in every stream", async () => {
    const stream = await createStream();
    expect(nextOffset(await stream.head())).toBe(FIRST_OFFSET);
  });
});
