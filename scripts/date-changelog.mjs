// Dates the changelog's section of the version that is released: `npm version` runs this between the new number in
// package.json and its commit. The day is UTC's.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "./lib/process.mjs";
import { datedChangelog } from "./lib/release.mjs";

const file = join(ROOT, "CHANGELOG.md");
const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
try {
  const dated = datedChangelog(await readFile(file, "utf8"), version, new Date().toISOString().slice(0, 10));
  await writeFile(file, dated);
} catch (error) {
  process.stderr.write(`date-changelog: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
