import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { beforeAll, describe, expect, test } from "vitest";
import { dropAlarm, onlyByHand, runAlarms } from "../worker/support/alarms.ts";
import { keysOf } from "../worker/support/bucket.ts";
import { Clock } from "../worker/support/clock.ts";
import { keepObjectsFast } from "../worker/support/fast-objects.ts";
import { readerCount, storedState } from "../worker/support/object-state.ts";
import { inspect, sealAll, segmentKeys } from "../worker/support/sealing.ts";
import { openSse, sseMessages } from "../worker/support/sse-client.ts";
import { createStream, errorCode, offsetAt, type StreamClient } from "../worker/support/stream-client.ts";
import {
  createFork,
  expectNothingLeft,
  freshLike,
  putFork,
  referencedNames,
  runAllAlarms,
  settle,
} from "./support/forks.ts";

beforeAll(keepObjectsFast);

async function three(headers: Readonly<Record<string, string>> = {}): Promise<StreamClient> {
  return createStream({ headers, body: "[0,1,2]" });
}

/** A stream, a fork of it, a fork of that and so on, each with a message of its own. */
async function chainOf(length: number): Promise<StreamClient[]> {
  const chain = [await three()];
  for (let i = 1; i < length; i++) {
    const source = chain.at(-1);
    if (source !== undefined) chain.push(await createFork(source, { body: `["${String(i)}"]` }));
  }
  return chain;
}

function nth(streams: readonly StreamClient[], n: number): StreamClient {
  const stream = streams.at(n);
  if (stream === undefined) throw new Error(`there is no stream ${String(n)}`);
  return stream;
}

async function statuses(stream: StreamClient): Promise<number[]> {
  const answers = [
    await stream.get(),
    await stream.get("?offset=now&live=long-poll"),
    await stream.get("?offset=-1&live=sse"),
    await stream.head(),
    await stream.post("9"),
    await stream.post(undefined, { "Stream-Closed": "true" }),
    await stream.delete(),
    await stream.put(),
    await putFork(stream, freshLike(stream)),
  ];
  for (const { body } of answers) await body?.cancel();
  return answers.map(({ status }) => status);
}

const GONE = [410, 410, 410, 410, 410, 410, 410, 409, 409];
const MISSING = [404, 404, 404, 404, 404, 404, 404, 201, 201];

