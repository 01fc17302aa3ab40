// The picture at the top of the README: that it can be made again, and that the one that is there shows the same steps.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ROOT } from "../../scripts/lib/process.mjs";
import { NODE } from "../support/cli.ts";
import { steadyPort } from "../support/steady-port.ts";

/** Larger, and the README loads slowly. */
const MAX_BYTES = 80_000;

const PICTURE = join(ROOT, "docs/images/terminal.svg");

/** All that stands on the screens, without the server's address and what depends on how fast the machine was. */
function shownText(svg: string): ReadonlySet<string> {
  const rows = [...svg.matchAll(/<g id="r\w+">(.*?)<\/g>/gs)].map(([, markup = ""]) =>
    markup.replaceAll(/<[^>]+>/g, "").trim(),
  );
  return new Set(rows.map((row) => row.replaceAll(/127\.0\.0\.1:\d+/g, "ADDRESS").replace(/ --port \d+/, "")));
}

/** What every recording has to show: each step of it, and what came of it. */
const STEPS = [
  "$ npx durable-streams dev",
  "Durable Streams at http://ADDRESS",
  "$ npx durable-streams create orders --content-type application/json",
  "$ npx durable-streams read orders",
  '{"id":2,"item":"jam"}',
  "$ npx durable-streams tail orders --from-start",
  '{"id":10,"item":"honey","eur":4.5,"paid":true}',
];

test("recording: the one in docs/images shows its steps, and is small", async () => {
  const svg = await readFile(PICTURE, "utf8");
  expect(svg.length).toBeLessThan(MAX_BYTES);
  const shown = shownText(svg);
  expect(STEPS.filter((step) => !shown.has(step))).toEqual([]);
});

test("recording: it is made by a real terminal, and shows the same steps", async () => {
  const folder = await mkdtemp(join(tmpdir(), "durable-streams-record-"));
  const file = join(folder, "terminal.svg");
  await promisify(execFile)(NODE, [join(ROOT, "scripts/record.mjs"), file, String(await steadyPort())], { cwd: ROOT });
  const shown = shownText(await readFile(file, "utf8"));
  await rm(folder, { recursive: true, force: true });
  expect(STEPS.filter((step) => !shown.has(step))).toEqual([]);
});
