// The package as npm would publish it from the present dist/: what is in it, and whether its exports resolve.
import { glob, readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { packageProblems } from "./lib/package-contents.mjs";
import { ROOT, run } from "./lib/process.mjs";

const { stdout, output } = await run("npm pack --dry-run --json --ignore-scripts");
if (!stdout.startsWith("[")) throw new Error(`npm pack did not answer:\n${output}`);
const [packed] = JSON.parse(stdout);

const commands = [];
for await (const file of glob("**/*.ts", { cwd: `${ROOT}src/commands` })) commands.push(file.replace(/\.ts$/, ""));

/** Of the Worker, compressed as Cloudflare does: it has to start quickly, and its users' code comes on top of it. */
const MAX_WORKER_GZIP_BYTES = 150 * 1024;
const workerBytes = gzipSync(await readFile(`${ROOT}dist/worker/server.js`)).byteLength;
const tooLarge = `the Worker has ${workerBytes} bytes gzip, more than ${MAX_WORKER_GZIP_BYTES}`;

const { messages, pkg } = await publint({ pkgDir: ROOT, strict: true });
const problems = [
  ...packageProblems(packed, commands),
  ...(workerBytes > MAX_WORKER_GZIP_BYTES ? [tooLarge] : []),
  ...messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`),
];
process.stdout.write(
  [
    ...problems,
    `${packed.entryCount} files, ${packed.unpackedSize} bytes unpacked`,
    `Worker ${workerBytes} bytes gzip`,
    "",
  ].join("\n"),
);
process.exitCode = problems.length > 0 ? 1 : 0;
