import { evictDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { APPEND_MAX_MESSAGES, READ_CHUNK_MAX_BYTES, ROW_MAX_BYTES } from "../../src/protocol/limits.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { onlyByHand } from "./support/alarms.ts";
import { Clock } from "./support/clock.ts";
import { storedPayloadBytes, storedRowBytes } from "./support/object-state.ts";
import { openSse, sseMessages } from "./support/sse-client.ts";
import { concat, createStream, nextOffset, offsetAt, type StreamClient } from "./support/stream-client.ts";

const MEGABYTE = 1_000_000;

/** Sealing would take the rows away that are looked at here. */
let clock: Clock;
beforeEach(() => {
  clock = new Clock();
  onlyByHand(clock);
});
afterEach(() => {
  clock[Symbol.dispose]();
});

function binary(): Promise<StreamClient> {
  return createStream({ contentType: "application/octet-stream" });
}

/** Bytes that tell where they come from, so that a piece in the wrong place shows. */
function patterned(bytes: number, seed: number): Uint8Array<ArrayBuffer> {
  const random = new SeededRandom(seed);
  const words = new Uint32Array(Math.ceil(bytes / 4)).map(() => random.int(0, 0xffff_ffff));
  return new Uint8Array(words.buffer).slice(0, bytes);
}

/** Comparing megabytes with `toEqual` takes seconds. */
function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && left.every((byte, i) => byte === right[i]);
}

describe("large values: no row holds more than production takes", () => {
  test("5 MB of bytes in one append come back whole and from every offset around the cuts", async () => {
    const stream = await binary();
    const body = patterned(5 * MEGABYTE, 1);
    expect(await stream.append(body)).toBe(offsetAt(body.byteLength));
    expect(Math.max(...(await storedPayloadBytes(stream)))).toBe(ROW_MAX_BYTES);
    expect(isSame(await stream.readAll(), body)).toBe(true);
    const cuts = [0, ROW_MAX_BYTES, 2 * ROW_MAX_BYTES, READ_CHUNK_MAX_BYTES, body.byteLength];
    for (const offset of cuts.flatMap((cut) => [cut - 1, cut, cut + 1])) {
      if (offset < 0 || offset > body.byteLength) continue;
      const rest = await stream.readAll(offsetAt(offset));
      expect(isSame(rest, body.subarray(offset)), `from ${String(offset)}`).toBe(true);
    }
  });

  test("a value of exactly a row, and of a byte more, come back whole", async () => {
    for (const bytes of [ROW_MAX_BYTES - 1, ROW_MAX_BYTES, ROW_MAX_BYTES + 1, 2 * ROW_MAX_BYTES]) {
      const stream = await binary();
      const body = patterned(bytes, bytes);
      await stream.append(body);
      await stream.append("end");
      expect(Math.max(...(await storedPayloadBytes(stream)))).toBeLessThanOrEqual(ROW_MAX_BYTES);
      expect(isSame(await stream.readAll(), concat([body, new TextEncoder().encode("end")]))).toBe(true);
    }
  });

  test("one JSON message of 5 MB is answered whole, between its neighbours", async () => {
    const stream = await createStream();
    const large = "é".repeat(2.5 * MEGABYTE);
    await stream.append("1");
    await stream.append(JSON.stringify(large));
    await stream.append("3");
    expect(Math.max(...(await storedPayloadBytes(stream)))).toBeLessThanOrEqual(ROW_MAX_BYTES);
    expect(await stream.readMessages()).toEqual([1, large, 3]);
    expect(await stream.readMessages(offsetAt(1))).toEqual([large, 3]);
    expect(await stream.readMessages(offsetAt(2))).toEqual([3]);
  });

  test("a batch of many messages over a row's size is cut between messages, and read from every offset", async () => {
    const stream = await createStream();
    const messages = Array.from({ length: 60 }, (_, i) => ({ i, text: "m".repeat(70_000 + i) }));
    await stream.append("0");
    await stream.append(JSON.stringify(messages));
    const stored = await storedPayloadBytes(stream);
    expect(stored.filter((bytes) => bytes > MEGABYTE).length).toBeGreaterThanOrEqual(2);
    expect(Math.max(...stored)).toBeLessThanOrEqual(ROW_MAX_BYTES);
    for (let offset = 1; offset <= messages.length + 1; offset++) {
      const answer = await stream.get(`?offset=${offsetAt(offset)}`);
      const read = await answer.json<{ i: number }[]>();
      const end = Number(nextOffset(answer).slice(-16));
      expect(read.map(({ i }) => i)).toEqual(messages.slice(offset - 1, end - 1).map(({ i }) => i));
    }
  });

  test("the sizes of many small messages count towards their row, in one batch and in one group", async () => {
    const stream = await createStream();
    const batch = `[${Array.from({ length: APPEND_MAX_MESSAGES }, (_, i) => String(1e17 + i * 1e3)).join(",")}]`;
    await stream.append(batch);
    await Promise.all(Array.from({ length: 4 }, () => stream.append(batch)));
    expect(Math.max(...(await storedRowBytes(stream)))).toBeLessThanOrEqual(ROW_MAX_BYTES);
    expect(await stream.readMessages(offsetAt(5 * APPEND_MAX_MESSAGES - 1))).toHaveLength(1);
  });

  test("large bodies of a create, of a producer and in one group with small ones", async () => {
    const body = JSON.stringify("c".repeat(3 * MEGABYTE));
    const stream = await createStream({ body });
    const bodies = [
      "1",
      JSON.stringify("a".repeat(2 * MEGABYTE)),
      "[2,3]",
      JSON.stringify("b".repeat(4 * MEGABYTE)),
      "4",
    ];
    await Promise.all(bodies.map((text) => stream.append(text)));
    await evictDurableObject(stream.object);
    const read = await stream.readMessages();
    expect(Math.max(...(await storedPayloadBytes(stream)))).toBeLessThanOrEqual(ROW_MAX_BYTES);
    expect(read[0]).toBe(JSON.parse(body));
    const wanted = bodies.flatMap((text) => JSON.parse(text) as unknown);
    expect(new Set(read.slice(1))).toEqual(new Set(wanted));
    expect(read).toHaveLength(1 + wanted.length);
  });

  test("a large message reaches SSE and long-poll readers that wait, once", async () => {
    const stream = await createStream({ body: "[0]" });
    const sse = await openSse(stream);
    await sse.untilUpToDate();
    const poll = stream.get(`?offset=${offsetAt(1)}&live=long-poll`);
    const large = "l".repeat(5 * MEGABYTE);
    await stream.append(JSON.stringify(large));
    expect(await (await poll).json()).toEqual([large]);
    const { data } = await sse.until((control) => control.streamNextOffset === offsetAt(2));
    expect(sseMessages(data)).toEqual([large]);
    await sse.cancel();
    const late = await openSse(stream);
    const all = await late.until((control) => control.streamNextOffset === offsetAt(2));
    expect(sseMessages(all.data)).toEqual([0, large]);
    await late.cancel();
  });
});
