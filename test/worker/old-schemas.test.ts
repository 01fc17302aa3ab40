import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { knownTables } from "../../src/worker/storage/known-tables.ts";
import {
  directoryOf,
  freshProject,
  inDirectory,
  linkedIds,
  listed,
  type Directory,
} from "./directory/support/directories.ts";
import { pullWake, SubscriptionClient } from "./subscriptions/support/subscriptions.ts";

/** A directory as it was stored before subscriptions had their wake stream there. */
async function oldDirectory(): Promise<Directory> {
  const project = freshProject();
  await inDirectory(directoryOf(project), (_instance, storage) => {
    storage.sql.exec(`CREATE TABLE subscription (
      id TEXT PRIMARY KEY,
      incarnation TEXT NOT NULL,
      type TEXT NOT NULL,
      pattern TEXT,
      created_at_ms INTEGER NOT NULL,
      has_explicit INTEGER NOT NULL
    ) WITHOUT ROWID`);
    storage.sql.exec("INSERT INTO subscription VALUES ('old', 'first', 'webhook', 'events/*', 1, 0)");
    storage.kv.put("schema", 1);
  });
  await evictDurableObject(directoryOf(project));
  return directoryOf(project);
}

/** Makes what a subscription stored what an earlier build would have: links without `begun`. */
async function withOldLinks(subscription: SubscriptionClient): Promise<void> {
  await runInDurableObject(subscription.object, (_instance, { storage }) => {
    storage.sql.exec("ALTER TABLE link DROP COLUMN begun");
  });
  await subscription.evict();
}

function columns(storage: DurableObjectStorage, table: string): string[] {
  const rows = storage.sql.exec<{ name: string }>("SELECT name FROM pragma_table_info(?)", table).toArray();
  return rows.map(({ name }) => name);
}

describe("old schemas: a directory", () => {
  test("old schemas: its subscriptions are listed, link streams, and get later ones beside them", async () => {
    const directory = await oldDirectory();
    expect(await linkedIds(directory, "events/a")).toEqual(["old"]);
    expect((await directory.subscriptions("", 10)).subscriptions).toMatchObject([{ id: "old", wakeStream: undefined }]);
    await directory.putSubscription(listed("new", { pattern: "**", wakeStream: "events/wake" }));
    expect(await linkedIds(directory, "events/wake")).toEqual([]);
    expect(new Set(await linkedIds(directory, "events/b"))).toEqual(new Set(["new", "old"]));
  });

  test("old schemas: a column is added once, and a transaction that fails takes it away again", async () => {
    const directory = await oldDirectory();
    await inDirectory(directory, (_instance, storage) => {
      const added = { subscription: { wake_stream: "wake_stream TEXT" } };
      expect(() =>
        storage.transactionSync(() => {
          knownTables(storage.sql, added);
          throw new Error("injected");
        }),
      ).toThrow("injected");
      expect(columns(storage, "subscription")).not.toContain("wake_stream");
      for (let i = 0; i < 2; i++) expect(knownTables(storage.sql, added)).toContain("subscription");
      expect(columns(storage, "subscription").filter((name) => name === "wake_stream")).toHaveLength(1);
    });
  });

  test("old schemas: what an earlier build writes into the table of today is read", async () => {
    const directory = directoryOf(freshProject());
    await directory.putSubscription(listed("today", { pattern: "events/*", wakeStream: "wake" }));
    await inDirectory(directory, (_instance, storage) => {
      storage.sql.exec(`INSERT INTO subscription (id, incarnation, type, pattern, created_at_ms, has_explicit)
                        VALUES ('earlier', 'first', 'webhook', 'events/*', 1, 0)`);
    });
    await evictDurableObject(directory);
    expect(await linkedIds(env.DIRECTORY.getByName(directory.name ?? ""), "events/a")).toEqual(["earlier", "today"]);
  });
});

describe("old schemas: a subscription", () => {
  test("old schemas: its links go on from their cursors", async () => {
    const subscription = await new SubscriptionClient(pullWake("wake/pool", { pattern: "events/*" })).created();
    await subscription.notify("events/a", 3);
    await withOldLinks(subscription);
    await subscription.notify("events/b", 2);
    await subscription.notify("events/a", 4);
    const lease = await subscription.claimed();
    expect(lease.streams).toMatchObject([
      { path: "events/a", acked: 0, tail: 4 },
      { path: "events/b", acked: 0, tail: 2 },
    ]);
    const acked = await subscription.ack(lease, { "events/a": 4, "events/b": 2 });
    expect(acked).toEqual({ kind: "acked", nextWake: false });
    expect(await subscription.cursor("events/a")).toEqual([4, 4]);
  });
});
