import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { eventually } from "./support/eventually.ts";
import { Meter } from "./support/meter.ts";
import { readerCount } from "./support/object-state.ts";
import { openSse, sseMessages } from "./support/sse-client.ts";
import { createStream } from "./support/stream-client.ts";

/** How long the platform keeps an object that has nothing to do, with some room. It tells nobody when it lets go. */
const IDLE_MS = 14_000;

test("sleep: with SSE and long-poll readers waiting the platform puts the object away by itself, and an append wakes it", async () => {
  const meter = new Meter();
  const stream = await createStream();
  const sse = await openSse(stream, "now");
  await sse.untilUpToDate();
  const poll = stream.get("?offset=now&live=long-poll");
  await eventually(() => readerCount(stream)).toBe(2);
  const before = await runInDurableObject(stream.object, (instance, { storage }) => {
    meter.watchStorage(storage);
    return new WeakRef(instance);
  });
  await scheduler.wait(IDLE_MS);
  meter.take();
  await stream.append("1");
  // The tables and the newest row are read again: this is another instance of the object.
  expect(meter.take().rowsRead).toBeGreaterThan(1);
  expect(await runInDurableObject(stream.object, (instance) => instance === before.deref())).toBe(false);
  expect(await (await poll).json()).toEqual([1]);
  expect(sseMessages((await sse.untilUpToDate()).data)).toEqual([1]);
  await sse.cancel();
});