describe("deleting a stream that has forks (section 4.2)", () => {
  test("it answers 204, and from then on 410, to creations 409, after an eviction as well", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await three();
    const fork = await createFork(source);
    expect((await source.delete()).status).toBe(204);
    expect(await statuses(source)).toEqual(GONE);
    expect(await errorCode(await source.get())).toBe("STREAM_GONE");
    await evictDurableObject(source.object);
    expect(await statuses(source)).toEqual(GONE);
    await runAllAlarms([source, fork]);
    expect(await statuses(source)).toEqual(GONE);
    expect(await fork.readMessages()).toEqual([0, 1, 2]);
  });

  test("its forks are read, appended to, forked and closed as before", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await three();
    const fork = await createFork(source, { offset: 2 });
    await source.delete();
    await settle(clock, [source, fork], 1);
    await fork.append('"own"');
    const leaf = await createFork(fork, { body: '["leaf"]' });
    await fork.close();
    expect(await leaf.readMessages()).toEqual([0, 1, "own", "leaf"]);
    expect(await fork.readMessages()).toEqual([0, 1, "own"]);
  });

  test("when its last fork goes it is removed for good, and its path is free", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await three();
    const forks = [await createFork(source), await createFork(source, { offset: 1 })];
    await source.delete();
    await nth(forks, 0).delete();
    await runAllAlarms([source, ...forks]);
    expect(await referencedNames(source)).toEqual([nth(forks, 1).name]);
    expect((await source.get()).status).toBe(410);
    expect((await nth(forks, 1).delete()).status).toBe(204);
    await runAllAlarms([source, ...forks]);
    await settle(clock, [source, ...forks], 1);
    await expectNothingLeft([source, ...forks]);
    expect((await source.get()).status).toBe(404);
    expect((await source.put({ body: "[7]" })).status).toBe(201);
    expect(await source.readMessages()).toEqual([7]);
  });

  test("forks that went before it do not keep it", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await three();
    const fork = await createFork(source);
    await fork.delete();
    await runAllAlarms([fork]);
    expect(await referencedNames(source)).toEqual([]);
    expect(await source.readMessages()).toEqual([0, 1, 2]);
    await source.delete();
    await settle(clock, [source, fork], 1);
    await expectNothingLeft([source, fork]);
  });

  test("a fork that was deleted and created again has a reference of its own, and only that is left", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await three();
    const fork = await createFork(source);
    await fork.delete();
    expect((await putFork(source, fork, { offset: 1 })).status).toBe(201);
    expect(await referencedNames(source)).toEqual([fork.name, fork.name]);
    await source.delete();
    await settle(clock, [source, fork], 1);
    expect(await referencedNames(source)).toEqual([fork.name]);
    expect(await fork.readMessages()).toEqual([0]);
    await fork.delete();
    await settle(clock, [source, fork]);
    await expectNothingLeft([source, fork]);
  });

  test("what its forks do not inherit goes as well when they are gone, and no sooner", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await three();
    const fork = await createFork(source, { offset: 0, body: "[7]" });
    await source.delete();
    await settle(clock, [source, fork], 1);
    expect((await source.get()).status).toBe(410);
    expect(await fork.readMessages()).toEqual([7]);
    await fork.delete();
    await settle(clock, [source, fork]);
    await expectNothingLeft([source, fork]);
  });

  test("operators still see it", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await three({ "Stream-TTL": "600" });
    const fork = await createFork(source);
    expect(await inspect(source)).toMatchObject({ softDeleted: false, forks: { count: 1 } });
    await source.delete();
    const { incarnation: held } = await inspect(fork);
    const list = [{ fork: `default/${fork.name}`, incarnation: held }];
    expect(await inspect(source)).toMatchObject({ softDeleted: true, tail: 3, forks: { count: 1, list } });
    const answer = await source.send(`/v1/__ds/streams/default/inspect/${source.name}`);
    expect([answer.status, (await answer.json<{ softDeleted?: boolean }>()).softDeleted]).toEqual([200, true]);
    // It has ended already, and does not end once more.
    clock.advanceSeconds(100_000);
    await runAllAlarms([source, fork]);
    expect((await fork.head()).status).toBe(404);
  });
});

describe("deleting streams of a chain: clean-up goes up, level by level", () => {
  test("from the root down nothing goes before the leaf does, and then all of it", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const chain = await chainOf(5);
    const leaf = nth(chain, -1);
    for (const stream of chain.slice(0, -1)) await stream.delete();
    await settle(clock, chain, 1);
    for (const stream of chain.slice(0, -1)) expect((await stream.get()).status).toBe(410);
    expect(await leaf.readMessages()).toEqual([0, 1, 2, "1", "2", "3", "4"]);
    await leaf.delete();
    // Each level takes an alarm of its own.
    for (const level of [3, 2, 1, 0]) {
      expect((await nth(chain, level).get()).status).toBe(410);
      await runAlarms(nth(chain, level + 1), 3);
      expect((await nth(chain, level).get()).status).toBe(404);
    }
    await settle(clock, chain);
    await expectNothingLeft(chain);
  });

  test("from the leaf up each goes at once", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const chain = await chainOf(4);
    for (const stream of chain.toReversed()) {
      await stream.delete();
      await runAllAlarms(chain);
      expect((await stream.get()).status).toBe(404);
    }
    await settle(clock, chain, 2);
    await expectNothingLeft(chain);
  });

  test("one in the middle is kept for what it holds, and for what it holds of others", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const chain = await chainOf(3);
    const [root, middle, leaf] = [nth(chain, 0), nth(chain, 1), nth(chain, 2)];
    await middle.delete();
    await settle(clock, chain, 1);
    expect([await referencedNames(root), await referencedNames(middle)]).toEqual([[middle.name], [leaf.name]]);
    expect(await leaf.readMessages()).toEqual([0, 1, 2, "1", "2"]);
    await root.delete();
    await settle(clock, chain, 1);
    expect(await leaf.readMessages()).toEqual([0, 1, 2, "1", "2"]);
    await leaf.delete();
    await settle(clock, chain);
    await expectNothingLeft(chain);
  });

  test("one that lives ends the clean-up: what is above it stays", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const chain = await chainOf(4);
    await nth(chain, 0).delete();
    await nth(chain, 2).delete();
    await nth(chain, 3).delete();
    await settle(clock, chain);
    expect(await nth(chain, 1).readMessages()).toEqual([0, 1, 2, "1"]);
    expect((await nth(chain, 0).get()).status).toBe(410);
    expect((await nth(chain, 2).get()).status).toBe(404);
    await expectNothingLeft(chain.slice(2));
  });

  test("alarms that are lost, and memory with them, only put it off", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const chain = await chainOf(3);
    for (const stream of chain) await stream.delete();
    for (const stream of chain.toReversed()) {
      await dropAlarm(stream);
      await stream.head();
      await runAlarms(stream, 3);
    }
    await settle(clock, chain);
    await expectNothingLeft(chain);
  });
});

