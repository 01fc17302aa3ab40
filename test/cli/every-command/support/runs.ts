// Many processes, a few at a time.
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { beforeAll, expect } from "vitest";
import { runCli, startCli, type RunOptions, type RunResult } from "../../../support/cli.ts";

/** Nobody listens there: the port of the discard protocol, which nothing on this machine serves. */
export const NOWHERE = "http://127.0.0.1:9";

/** A command that hangs is ended, and its test fails for the signal. */
const HANGS_AFTER_MS = 60_000;

/** Work that is begun ahead of the tests that look at it, so many at a time. */
export function inAdvance<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  atOnce = Math.max(2, availableParallelism()),
): (item: T) => Promise<R> {
  const results = new Map<T, Promise<R>>();
  beforeAll(() => {
    let free = atOnce;
    const waiting: (() => void)[] = [];
    const inTurn = async (item: T): Promise<R> => {
      if (free > 0) free--;
      else await new Promise<void>((go) => waiting.push(go));
      try {
        return await work(item);
      } finally {
        const next = waiting.shift();
        if (next === undefined) free++;
        else next();
      }
    };
    for (const item of items) {
      const result = inTurn(item);
      result.catch(() => undefined);
      results.set(item, result);
    }
  });
  return (item) => {
    const result = results.get(item);
    if (result === undefined) throw new Error("it was not begun in advance");
    return result;
  };
}

/** An empty folder to stand in, which goes with the end of the work. */
export async function inEmptyFolder<R>(work: (folder: string) => Promise<R>): Promise<R> {
  const folder = await mkdtemp(join(tmpdir(), "durable-streams-every-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What no run may show, whatever becomes of it. */
export function expectBehaved(
  { stdout, stderr }: Pick<RunResult, "stdout" | "stderr">,
  secrets: readonly string[] = [],
) {
  const said = stdout + stderr;
  expect(said, "no escape codes in a pipe").not.toContain("\u001b");
  expect(said, "no stack").not.toMatch(/^ {4}at /m);
  expect(said, "no holes in sentences").not.toMatch(/\bundefined\b|\[object |\bNaN\b/);
  for (const secret of secrets) expect(said.includes(secret), "no credential").toBe(false);
}

export interface ErrorJson {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** The one object that a failure with `--json` prints. */
export function errorOf({ stdout }: Pick<RunResult, "stdout">): ErrorJson {
  const printed = JSON.parse(stdout) as { error: ErrorJson };
  expect(Object.keys(printed)).toEqual(["error"]);
  expect(stdout.trimEnd()).not.toContain("\n");
  expect(printed.error.code).toMatch(/^[A-Z][A-Z_]+$/);
  expect(printed.error.message).toMatch(/\.$/);
  return printed.error;
}

/** A run that has a folder to itself. */
export type OwnRun = Omit<RunOptions, "bin" | "cwd"> & { readonly cwd: string };

/** Nothing speaks against colour; contexts are of the folder; no server is there unless `env` names one. */
function own({ env, cwd, ...options }: OwnRun): RunOptions {
  const alone = { NO_COLOR: "", DURABLE_STREAMS_URL: NOWHERE, DURABLE_STREAMS_CONFIG_DIR: join(cwd, ".config") };
  return { ...options, cwd, env: { ...alone, ...env } };
}

export function run(words: readonly string[], options: OwnRun): Promise<RunResult> {
  return runCli(words, own(options));
}

/** Runs it into a reader that leaves, after so many lines. */
export async function runIntoHead(words: readonly string[], lines: 0 | 1, options: OwnRun): Promise<RunResult> {
  const child = startCli(words, own(options));
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  const stderr = text(child.stderr);
  let stdout = "";
  if (lines === 0) child.stdout.destroy();
  else {
    const reader = createInterface({ input: child.stdout });
    reader.once("line", (line) => {
      stdout = line;
      reader.close();
      child.stdout.destroy();
    });
  }
  const insist = setTimeout(() => child.kill("SIGKILL"), HANGS_AFTER_MS);
  const [code, signal] = await closed;
  clearTimeout(insist);
  return { code, signal, stdout, stderr: await stderr };
}

/** Runs it until `isReady` resolves, and then ends it as Ctrl-C does. */
export async function runUntilInterrupt(
  words: readonly string[],
  isReady: (said: Said) => Promise<unknown>,
  options: OwnRun,
): Promise<RunResult> {
  const child = startCli(words, own(options));
  child.stdin.on("error", () => undefined);
  if (options.input !== undefined) child.stdin.end(options.input);
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  const said = new Said();
  child.stdout.setEncoding("utf8").on("data", (piece: string) => said.add("stdout", piece));
  child.stderr.setEncoding("utf8").on("data", (piece: string) => said.add("stderr", piece));
  const insist = setTimeout(() => child.kill("SIGKILL"), HANGS_AFTER_MS);
  await Promise.race([isReady(said), closed]);
  child.kill("SIGINT");
  const [code, signal] = await closed;
  clearTimeout(insist);
  return { code, signal, stdout: said.stdout, stderr: said.stderr };
}

/** What a running command has printed so far. */
export class Said {
  stdout = "";
  stderr = "";
  #news = Promise.withResolvers<undefined>();

  add(stream: "stdout" | "stderr", piece: string): void {
    this[stream] += piece;
    this.#news.resolve(undefined);
    this.#news = Promise.withResolvers();
  }

  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stdout + this.stderr)) await this.#news.promise;
  }
}
