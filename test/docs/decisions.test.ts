// Decisions are spoken of by their numbers, in code and in documents.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../scripts/lib/process.mjs";
import { readDocument } from "./support/documents.ts";

test("decisions: numbered one after another, each number in the title too, and dated", async () => {
  const files = (await readdir(join(ROOT, "docs/decisions"))).toSorted();
  expect(files.length).toBeGreaterThan(0);
  for (const [i, file] of files.entries()) {
    expect(file).toMatch(new RegExp(`^${String(i + 1).padStart(4, "0")}-[a-z0-9-]+\\.md$`));
    const { text } = await readDocument(`docs/decisions/${file}`);
    expect(text).toMatch(new RegExp(`^# ${String(i + 1)}\\. \\S.*\\n\\n\\d{4}-\\d\\d-\\d\\d\\n`));
  }
});
