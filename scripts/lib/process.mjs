import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The installed tools come first, and with them the Node of the dev dependency, as in an npm script. */
const PATH = [join(ROOT, "node_modules/.bin"), process.env["PATH"]].join(delimiter);

/**
 * @typedef {object} Outcome
 * @property {number} code    exit code; 1 when a signal ended the process
 * @property {string} output  standard output and standard error as they came
 * @property {string} stdout  standard output alone
 * @property {number} ms
 */

/**
 * Runs a command line in a shell, as npm runs a script. Never rejects: a command that cannot start has failed.
 * @param {string} command
 * @param {{ cwd?: string, show?: boolean }} [options]  `show` passes the output through as it comes
 * @returns {Promise<Outcome>}
 */
export function run(command, { cwd = ROOT, show = false } = {}) {
  const started = performance.now();
  const child = spawn(command, {
    cwd,
    shell: true,
    env: { ...process.env, PATH },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [output, stdout] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
    output += text;
    stdout += text;
    if (show) process.stdout.write(text);
  });
  child.stderr.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
    output += text;
    if (show) process.stderr.write(text);
  });
  return new Promise((resolve) => {
    const end = (/** @type {number | null} */ code) => {
      resolve({ code: code ?? 1, output, stdout, ms: performance.now() - started });
    };
    child.on("close", end);
    child.on("error", (error) => {
      output += error.message;
      end(1);
    });
  });
}

/**
 * Does `work` for every item, at most `width` at a time, and keeps the order of the items in the result.
 * @template Item, Result
 * @param {readonly Item[]} items
 * @param {number} width
 * @param {(item: Item) => Promise<Result>} work
 * @returns {Promise<Result[]>}
 */
export async function inParallel(items, width, work) {
  /** @type {Result[]} */
  const results = [];
  const queue = [...items.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
