// Writes docs/commands.md and the manual page from the committed manifest. Both are committed; `--check` only compares, and
// fails when one of them is out of date.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { format, resolveConfig } from "prettier";
import { readReference } from "./lib/command-reference.mjs";
import { manPage } from "./lib/man-page.mjs";
import { markdownReference } from "./lib/markdown-reference.mjs";
import { ROOT } from "./lib/process.mjs";

const PAGE = "docs/commands.md";

const reference = await readReference(ROOT);
const style = await resolveConfig(join(ROOT, PAGE));
const files = {
  [PAGE]: await format(markdownReference(reference), { ...style, filepath: PAGE }),
  [`man/${reference.bin}.1`]: manPage(reference),
};

for (const [name, text] of Object.entries(files)) {
  const file = join(ROOT, name);
  if (process.argv.includes("--check")) {
    const committed = await readFile(file, "utf8").catch(() => "");
    if (committed === text) continue;
    process.stderr.write(`reference: ${name} is out of date; run \`npm run manifest\` and commit it\n`);
    process.exitCode = 1;
  } else {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}
process.stdout.write(`reference: ${reference.commands.length} commands\n`);
