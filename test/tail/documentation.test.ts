import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { INSPECT_BINDINGS } from "../../src/browse/inspect/keys.ts";
import { LIST_BINDINGS } from "../../src/browse/list/keys.ts";
import { BINDINGS } from "../../src/tail/keys.ts";
import { parseFilter } from "../../src/tail/filter/parse-filter.ts";

const text = await readFile(new URL("../../docs/live-view.md", import.meta.url), "utf8");

/** The first two cells of the rows of a section's table. */
function rowsOf(section: string): readonly (readonly [string, string])[] {
  const part = text.split(/^## /m).find((each) => each.startsWith(`${section}\n`)) ?? "";
  const rows = part.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(2).map((row) => {
    const [, first = "", second = ""] = row.split(" | ").length > 1 ? ["", ...row.slice(2, -2).split(" | ")] : [];
    return [first.trim(), second.trim()];
  });
}

describe("docs/live-view.md", () => {
  it("has the key map, no more and no less", () => {
    const digits = ["0 1-9", "all streams, or the one of that number"];
    expect(rowsOf("Keys")).toEqual([...BINDINGS.map(({ shown, help }) => [shown, help]), digits]);
  });

  it("has the key maps of the list of streams and of the map of a stream, no more and no less", () => {
    expect(rowsOf("The list of streams")).toEqual(LIST_BINDINGS.map(({ shown, help }) => [shown, help]));
    expect(rowsOf("How a stream is kept")).toEqual(INSPECT_BINDINGS.map(({ shown, help }) => [shown, help]));
  });

  it("shows only filters that are filters", () => {
    const filters = rowsOf("Filters").map(([filter]) => filter.replaceAll("`", ""));
    expect(filters.length).toBeGreaterThan(5);
    for (const filter of filters) expect(parseFilter(filter), filter).toMatchObject({ ok: true });
  });
});
