import { evictDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  directoryOf,
  freshProject,
  inDirectory,
  pagedPaths,
  registerAll,
  registration,
  sorted,
} from "./support/directories.ts";

describe("directory: streams", () => {
  test("what was registered is listed as it was registered, also when the object was evicted in between", async () => {
    const directory = directoryOf(freshProject());
    const expiresAt = "2099-01-31T13:00:00+01:00";
    const streams = [
      registration("a", { public: true, expiry: { kind: "ttl", ttlSeconds: 60 } }),
      registration("b", { contentType: "text/plain; charset=utf-8" }),
      registration("c", { expiry: { kind: "at", expiresAtMs: Date.parse(expiresAt), expiresAt } }),
    ];
    for (const stream of streams) expect(await directory.register(stream)).toEqual({ links: [] });
    expect(await directory.streams("", "", 10)).toEqual({ streams, more: false });
    await evictDurableObject(directory);
    expect(await directory.streams("", "", 10)).toEqual({ streams, more: false });
  });

  test("a stream takes the place of an earlier one of its path, and is taken out by its own incarnation only", async () => {
    const directory = directoryOf(freshProject());
    const [first, second] = [registration("a"), registration("a", { contentType: "text/plain" })];
    await directory.register(first);
    await directory.register(second);
    expect(await directory.streams("", "", 10)).toEqual({ streams: [second], more: false });
    await directory.unregister("a", first.incarnation);
    expect(await directory.streams("", "", 10)).toEqual({ streams: [second], more: false });
    await directory.unregister("a", second.incarnation);
    await directory.unregister("a", second.incarnation);
    expect(await directory.streams("", "", 10)).toEqual({ streams: [], more: false });
  });

  test("several are taken out at a time, each by its incarnation", async () => {
    const directory = directoryOf(freshProject());
    const [a, b, c] = [registration("a"), registration("b"), registration("c")];
    for (const stream of [a, b, c]) await directory.register(stream);
    await directory.unregisterAll([a, { path: "b", incarnation: "another" }, c]);
    expect(await directory.streams("", "", 10)).toEqual({ streams: [b], more: false });
  });

  test("streams that come and go together share a commit, and each change is made in its turn", async () => {
    const directory = directoryOf(freshProject());
    const streams = Array.from({ length: 20 }, (_, i) => registration(`s/${String(i).padStart(2, "0")}`));
    const commits = await inDirectory(directory, async (instance, storage) => {
      let count = 0;
      const transaction = storage.transactionSync.bind(storage);
      storage.transactionSync = ((run: () => unknown) => {
        count++;
        return transaction(run);
      }) as DurableObjectStorage["transactionSync"];
      const coming = streams.map((stream) => instance.register(stream));
      const [first] = streams;
      await Promise.all([...coming, instance.unregister("s/00", first?.incarnation ?? "")]);
      return count;
    });
    // The first finds the object idle and is committed at once, alone.
    expect(commits).toBe(2);
    expect(await pagedPaths(directory, "", 100)).toEqual(streams.slice(1).map(({ path }) => path));
  });

  test("a page has as many as were asked for, and says truly whether more follow", async () => {
    const directory = directoryOf(freshProject());
    await registerAll(directory, ["a", "b", "c"]);
    const page = async (after: string, limit: number): Promise<unknown[]> => {
      const { streams, more } = await directory.streams("", after, limit);
      return [...streams.map(({ path }) => path), more];
    };
    expect(await page("", 2)).toEqual(["a", "b", true]);
    expect(await page("b", 2)).toEqual(["c", false]);
    expect(await page("", 3)).toEqual(["a", "b", "c", false]);
    expect(await page("aa", 1)).toEqual(["b", true]);
    expect(await page("c", 3)).toEqual([false]);
  });

  test("asking a directory that nothing was registered in stores nothing", async () => {
    const directory = directoryOf(freshProject());
    expect(await directory.streams("", "", 10)).toEqual({ streams: [], more: false });
    expect(await directory.matching("**", "", 10)).toEqual({ streams: [], more: false, after: "" });
    expect(await directory.subscriptions("", 10)).toEqual({ subscriptions: [], more: false });
    expect(await directory.publicKeys()).toEqual([]);
    await directory.unregister("a", "b");
    await directory.removeSubscription({ id: "a", incarnation: "b" });
    await directory.putExplicit({ id: "a", incarnation: "b" }, ["c"]);
    await directory.removeExplicit({ id: "a", incarnation: "b" }, "c");
    await inDirectory(directory, (_instance, storage) => {
      expect(
        storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
      ).toEqual([]);
      expect([...storage.kv.list()]).toEqual([]);
    });
  });

  test("what a later version stored is refused, and left as it is", async () => {
    const project = freshProject();
    await registerAll(directoryOf(project), ["a"]);
    await inDirectory(directoryOf(project), (_instance, storage) => {
      storage.kv.put("schema", 99);
    });
    await evictDurableObject(directoryOf(project));
    await inDirectory(directoryOf(project), async (instance) => {
      await expect(instance.register(registration("b"))).rejects.toThrow(/version 99/);
      expect(() => instance.streams("", "", 1)).toThrow(/deploy the newer version/);
    });
  });
});

describe("directory: the order of paths", () => {
  // Beyond the plane of U+FFFF, JavaScript's order of strings is not that of their bytes.
  const PATHS = ["a", "a/b", "a-b", "ab", "B", "é", "\u{ff5e}", "\u{1f600}", "a/\u{1f600}", "a/\u{ff5e}", "%2F", "a b"];

  test("is that of their bytes in UTF-8, whatever the size of a page", async () => {
    const directory = directoryOf(freshProject());
    await registerAll(directory, PATHS);
    for (const limit of [1, 2, 5, 100]) expect(await pagedPaths(directory, "", limit)).toEqual(sorted(PATHS));
  });

  test("pages of any prefix and size are what a sorted array gives", { timeout: 120_000 }, async () => {
    const character = fc.constantFrom("a", "b", "/", "-", "é", "\u{ff5e}", "\u{1f600}", "\u{10ffff}");
    const name = fc.string({ unit: character, minLength: 1, maxLength: 5 });
    const property = fc.asyncProperty(
      fc.uniqueArray(name, { maxLength: 40 }),
      fc.string({ unit: character, maxLength: 2 }),
      fc.integer({ min: 1, max: 10 }),
      async (paths, prefix, limit) => {
        const directory = directoryOf(freshProject());
        await registerAll(directory, paths);
        const expected = sorted(paths).filter((path) => path.startsWith(prefix));
        expect(await pagedPaths(directory, prefix, limit)).toEqual(expected);
      },
    );
    await fc.assert(property, { numRuns: 30 });
  });
});
