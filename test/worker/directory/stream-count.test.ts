import { evictDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Registration } from "../../../src/worker/directory/operations.ts";
import { COUNTED_ANEW_MAX } from "../../../src/worker/directory/stream-count.ts";
import { onlyByHand } from "../support/alarms.ts";
import { Clock } from "../support/clock.ts";
import { Meter } from "../support/meter.ts";
import type { Cost } from "../support/operation-costs.ts";
import { directoryOf, freshProject, inDirectory, registration } from "./support/directories.ts";

const MANY = 10_000;
const LIMIT = { streamsMax: 1_000_000 };
const UNLIMITED = { streamsMax: undefined };

type Limits = typeof LIMIT | typeof UNLIMITED;

/** The directory of a project, and what it is asked for. */
class CountedDirectory {
  readonly project = freshProject();

  get object() {
    return directoryOf(this.project);
  }

  /** One that holds so many streams, and is not in memory. */
  static async holding(streams: number): Promise<CountedDirectory> {
    const directory = new CountedDirectory();
    await directory.object.register(registration("s"));
    await directory.asEarlierBuilds(
      `WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ${String(streams)})
       INSERT INTO stream (path, incarnation, content_type, public, created_at_ms, expiry)
       SELECT 's' || i, 'i' || i, 'application/json', 0, 1, NULL FROM n`,
    );
    await directory.evict();
    return directory;
  }

  async evict(): Promise<void> {
    // Only what is in memory can be taken out of it.
    await this.object.unlisted([]);
    await evictDurableObject(this.object);
  }

  /** What a build does that knows of no stored count. */
  async asEarlierBuilds(statement: string): Promise<void> {
    await inDirectory(this.object, (_instance, { sql }) => {
      sql.exec(statement);
    });
  }

  register(path: string, limits?: Limits | { readonly streamsMax: number }): Promise<Registration> {
    const stream = registration(path);
    return this.object.register(stream, limits).then(({ refused }) => {
      if (refused !== undefined) throw new Error(refused.code);
      return stream;
    });
  }

  /** How many streams the limit takes the project to have: with room for that many, no other fits in. */
  async requireCounted(): Promise<void> {
    const streams = await inDirectory(this.object, (_instance, { sql }) =>
      Number(sql.exec("SELECT count(*) AS streams FROM stream").one()["streams"]),
    );
    const probe = `probe-${crypto.randomUUID()}`;
    await expect(this.register(probe, { streamsMax: streams })).rejects.toThrow("TOO_MANY_STREAMS");
    const stream = await this.register(probe, { streamsMax: streams + 1 });
    await this.object.unregister(probe, stream.incarnation);
  }

  async tables(): Promise<readonly unknown[]> {
    return inDirectory(this.object, (_instance, { sql }) =>
      sql
        .exec("SELECT name FROM sqlite_master WHERE name LIKE 'stream%' ORDER BY name")
        .toArray()
        .map(({ name }) => name),
    );
  }
}

const meter = new Meter();

async function costOf(directory: CountedDirectory, work: () => Promise<unknown>): Promise<Cost> {
  await inDirectory(directory.object, (_instance, storage) => {
    meter.watchStorage(storage);
  });
  meter.take();
  await work();
  return meter.take();
}

