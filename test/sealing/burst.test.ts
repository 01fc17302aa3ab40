import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { onlyByHand } from "../worker/support/alarms.ts";
import { Clock } from "../worker/support/clock.ts";
import { setObjectVariables } from "../worker/support/object-variables.ts";
import { storedState } from "../worker/support/object-state.ts";
import { inspect } from "../worker/support/sealing.ts";
import { createStream, type StreamClient } from "../worker/support/stream-client.ts";

/** Two of these in a moment are fast writing. */
const BATCH = 2_000;
const BODY = JSON.stringify(Array.from({ length: BATCH }, (_, i) => i));
const BATCH_BYTES = BODY.length - 2;

/** A stream with so large segments that a few batches are not overdue. */
async function createLarge(segmentBytes: number): Promise<StreamClient> {
  const stream = await createStream();
  await setObjectVariables(stream, { SEGMENT_MAX_MESSAGES: "100000", SEGMENT_MAX_BYTES: String(segmentBytes) });
  return stream;
}

async function appendBatches(stream: StreamClient, batches: number): Promise<void> {
  for (let i = 0; i < batches; i++) await stream.append(BODY);
}

async function hotMessages(stream: StreamClient): Promise<number> {
  return (await inspect(stream)).hot.messages;
}

describe("a burst", () => {
  test("is not sealed while it goes on, and all of it is when the writers have paused", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createLarge(BATCH_BYTES);
    await appendBatches(stream, 2);
    await runDurableObjectAlarm(stream.object);
    expect(await hotMessages(stream)).toBe(2 * BATCH);
    expect((await storedState(stream)).alarmMs).toBe(clock.nowMs + 2_000);
    clock.advanceSeconds(2);
    await runDurableObjectAlarm(stream.object);
    expect(await hotMessages(stream)).toBe(0);
  });

  test("that goes on is looked at every two seconds, and no append in between sets an alarm", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createLarge(BATCH_BYTES);
    await appendBatches(stream, 2);
    await runDurableObjectAlarm(stream.object);
    const { alarmMs } = await storedState(stream);
    for (let i = 0; i < 20; i++) await stream.append("1");
    expect((await storedState(stream)).alarmMs).toBe(alarmMs);
    expect(await hotMessages(stream)).toBe(2 * BATCH + 20);
  });

  test("that makes the hot log overdue is sealed meanwhile, as far as it has to be", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    // Each batch is a segment of its own, and 16 times the bytes of a segment are overdue.
    const stream = await createLarge(BATCH_BYTES - 500);
    await appendBatches(stream, 15);
    await runDurableObjectAlarm(stream.object);
    expect(await hotMessages(stream)).toBe(15 * BATCH);
    expect((await storedState(stream)).alarmMs).toBe(clock.nowMs + 2_000);
    await appendBatches(stream, 1);
    expect((await storedState(stream)).alarmMs).toBe(clock.nowMs);
    await runDurableObjectAlarm(stream.object);
    expect(await hotMessages(stream)).toBe(15 * BATCH);
    expect((await storedState(stream)).alarmMs).toBe(clock.nowMs + 2_000);
  });

  test("that makes it overdue is sealed then also when the alarm was set to something earlier than its pause", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const expiresAt = new Date(clock.nowMs + 1_000).toISOString();
    const stream = await createStream({ headers: { "Stream-Expires-At": expiresAt } });
    await setObjectVariables(stream, { SEGMENT_MAX_MESSAGES: "100000", SEGMENT_MAX_BYTES: String(BATCH_BYTES - 500) });
    await appendBatches(stream, 15);
    await runDurableObjectAlarm(stream.object);
    expect((await storedState(stream)).alarmMs).toBe(clock.nowMs + 1_000);
    await appendBatches(stream, 1);
    expect((await storedState(stream)).alarmMs).toBe(clock.nowMs);
  });

  test("is sealed when the next alarm comes, also when the clock was put back meanwhile", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createLarge(BATCH_BYTES);
    await appendBatches(stream, 2);
    await runDurableObjectAlarm(stream.object);
    clock.advanceSeconds(-3_600);
    await runDurableObjectAlarm(stream.object);
    expect(await hotMessages(stream)).toBe(0);
  });

  test("is told to operators as what sealing is deferred for, until it is over", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createLarge(BATCH_BYTES - 500);
    const states: string[] = [];
    const look = async (): Promise<void> => void states.push((await inspect(stream)).sealing.state);
    await look();
    await appendBatches(stream, 1);
    await look();
    await appendBatches(stream, 1);
    await look();
    await appendBatches(stream, 14);
    await look();
    await runDurableObjectAlarm(stream.object);
    await look();
    clock.advanceSeconds(2);
    await look();
    await runDurableObjectAlarm(stream.object);
    await look();
    expect(states).toEqual(["idle", "due", "deferred", "due", "deferred", "due", "idle"]);
  });

  test("that closes the stream is over with it", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createLarge(BATCH_BYTES);
    await appendBatches(stream, 2);
    await stream.close();
    await runDurableObjectAlarm(stream.object);
    expect(await hotMessages(stream)).toBe(0);
  });

  test("of which an evicted object knows nothing any more is sealed at once", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const stream = await createLarge(BATCH_BYTES);
    await appendBatches(stream, 2);
    await evictDurableObject(stream.object);
    await runDurableObjectAlarm(stream.object);
    expect(await hotMessages(stream)).toBe(0);
  });
});
