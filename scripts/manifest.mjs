// Writes oclif.manifest.json from the built commands: with it, starting one command reads one file instead of loading
// them all. It is committed; `--check` only compares, and fails when the committed file is out of date.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Config } from "@oclif/core";

const root = fileURLToPath(new URL("../", import.meta.url));
const file = new URL("../oclif.manifest.json", import.meta.url);

const config = await Config.load({ root, ignoreManifest: true });
const plugin = /** @type {import("@oclif/core").Plugin | undefined} */ (config.plugins.get(config.name));
const manifest = plugin?.manifest;
const commands = Object.entries(manifest?.commands ?? {}).sort(([left], [right]) => (left < right ? -1 : 1));
if (commands.length === 0) {
  process.stderr.write("manifest: there are no built commands; run `npm run build` first\n");
  process.exit(1);
}
// Keys in order, so that the file changes only when a command does.
const text = `${JSON.stringify({ commands: Object.fromEntries(commands), version: config.version }, null, 2)}\n`;

if (process.argv.includes("--check")) {
  const committed = await readFile(file, "utf8").catch(() => "");
  if (committed !== text) {
    process.stderr.write("manifest: oclif.manifest.json is out of date; run `npm run manifest` and commit it\n");
    process.exit(1);
  }
} else {
  await writeFile(file, text);
}
process.stdout.write(`manifest: ${commands.length} commands\n`);
