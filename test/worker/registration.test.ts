import { env } from "cloudflare:workers";
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { LIST_PAGE_MAX } from "../../src/protocol/limits.ts";
import { DirectoryDO } from "../../src/worker/directory/directory-do.ts";
import type { Registration } from "../../src/worker/directory/operations.ts";
import { LONG_SECONDS, loseMemory, onlyByHand, runAlarms, runHandler } from "./support/alarms.ts";
import { atTheDoor, Gate } from "./support/at-the-door.ts";
import { Clock } from "./support/clock.ts";
import { ErrorLog } from "./support/error-log.ts";
import { eventually } from "./support/eventually.ts";
import { failStatements, NOTHING_STORED, storedState } from "./support/object-state.ts";
import { createStream, freshName, sendTo, StreamClient } from "./support/stream-client.ts";

let clock: Clock;
let log: ErrorLog;

beforeEach(() => {
  log = new ErrorLog();
  clock = new Clock();
  onlyByHand(clock);
  onTestFinished(() => {
    clock[Symbol.dispose]();
    log[Symbol.dispose]();
  });
});

/** Only what was made to fail is in the log. */
afterEach(() => {
  expect(log.take().filter((line) => !/directory could not be told|into the directory|injected/.test(line))).toEqual(
    [],
  );
});

/** Also while a test takes the binding away from everybody. */
const { DIRECTORY } = env;

function directory(): DurableObjectStub<DirectoryDO> {
  return DIRECTORY.getByName("default");
}

/** What the directory has under a stream's path. */
async function entries({ name }: StreamClient): Promise<readonly Registration[]> {
  const { streams } = await directory().streams(name, "", LIST_PAGE_MAX);
  return streams;
}

function fresh(): StreamClient {
  return new StreamClient(freshName(), "application/json", sendTo());
}

async function fork(source: StreamClient): Promise<[StreamClient, number]> {
  const made = fresh();
  const headers = { "Stream-Forked-From": source.path };
  const { status } = await made.send(made.path, { method: "PUT", headers });
  return [made, status];
}

/** Makes the directory refuse to be told of this stream, until the result is disposed of. */
function refusing(stream: StreamClient, method: "register" | "unregister"): Disposable {
  return atTheDoor(DirectoryDO, method, (real, ...[about]: readonly unknown[]) => {
    const path = typeof about === "string" ? about : (about as Registration).path;
    if (path !== stream.name) return real();
    throw new Error(`injected failure of ${method}`);
  });
}

/** Takes the directory away from the streams' objects, as a configuration without the binding does. */
async function withoutDirectory(stream: StreamClient): Promise<() => Promise<void>> {
  let taken: unknown;
  const assign = (value: unknown): Promise<unknown> =>
    runInDurableObject(stream.object, (instance) => {
      const variables = (instance as unknown as { readonly env: Record<string, unknown> }).env;
      const before = variables["DIRECTORY"];
      variables["DIRECTORY"] = value;
      return Promise.resolve((taken = before));
    });
  await assign(undefined);
  const binding = taken;
  await loseMemory(stream);
  const giveBack = async (): Promise<void> => {
    await assign(binding);
    await loseMemory(stream);
  };
  onTestFinished(giveBack);
  return giveBack;
}