describe("count of streams: what it costs", () => {
  test("count: many streams are counted once, and each later awakening of the directory reads a few rows", async () => {
    const directory = await CountedDirectory.holding(MANY);
    const first = await costOf(directory, () => directory.register("a", LIMIT));
    expect(first.rowsRead).toBeGreaterThanOrEqual(MANY);
    for (const path of ["b", "c"]) {
      await directory.evict();
      const { rowsRead, rowsWritten } = await costOf(directory, () => directory.register(path, LIMIT));
      // What wakes up looks for its tables.
      expect(rowsRead).toBeLessThan(15);
      expect(rowsWritten).toBe(2);
    }
    await directory.requireCounted();
  });

  test("count: of a few streams none is stored, and a creation writes its own row alone", async () => {
    const directory = await CountedDirectory.holding(COUNTED_ANEW_MAX - 2);
    for (const path of ["a", "b"]) {
      expect(await costOf(directory, () => directory.register(path, LIMIT))).toMatchObject({ rowsWritten: 1 });
    }
    expect(await directory.tables()).toEqual(["stream"]);
    await directory.register("c", LIMIT);
    await directory.register("d", LIMIT);
    expect(await directory.tables()).toContain("stream_count");
    await directory.requireCounted();
  });

  test("count: without a limit nothing is counted, and a creation writes its own row alone", async () => {
    const directory = await CountedDirectory.holding(MANY);
    await directory.register("a", UNLIMITED);
    const cost = await costOf(directory, () => directory.register("b", UNLIMITED));
    expect(cost).toMatchObject({ rowsWritten: 1 });
    expect(cost.rowsRead).toBeLessThan(5);
    expect(await directory.tables()).toEqual(["stream"]);
  });

  test("count: a day after the last creation under a limit it is given up, and then costs nothing", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const directory = await CountedDirectory.holding(MANY);
    await directory.register("a", LIMIT);
    clock.advanceSeconds(20 * 3600);
    await directory.register("b", LIMIT);
    clock.advanceSeconds(23 * 3600);
    // As creations from places do that have not heard of a limit yet.
    await directory.register("c", UNLIMITED);
    await directory.evict();
    expect(await costOf(directory, () => directory.register("d", LIMIT))).toMatchObject({ rowsWritten: 3 });
    clock.advanceSeconds(24 * 3600);
    await directory.register("e", UNLIMITED);
    expect(await directory.tables()).toEqual(["stream"]);
    expect(await costOf(directory, () => directory.register("f", UNLIMITED))).toMatchObject({ rowsWritten: 1 });
    await directory.requireCounted();
  });
});

describe("count of streams: it is that of the list", () => {
  const path = fc.integer({ min: 1, max: 8 }).map((i) => `s${String(i)}`);
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom("limited" as const, "unlimited" as const, "again" as const), path }),
    fc.record({ kind: fc.constantFrom("ended" as const, "ended, another" as const, "fails" as const), path }),
    fc.record({ kind: fc.constantFrom("evicted" as const, "earlier build" as const), path }),
  );

  test.each([
    { what: "in memory", streams: 10 },
    { what: "stored", streams: COUNTED_ANEW_MAX + 1 },
  ])("count: $what it is right whatever comes, goes, fails or is lost", { timeout: 120_000 }, async ({ streams }) => {
    const property = fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const directory = await CountedDirectory.holding(streams);
      const there = new Map<string, string>();
      const began = async (name: string, limits?: Limits): Promise<void> => {
        there.set(name, (await directory.register(name, limits)).incarnation);
      };
      await began("first", LIMIT);
      for (const { kind, path: name } of steps) {
        switch (kind) {
          case "limited":
            await began(name, LIMIT);
            break;
          case "unlimited":
            await began(name, UNLIMITED);
            break;
          case "again":
            await began(name);
            break;
          case "ended":
            await directory.object.unregister(name, there.get(name) ?? `i${name.slice(1)}`);
            break;
          case "ended, another":
            await directory.object.unregister(name, "another");
            break;
          case "fails":
            await failing(directory, name);
            break;
          case "evicted":
            await directory.evict();
            break;
          case "earlier build":
            await directory.evict();
            await directory.asEarlierBuilds(`DELETE FROM stream WHERE path = '${name}'`);
        }
      }
      await directory.requireCounted();
    });
    await fc.assert(property, { numRuns: 25 });
  });

  /** Registers a stream in a transaction that is rolled back. */
  async function failing(directory: CountedDirectory, name: string): Promise<void> {
    await inDirectory(directory.object, async (instance, storage) => {
      const transaction = storage.transactionSync.bind(storage);
      storage.transactionSync = (run: () => unknown) =>
        transaction(() => {
          run();
          throw new Error("injected: not stored");
        });
      await expect(instance.register(registration(`${name}-failed`), LIMIT)).rejects.toThrow("injected");
      delete (storage as Partial<DurableObjectStorage>).transactionSync;
    });
  }
});
