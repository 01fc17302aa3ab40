import { describe, expect, test } from "vitest";
import { MATCHING_MAX_ROWS } from "../../../src/worker/directory/directory.ts";
import { directoryOf, freshProject, registerAll, type Directory } from "./support/directories.ts";

interface Page {
  readonly paths: readonly string[];
  readonly more: boolean;
  readonly after: string;
}

async function matching(directory: Directory, pattern: string, after: string, limit: number): Promise<Page> {
  const page = await directory.matching(pattern, after, limit);
  return { paths: page.streams.map(({ path }) => path), more: page.more, after: page.after };
}

describe("directory: streams that match a pattern", () => {
  test("come by pages, in the order of their paths", async () => {
    const directory = directoryOf(freshProject());
    await registerAll(directory, ["a/1", "a/1/x", "a/2", "a/3", "b/1"]);
    const first = await matching(directory, "a/*", "", 2);
    expect(first).toEqual({ paths: ["a/1", "a/2"], more: true, after: "a/2" });
    expect(await matching(directory, "a/*", first.after, 2)).toEqual({ paths: ["a/3"], more: false, after: "a/3" });
  });

  test("a pattern without a wildcard finds its one stream", async () => {
    const directory = directoryOf(freshProject());
    await registerAll(directory, ["a", "a/b", "ab"]);
    expect((await matching(directory, "a", "", 10)).paths).toEqual(["a"]);
    expect((await matching(directory, "a/b", "", 10)).paths).toEqual(["a/b"]);
    expect((await matching(directory, "a/**", "", 10)).paths).toEqual(["a", "a/b"]);
  });

  test(
    "a page looks at a bounded number of streams, and the next one goes on behind them",
    { timeout: 120_000 },
    async () => {
      const directory = directoryOf(freshProject());
      const name = (i: number): string => `s/${String(i).padStart(6, "0")}`;
      const names = Array.from({ length: MATCHING_MAX_ROWS + 10 }, (_, i) => name(i));
      await registerAll(directory, [...names, "s/a/log"]);
      const first = await matching(directory, "s/*/log", "", 5);
      expect(first).toEqual({ paths: [], more: true, after: name(MATCHING_MAX_ROWS - 1) });
      expect(await matching(directory, "s/*/log", first.after, 5)).toMatchObject({ paths: ["s/a/log"], more: false });
      expect((await matching(directory, "**", "", 20_000)).paths).toHaveLength(MATCHING_MAX_ROWS);
    },
  );

  test("only streams with the pattern's literal beginning are looked at", async () => {
    const directory = directoryOf(freshProject());
    await registerAll(directory, ["a/1", "b/1", "b/2/x", "c/1"]);
    expect(await matching(directory, "b/*", "", 10)).toEqual({ paths: ["b/1"], more: false, after: "b/2/x" });
  });
});