describe("registration: a creation", () => {
  test("puts the stream into the list before it is answered, with what never changes about it", async () => {
    const stream = await createStream({ headers: { "Stream-TTL": "3600" }, body: "[1]" });
    const summary = await stream.object.summary();
    expect(await entries(stream)).toEqual([
      {
        path: stream.name,
        incarnation: summary?.incarnation,
        contentType: "application/json",
        public: false,
        createdAtMs: clock.nowMs,
        expiry: { kind: "ttl", ttlSeconds: 3600 },
      },
    ]);
    expect(summary).toMatchObject({ tail: 1, closed: false, endsAtMs: clock.nowMs + 3_600_000 });
  });

  test("that only confirms a stream does not ask the directory", async () => {
    const stream = await createStream();
    const door = refusing(stream, "register");
    expect((await stream.put()).status).toBe(200);
    door[Symbol.dispose]();
  });

  test("of a fork lists it with its source's content type, and one that is refused is not listed", async () => {
    const source = await createStream({ body: "[1,2]" });
    const [made, status] = await fork(source);
    expect(status).toBe(201);
    expect((await entries(made)).map(({ contentType }) => contentType)).toEqual(["application/json"]);
    const [refused, refusal] = await fork(fresh());
    expect(refusal).toBe(404);
    expect(await entries(refused)).toEqual([]);
  });

  test("goes on when the directory fails, and the alarm makes up for it, however often that fails too", async () => {
    const stream = fresh();
    const door = refusing(stream, "register");
    expect((await stream.put({ body: "[1]" })).status).toBe(201);
    expect(await stream.readMessages()).toEqual([1]);
    for (let i = 0; i < 3; i++) {
      clock.advanceSeconds(LONG_SECONDS);
      await loseMemory(stream);
      expect(await runDurableObjectAlarm(stream.object)).toBe(true);
      expect(await entries(stream)).toEqual([]);
    }
    door[Symbol.dispose]();
    clock.advanceSeconds(LONG_SECONDS);
    await runAlarms(stream, 2);
    expect(await entries(stream)).toHaveLength(1);
    expect(await storedState(stream)).toMatchObject({ tables: { registration: [] }, alarmMs: null });
    expect(log.take()).toHaveLength(4);
    expect(await stream.readMessages()).toEqual([1]);
  });

  test("goes on when the directory does not answer in time; what arrives later changes nothing", async () => {
    const stream = fresh();
    const gate = new Gate();
    const door = atTheDoor(DirectoryDO, "register", async (real, { path }) => {
      if (path === stream.name) await gate.pass();
      return real();
    });
    const created = stream.put();
    await gate.reached;
    // Meanwhile there is no stream, and nobody waits for the directory.
    expect((await stream.post("1")).status).toBe(404);
    expect((await stream.delete()).status).toBe(404);
    expect((await created).status).toBe(201);
    await stream.append("1");
    await runInDurableObject(directory(), gate.open);
    door[Symbol.dispose]();
    clock.advanceSeconds(LONG_SECONDS);
    await runAlarms(stream, 2);
    const { incarnation } = (await stream.object.summary()) ?? {};
    expect((await entries(stream)).map((entry) => entry.incarnation)).toEqual([incarnation]);
  });

  test("is whole although an alarm tidies up while the directory is asked", async () => {
    // A fork that is refused leaves its table to be tidied up.
    const [stream] = await fork(fresh());
    expect(Object.keys((await storedState(stream)).tables)).toEqual(["release"]);
    const gate = new Gate();
    const door = atTheDoor(DirectoryDO, "register", async (real, { path }) => {
      if (path === stream.name) await gate.pass();
      return real();
    });
    const created = stream.put({ body: "[2]" });
    await gate.reached;
    await runHandler(stream, 2);
    expect(await storedState(stream)).toEqual(NOTHING_STORED);
    await runInDurableObject(directory(), gate.open);
    expect((await created).status).toBe(201);
    door[Symbol.dispose]();
    await loseMemory(stream);
    expect(await stream.readMessages()).toEqual([2]);
    const { incarnation } = (await stream.object.summary()) ?? {};
    expect((await entries(stream)).map((entry) => entry.incarnation)).toEqual([incarnation]);
  });

  test("that is not stored leaves an entry at most, which the next creation of the path replaces", async () => {
    const stream = fresh();
    const repair = await failStatements(stream, 1);
    expect((await stream.put()).status).toBe(500);
    await repair();
    expect(await entries(stream)).toHaveLength(1);
    expect(await stream.object.summary()).toBeUndefined();
    expect((await stream.put()).status).toBe(201);
    const { incarnation } = (await stream.object.summary()) ?? {};
    expect((await entries(stream)).map((entry) => entry.incarnation)).toEqual([incarnation]);
  });
});