describe("forks and time", () => {
  test.each<[string, (nowMs: number) => Readonly<Record<string, string>>]>([
    ["a TTL", () => ({ "Stream-TTL": "600" })],
    ["an end", (nowMs) => ({ "Stream-Expires-At": new Date(nowMs + 600_000).toISOString() })],
  ])("a source whose time is over by %s is kept for its forks, and gone for everybody else", async (_how, end) => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await three(end(clock.nowMs));
    const fork = await createFork(source, { headers: { "Stream-Expires-At": "2097-01-01T00:00:00Z" } });
    clock.advanceSeconds(700);
    expect((await source.head()).status).toBe(410);
    expect(await statuses(source)).toEqual(GONE);
    expect(await fork.readMessages()).toEqual([0, 1, 2]);
    await fork.delete();
    await settle(clock, [source, fork]);
    await expectNothingLeft([source, fork]);
  });

  test("the alarm ends it as well, and does not come again", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await three({ "Stream-TTL": "600" });
    const fork = await createFork(source, { headers: { "Stream-TTL": "100000" } });
    clock.advanceSeconds(601);
    await runAlarms(source, 5);
    expect((await storedState(source)).alarmMs).toBeNull();
    expect(await inspect(source)).toMatchObject({ softDeleted: true });
    expect(await fork.readMessages()).toEqual([0, 1, 2]);
  });

  test("reads of a fork do not keep its source alive, nor reads of the source its forks", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await three({ "Stream-TTL": "600" });
    const [fork, idle] = [await createFork(source), await createFork(source)];
    for (let i = 0; i < 3; i++) {
      clock.advanceSeconds(400);
      expect(await fork.readMessages()).toEqual([0, 1, 2]);
    }
    expect([(await source.head()).status, (await idle.head()).status, (await fork.head()).status]).toEqual([
      410, 404, 200,
    ]);
  });

  test("a fork whose time is over gives its reference back by its alarm, up to a source that waits for it", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await three();
    const fork = await createFork(source, { headers: { "Stream-TTL": "600" } });
    await source.delete();
    clock.advanceSeconds(601);
    await runAlarms(fork, 3);
    expect((await source.get()).status).toBe(404);
    await settle(clock, [source, fork]);
    await expectNothingLeft([source, fork]);
  });

  test("a whole chain whose time is over goes by its alarms alone", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await three({ "Stream-TTL": "600" });
    const fork = await createFork(source, { body: "[3]" });
    const leaf = await createFork(fork, { body: "[4]" });
    clock.advanceSeconds(700);
    await settle(clock, [source, fork, leaf]);
    await expectNothingLeft([source, fork, leaf]);
  });

  test("an expired stream without forks is not there to be forked, and one with forks is gone", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const [alone, forked] = [await three({ "Stream-TTL": "60" }), await three({ "Stream-TTL": "60" })];
    await createFork(forked, { headers: { "Stream-TTL": "6000" } });
    clock.advanceSeconds(61);
    expect(await errorCode(await putFork(alone, freshLike(alone)))).toBe("FORK_SOURCE_NOT_FOUND");
    expect(await errorCode(await putFork(forked, freshLike(forked)))).toBe("FORK_SOURCE_GONE");
  });
});

