import { evictDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { PROJECT_SUBSCRIPTIONS_MAX } from "../../../src/protocol/limits.ts";
import {
  directoryOf,
  freshProject,
  inDirectory,
  linkedIds,
  listed,
  subscribe,
  type Directory,
} from "./support/directories.ts";

async function ids(directory: Directory, after = "", limit = 1000): Promise<string[]> {
  return (await directory.subscriptions(after, limit)).subscriptions.map(({ id }) => id);
}

async function explicitRows(directory: Directory): Promise<unknown[]> {
  return inDirectory(directory, (_instance, storage) =>
    storage.sql.exec("SELECT path, subscription FROM explicit").toArray(),
  );
}

describe("directory: the list of subscriptions", () => {
  test("has what was put there, in the order of ids, by pages", async () => {
    const directory = directoryOf(freshProject());
    const [b, a] = [listed("b", { pattern: "x/*", wakeStream: "w" }), listed("a", { type: "webhook", createdAtMs: 5 })];
    expect(await directory.putSubscription(b)).toEqual({ kind: "done" });
    expect(await directory.putSubscription(a)).toEqual({ kind: "done" });
    expect(await directory.subscriptions("", 10)).toEqual({ subscriptions: [a, b], more: false });
    expect(await directory.subscriptions("", 1)).toEqual({ subscriptions: [a], more: true });
    await evictDurableObject(directory);
    expect(await directory.subscriptions("a", 1)).toEqual({ subscriptions: [b], more: false });
  });

  test("a subscription put there again is there once, and taken out by its own incarnation only", async () => {
    const directory = directoryOf(freshProject());
    const before = await subscribe(directory, "a", { pattern: "old/*" });
    const subscription = listed("a", { pattern: "new/*" });
    for (let i = 0; i < 2; i++) expect(await directory.putSubscription(subscription)).toEqual({ kind: "done" });
    await directory.removeSubscription(before);
    expect(await ids(directory)).toEqual(["a"]);
    expect(await linkedIds(directory, "old/1")).toEqual([]);
    expect(await linkedIds(directory, "new/1")).toEqual(["a"]);
    await directory.removeSubscription(subscription);
    await directory.removeSubscription(subscription);
    expect(await ids(directory)).toEqual([]);
    expect(await linkedIds(directory, "new/1")).toEqual([]);
  });

  test("has no more than a project may have, and room again when one goes", { timeout: 120_000 }, async () => {
    const directory = directoryOf(freshProject());
    const first = await subscribe(directory, "0");
    await inDirectory(directory, (instance) => {
      for (let i = 1; i < PROJECT_SUBSCRIPTIONS_MAX; i++) {
        expect(instance.putSubscription(listed(String(i))).kind).toBe("done");
      }
    });
    const outcome = await directory.putSubscription(listed("one-more"));
    expect(outcome).toMatchObject({ kind: "refused", error: { code: "TOO_MANY_SUBSCRIPTIONS" } });
    await evictDurableObject(directory);
    expect((await directory.putSubscription(listed("one-more"))).kind).toBe("refused");
    // Those that are there already are no more than there are.
    expect((await directory.putSubscription({ ...listed("1"), incarnation: "another" })).kind).toBe("done");
    await directory.removeSubscription(first);
    expect((await directory.putSubscription(listed("one-more"))).kind).toBe("done");
  });
});

describe("directory: what a stream is linked to when it is registered", () => {
  test("the subscriptions whose pattern its path matches, also after an eviction", async () => {
    const directory = directoryOf(freshProject());
    await subscribe(directory, "rooms", { pattern: "rooms/*" });
    await subscribe(directory, "all", { pattern: "**" });
    await subscribe(directory, "logs", { pattern: "**/log" });
    for (let i = 0; i < 2; i++) {
      expect(await linkedIds(directory, "rooms/1")).toEqual(["all", "rooms"]);
      expect(await linkedIds(directory, "rooms/1/log")).toEqual(["all", "logs"]);
      await evictDurableObject(directory);
    }
    const ref = await subscribe(directory, "late", { pattern: "rooms/*" });
    expect((await linkedIds(directory, "rooms/1")).sort()).toEqual(["all", "late", "rooms"]);
    await directory.removeSubscription(ref);
    expect(await linkedIds(directory, "rooms/1")).toEqual(["all", "rooms"]);
  });

  test("no pattern links a wake stream, neither when it is registered nor when a subscription is made", async () => {
    const directory = directoryOf(freshProject());
    const named = await subscribe(directory, "named");
    await directory.putExplicit(named, ["wake/b"]);
    await subscribe(directory, "a", { pattern: "**", wakeStream: "wake/a" });
    expect(await linkedIds(directory, "wake/b")).toEqual(["named", "a"]);
    const b = await subscribe(directory, "b", { pattern: "wake/*", wakeStream: "wake/b" });
    for (let i = 0; i < 2; i++) {
      expect(await linkedIds(directory, "wake/a")).toEqual([]);
      expect(await linkedIds(directory, "wake/b")).toEqual(["named"]);
      expect(await linkedIds(directory, "wake/c")).toEqual(["a", "b"]);
      const { streams } = await directory.matching("**", "", 10);
      expect(streams.map(({ path }) => path)).toEqual(["wake/c"]);
      await evictDurableObject(directory);
    }
    await directory.removeSubscription(b);
    expect(await linkedIds(directory, "wake/b")).toEqual(["named", "a"]);
  });

  test("the links name the incarnation of the subscription", async () => {
    const directory = directoryOf(freshProject());
    const pattern = await subscribe(directory, "a", { pattern: "*" });
    const explicit = await subscribe(directory, "b");
    await directory.putExplicit(explicit, ["x"]);
    const { links } = await directory.register({
      ...{ path: "x", incarnation: "i", contentType: "text/plain", public: false, createdAtMs: 0 },
      expiry: { kind: "never" },
    });
    expect(links).toEqual([explicit, pattern]);
  });

  test("those that name its path, once also where their pattern matches it", async () => {
    const directory = directoryOf(freshProject());
    const a = await subscribe(directory, "a", { pattern: "x/*" });
    const b = await subscribe(directory, "b");
    await directory.putExplicit(a, ["x/1", "y"]);
    await directory.putExplicit(b, ["y"]);
    expect(await linkedIds(directory, "x/1")).toEqual(["a"]);
    expect(await linkedIds(directory, "y")).toEqual(["a", "b"]);
    await directory.removeExplicit(a, "y");
    await directory.removeExplicit({ ...b, incarnation: "another" }, "y");
    expect(await linkedIds(directory, "y")).toEqual(["b"]);
    await evictDurableObject(directory);
    expect(await linkedIds(directory, "y")).toEqual(["b"]);
  });

  test("paths that a subscription names go with it, and with a later one of its id nothing of them is left", async () => {
    const directory = directoryOf(freshProject());
    const a = await subscribe(directory, "a");
    const b = await subscribe(directory, "b");
    for (const ref of [a, b]) await directory.putExplicit(ref, ["x", "y"]);
    await directory.removeSubscription(a);
    expect(await explicitRows(directory)).toHaveLength(2);
    await subscribe(directory, "b");
    expect(await explicitRows(directory)).toEqual([]);
    expect(await linkedIds(directory, "x")).toEqual([]);
  });

  test("of a subscription that is not in the list, or is another by now, no path is kept", async () => {
    const directory = directoryOf(freshProject());
    const a = await subscribe(directory, "a");
    await directory.putExplicit(a, ["x"]);
    await directory.putExplicit({ ...a, incarnation: "another" }, ["y"]);
    await directory.removeSubscription(a);
    await directory.putExplicit(a, ["z"]);
    expect(await explicitRows(directory)).toEqual([]);
  });
});
