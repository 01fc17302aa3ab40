// The package as npm would publish it from the present dist/: what is in it, and whether its exports resolve.
import { glob } from "node:fs/promises";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { packageProblems } from "./lib/package-contents.mjs";
import { ROOT, run } from "./lib/process.mjs";

const { stdout, output } = await run("npm pack --dry-run --json --ignore-scripts");
if (!stdout.startsWith("[")) throw new Error(`npm pack did not answer:\n${output}`);
const [packed] = JSON.parse(stdout);

const commands = [];
for await (const file of glob("**/*.ts", { cwd: `${ROOT}src/commands` })) commands.push(file.replace(/\.ts$/, ""));

const { messages, pkg } = await publint({ pkgDir: ROOT, strict: true });
const problems = [
  ...packageProblems(packed, commands),
  ...messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`),
];
process.stdout.write([...problems, `${packed.entryCount} files, ${packed.unpackedSize} bytes unpacked`, ""].join("\n"));
process.exitCode = problems.length > 0 ? 1 : 0;
