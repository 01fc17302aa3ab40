// The commands that documents tell a reader to type about Cloudflare, typed against the stand-in for it, with the real wrangler.
import { readFile, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startControlPlane, type ControlPlane } from "../control-plane/control-plane.ts";
import { userDocuments } from "../docs/support/documents.ts";
import { followBlock } from "../docs/support/follow-block.ts";
import { isChosen, ON_CLOUDFLARE, shellBlocks } from "../docs/support/plan.ts";
import { Reader } from "../docs/support/reader.ts";

const WORKER = "my-streams";

let plane: ControlPlane;
let reader: Reader;
beforeEach(async () => {
  plane = await startControlPlane();
  const example = [
    "https://streams-with-api-keys.YOU.workers.dev",
    await plane.workerUrl("streams-with-api-keys"),
  ] as const;
  reader = await Reader.arrive({ env: plane.env, places: [example] });
  await reader.startServer();
});
afterEach(async () => {
  await reader.leave();
  // Throws when anything was asked that Cloudflare does not have.
  await plane.close();
});

/** What a reader's own account has and the stand-in has not: an address that resolves. A dataset for `metrics`, too. */
async function settle(command: string): Promise<void> {
  if (!command.includes("durable-streams init ")) return;
  const file = reader.file(`${WORKER}/durable-streams.jsonc`);
  const text = await readFile(file, "utf8");
  const settings = `"url": "${await plane.workerUrl(WORKER)}",\n  "analytics": "my_streams",\n  "vars": {}`;
  expect(text).toContain('"vars": {}');
  await writeFile(file, text.replace('"vars": {}', settings));
  plane.analytics.expect({ query: /INTERVAL '7' DAY/, columns: [{ name: "operation", type: "String" }], rows: [] });
}

const blocks = (await userDocuments()).flatMap(shellBlocks).filter((block) => isChosen(block, ON_CLOUDFLARE));

test.for([...Map.groupBy(blocks, ({ document }) => document)])(
  "documents: %s: every command about Cloudflare does what it should, and nothing is left but an example",
  async ([document, ofDocument]) => {
    const { scripts, buckets, namespaces } = plane.state;
    for (const block of ofDocument) {
      await followBlock(reader, block, async (command) => {
        await settle(command);
        if (command.includes(" deploy --yes")) expect([scripts.size, buckets.size, namespaces.size]).toEqual([1, 1, 1]);
      });
    }
    const left = document.startsWith("examples/") ? 1 : 0;
    expect([scripts.size, buckets.size, namespaces.size]).toEqual([left, left, left]);
  },
);