describe("registration: the end of a stream", () => {
  test("takes it out of the list, and nothing is left", async () => {
    const stream = await createStream({ body: "[1]" });
    await stream.append("2");
    expect((await stream.delete()).status).toBe(204);
    await runAlarms(stream, 2);
    expect(await entries(stream)).toEqual([]);
    expect(await storedState(stream)).toEqual(NOTHING_STORED);
  });

  test("writes one row and sets the alarm, however many rows the stream has", async () => {
    const stream = await createStream();
    for (let i = 0; i < 5; i++) await stream.append(String(i));
    const before = await storedState(stream);
    await stream.delete();
    const { tables } = await storedState(stream);
    expect(Object.keys(tables)).toEqual(Object.keys(before.tables));
    expect(tables["log"]?.slice(1)).toEqual(before.tables["log"]?.slice(1));
  });

  test("by its time, with nobody there but the alarm, is the same", async () => {
    const stream = await createStream({ headers: { "Stream-TTL": "60" }, body: "[1]" });
    clock.advanceSeconds(67);
    await loseMemory(stream);
    await runAlarms(stream, 2);
    expect(await entries(stream)).toEqual([]);
    expect(await storedState(stream)).toEqual(NOTHING_STORED);
  });

  test("while forks need it takes it out of the list as well", async () => {
    const source = await createStream({ body: "[1]" });
    const [made] = await fork(source);
    await source.delete();
    await runAlarms(source, 2);
    expect([await entries(source), (await entries(made)).length]).toEqual([[], 1]);
    expect((await source.get()).status).toBe(410);
    await made.delete();
    for (const stream of [made, source, source]) {
      clock.advanceSeconds(LONG_SECONDS);
      await runAlarms(stream, 3);
    }
    expect(await entries(made)).toEqual([]);
    expect([await storedState(source), await storedState(made)]).toEqual([NOTHING_STORED, NOTHING_STORED]);
  });

  test("is not forgotten while the directory fails, nor when the object or its alarm is lost", async () => {
    const stream = await createStream({ body: "[1]" });
    const door = refusing(stream, "unregister");
    expect((await stream.delete()).status).toBe(204);
    for (let i = 0; i < 3; i++) {
      await runAlarms(stream, 2);
      clock.advanceSeconds(LONG_SECONDS);
      await runInDurableObject(stream.object, (_instance, { storage }) => storage.deleteAlarm());
      await loseMemory(stream);
      expect((await stream.get()).status).toBe(404);
    }
    expect(await entries(stream)).toHaveLength(1);
    door[Symbol.dispose]();
    await runAlarms(stream, 2);
    expect(await entries(stream)).toEqual([]);
    expect(await storedState(stream)).toEqual(NOTHING_STORED);
    expect(log.take()).toHaveLength(3);
  });

  test("an object that is lost right after it goes on with it when it wakes up", async () => {
    const stream = await createStream({ body: "[1]" });
    await stream.delete();
    await runInDurableObject(stream.object, (_instance, { storage }) => storage.deleteAlarm());
    await loseMemory(stream);
    const answers = [await stream.get(), await stream.head(), await stream.post("1"), await stream.delete()];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(await stream.object.inspect()).toBeUndefined();
    await runAlarms(stream, 2);
    expect(await entries(stream)).toEqual([]);
    expect(await storedState(stream)).toEqual(NOTHING_STORED);
  });

  test.each(["before", "after"])(
    "a new stream of the name %s the directory knows: it is listed, and nothing of the old is in it",
    async (when) => {
      const stream = await createStream({ body: "[1,2,3]" });
      const door = refusing(stream, "unregister");
      await stream.delete();
      if (when === "after") await runAlarms(stream, 2);
      expect((await stream.put({ body: "[9]" })).status).toBe(201);
      door[Symbol.dispose]();
      clock.advanceSeconds(LONG_SECONDS);
      await runAlarms(stream, 3);
      await loseMemory(stream);
      expect(await stream.readMessages()).toEqual([9]);
      const { incarnation } = (await stream.object.summary()) ?? {};
      expect((await entries(stream)).map((entry) => entry.incarnation)).toEqual([incarnation]);
      expect((await storedState(stream)).tables["registration"] ?? []).toEqual([]);
    },
  );

  test("a new stream that cannot be registered either: both are told in the end", async () => {
    const stream = await createStream({ body: "[1]" });
    const doors = [refusing(stream, "unregister"), refusing(stream, "register")];
    await stream.delete();
    expect((await stream.put({ body: "[2]" })).status).toBe(201);
    await loseMemory(stream);
    for (const door of doors.toReversed()) door[Symbol.dispose]();
    clock.advanceSeconds(LONG_SECONDS);
    await runAlarms(stream, 3);
    expect(await stream.readMessages()).toEqual([2]);
    const { incarnation } = (await stream.object.summary()) ?? {};
    expect((await entries(stream)).map((entry) => entry.incarnation)).toEqual([incarnation]);
  });
});

describe("registration: without a directory", () => {
  test("a stream lives and ends as if there were none: 3 rows, no queue, and nothing is left at once", async () => {
    const stream = fresh();
    await withoutDirectory(stream);
    expect((await stream.put({ body: "[1]" })).status).toBe(201);
    const { tables, alarmMs } = await storedState(stream);
    expect([Object.keys(tables), alarmMs]).toEqual([["log"], null]);
    await stream.delete();
    expect(await storedState(stream)).toEqual(NOTHING_STORED);
  });

  test("a stream made then is registered once, as soon as it is used and there is one", async () => {
    const stream = fresh();
    const giveBack = await withoutDirectory(stream);
    await stream.put({ body: "[1]" });
    expect(await entries(stream)).toEqual([]);
    await giveBack();
    let calls = 0;
    const door = atTheDoor(DirectoryDO, "register", (real, { path }) => {
      if (path === stream.name) calls++;
      return real();
    });
    for (let i = 0; i < 3; i++) {
      expect((await stream.head()).status).toBe(200);
      await eventually(() => entries(stream)).toHaveLength(1);
      await loseMemory(stream);
    }
    door[Symbol.dispose]();
    expect(calls).toBe(1);
    expect((await storedState(stream)).alarmMs).toBeNull();
  });

  test("an older stream that cannot be registered is later, by the alarm", async () => {
    const stream = fresh();
    const giveBack = await withoutDirectory(stream);
    await stream.put({ body: "[1]" });
    await giveBack();
    const door = refusing(stream, "register");
    await stream.head();
    await eventually(async () => (await storedState(stream)).tables["registration"] ?? []).toHaveLength(1);
    door[Symbol.dispose]();
    clock.advanceSeconds(LONG_SECONDS);
    await runAlarms(stream, 2);
    expect(await entries(stream)).toHaveLength(1);
    expect(log.take()).toHaveLength(1);
  });
});
