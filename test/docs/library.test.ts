// docs/library.md shows a wrangler.jsonc by hand: it has to be what `init` writes.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "jsonc-parser";
import { expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { readDocument } from "./support/documents.ts";

test("library: its wrangler.jsonc has the bindings, classes and flags of the one that init writes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "durable-streams-library-"));
  const { code } = await runCli(["init", "--yes", "--name", "my-streams"], { cwd: folder });
  expect(code).toBe(0);
  const written = parse(await readFile(join(folder, "wrangler.jsonc"), "utf8")) as Record<string, unknown>;
  await rm(folder, { recursive: true, force: true });
  const { blocks } = await readDocument("docs/library.md");
  const [shown] = blocks.filter(({ language }) => language === "jsonc").map(({ text }) => parse(text) as object);
  expect(written).toMatchObject({ ...shown, r2_buckets: expect.anything() as unknown });
});
