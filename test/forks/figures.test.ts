import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { READ_CHUNK_MAX_ANCESTORS } from "../../src/protocol/limits.ts";
import { onlyByHand } from "../worker/support/alarms.ts";
import { Clock } from "../worker/support/clock.ts";
import { keepObjectsFast } from "../worker/support/fast-objects.ts";
import { Meter } from "../worker/support/meter.ts";
import { storedState } from "../worker/support/object-state.ts";
import { createStream, nextOffset, offsetAt, sendTo, type StreamClient } from "../worker/support/stream-client.ts";
import { createFork, referencedNames, references, settle, expectNothingLeft } from "./support/forks.ts";

/** What forks cost, in what the platform bills: rows, and requests to objects. */

const meter = new Meter();
const send = sendTo({}, { STREAMS: meter.countedNamespace(env.STREAMS) });

beforeAll(keepObjectsFast);

beforeAll(async () => {
  await runInDurableObject(env.STREAMS.getByName("default/any"), (_instance, { storage }) => {
    meter.watchStorage(storage);
  });
});

/** Puts references of forks into the source as so many creations would have, without making them. */
async function pretendForks(source: StreamClient, count: number): Promise<void> {
  await runInDurableObject(source.object, (_instance, { storage }) => {
    storage.sql.exec(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO fork SELECT 'default/pretended-' || i, 'i' || i FROM n`,
      count,
    );
  });
}

describe("forks: what they cost", () => {
  test("a chain of 100: an answer asks the fork, and no more streams than it may be put together from", async () => {
    let last = await createStream({ body: "[0]", send });
    for (let i = 1; i <= 100; i++) last = await createFork(last, { body: `[${String(i)}]` });
    const requests: number[] = [];
    const messages: number[] = [];
    meter.take();
    for (let from = offsetAt(0); messages.length <= 100;) {
      const answer = await last.get(`?offset=${from}`);
      messages.push(...(await answer.json<number[]>()));
      from = nextOffset(answer);
      requests.push(meter.take().objectRequests);
    }
    expect(messages).toEqual(Array.from({ length: 101 }, (_, i) => i));
    // Six answers of sixteen streams each, and one of the four that are left with the fork's own.
    expect(requests).toHaveLength(Math.ceil(101 / READ_CHUNK_MAX_ANCESTORS));
    expect(Math.max(...requests)).toBeLessThanOrEqual(READ_CHUNK_MAX_ANCESTORS + 2);
    // From the end on, or of a late position, only those are asked that hold something of it.
    await last.get(`?offset=${offsetAt(101)}`);
    expect(meter.take().objectRequests).toBe(1);
    await last.get(`?offset=${offsetAt(99)}`);
    expect(meter.take().objectRequests).toBe(3);
  });

  test("a fork writes the same rows, and reads as many, however many forks its source has", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await createStream({ body: "[0,1,2]", send });
    const first = await createFork(source);
    meter.take();
    await createFork(source);
    const few = meter.take();
    await pretendForks(source, 10_000);
    meter.take();
    await createFork(source);
    const many = meter.take();
    expect(many).toEqual(few);
    expect(many.objectRequests).toBe(1);
    expect(many.rowsWritten).toBeLessThanOrEqual(10);
    expect(await references(source)).toHaveLength(10_003);
    meter.take();
    await source.append("3");
    expect([meter.take().rowsWritten, await first.readMessages()]).toEqual([1, [0, 1, 2]]);
  });

  test("what a deleted source and each fork of it write does not grow with the number of forks", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await createStream({ body: "[0,1,2]", send });
    const forks = [await createFork(source), await createFork(source)];
    await pretendForks(source, 10_000);
    meter.take();
    expect((await source.delete()).status).toBe(204);
    const deletion = meter.take();
    // The head, the alarm, and the promise to tell the directory with its table.
    expect(deletion.rowsWritten).toBeLessThanOrEqual(2 + 3);
    expect(deletion.rowsRead).toBeLessThanOrEqual(10);
    for (const fork of forks) {
      await fork.delete();
      meter.take();
      await runDurableObjectAlarm(fork.object);
      const release = meter.take();
      // The directory is told as well, which looks at a queue of its own.
      expect(release.rowsRead).toBeLessThanOrEqual(16);
      expect(release.rowsWritten).toBeLessThanOrEqual(5);
    }
    expect(await references(source)).toHaveLength(10_000);
  });

  test("the last of many forks takes its source with it", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await createStream({ body: "[0]", send });
    const forks: StreamClient[] = [];
    for (let i = 0; i < 200; i++) forks.push(await createFork(source));
    await source.delete();
    await Promise.all(forks.map((fork) => fork.delete()));
    expect(await referencedNames(source)).toHaveLength(200);
    await settle(clock, [source, ...forks], 2);
    await expectNothingLeft([source, ...forks]);
  });

  test("the alarm that was set for the making of a fork finds nothing to do, and does not come again", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await createStream({ body: "[0]", send });
    const fork = await createFork(source);
    clock.advanceSeconds(61);
    meter.take();
    expect(await runDurableObjectAlarm(fork.object)).toBe(true);
    expect(meter.take().rowsWritten).toBe(0);
    expect((await storedState(fork)).alarmMs).toBeNull();
  });
});