describe("forks and what lies in the bucket", () => {
  test("objects of a deleted source are kept while a fork reads them, and purged after", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await three();
    for (let i = 3; i < 12; i++) await source.append(String(i));
    await sealAll(source);
    const keys = await segmentKeys(source);
    expect(keys.length).toBeGreaterThan(1);
    const fork = await createFork(source, { offset: 4 });
    await source.delete();
    await settle(clock, [source, fork], 2);
    expect(await keysOf(`segments/default/${source.name}/`)).toEqual(expect.arrayContaining(keys));
    expect(await fork.readMessages()).toEqual([0, 1, 2, 3]);
    await fork.delete();
    await settle(clock, [source, fork]);
    await expectNothingLeft([source, fork]);
  });

  test("what was still in the log of a deleted source is sealed for its forks", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await three();
    const fork = await createFork(source);
    expect((await inspect(source)).segments.count).toBe(0);
    await source.delete();
    await runAlarms(source, 3);
    expect(await inspect(source)).toMatchObject({ softDeleted: true, hot: { messages: 0 }, segments: { count: 1 } });
    expect((await storedState(source)).alarmMs).toBeNull();
    expect(await fork.readMessages()).toEqual([0, 1, 2]);
    await fork.delete();
    await settle(clock, [source, fork]);
    await expectNothingLeft([source, fork]);
  });

  test("a fork's own objects go with it, and its source's stay", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await three();
    for (let i = 3; i < 7; i++) await source.append(String(i));
    const fork = await createFork(source);
    for (let i = 0; i < 6; i++) await fork.append(`"own ${String(i)}"`);
    await Promise.all([sealAll(source), sealAll(fork)]);
    expect(await segmentKeys(fork)).toHaveLength(1);
    await fork.delete();
    await settle(clock, [source, fork]);
    await expectNothingLeft([fork]);
    expect(await source.readMessages()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});

describe("forks and live readers", () => {
  test("readers of a source that is deleted are dismissed, and those of its forks stay", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await three();
    const fork = await createFork(source);
    const [ofSource, ofFork] = [await openSse(source), await openSse(fork)];
    await ofSource.untilUpToDate();
    await ofFork.untilUpToDate();
    const poll = source.get("?offset=now&live=long-poll");
    while ((await readerCount(source)) < 2) continue;
    await source.delete();
    expect(await ofSource.next()).toBeUndefined();
    expect((await poll).status).toBe(410);
    expect(await readerCount(source)).toBe(0);
    await fork.append("3");
    const { data } = await ofFork.untilUpToDate();
    expect(sseMessages(data)).toEqual([3]);
    await ofFork.cancel();
  });

  test("a reader of a fork that is deleted while it catches up is told that it is not there", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await three();
    const fork = await createFork(source);
    const { headers } = await fork.get();
    await fork.delete();
    await runDurableObjectAlarm(fork.object);
    expect(headers.get("Stream-Next-Offset")).toBe(offsetAt(3));
    expect((await fork.get(`?offset=${offsetAt(1)}`)).status).toBe(404);
  });

  test("a source whose readers keep it alive beyond its window is no other for having forks", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await three({ "Stream-TTL": "600" });
    await createFork(source);
    const sse = await openSse(source);
    await sse.untilUpToDate();
    clock.advanceSeconds(601);
    await runDurableObjectAlarm(source.object);
    expect((await source.head()).status).toBe(200);
    await sse.cancel();
  });
});

describe("what was deleted may come back", () => {
  test("every operation works again on a path that its forks have let go", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const chain = await chainOf(2);
    for (const stream of chain) await stream.delete();
    await settle(clock, chain);
    const again = await statuses(nth(chain, 0));
    expect(again).toEqual(MISSING);
  });
});
