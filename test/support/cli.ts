// Runs the built command line as a child process, as a user's shell would.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Another installation of the command line can be put to the same tests. */
export const BIN = process.env["DURABLE_STREAMS_TEST_BIN"] ?? `${ROOT}bin/run.js`;

/** The Node of the tests themselves. */
export const NODE = process.execPath;

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Written to stdin, which is then ended. */
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  /** The program of another installation. */
  readonly bin?: string;
}

export interface RunResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder that is not there: the developer's own contexts and credentials are not for tests. */
const NO_CONFIG = join(tmpdir(), "durable-streams-test-without-config");

/** What a machine may say of colours, proxies, accounts and debugging changes what a command prints, or whom it asks. */
const SETTINGS = [
  /^(?:DURABLE_STREAMS|CLOUDFLARE|CF|WRANGLER|OCLIF)_/i,
  /^(?:FORCE_COLOR|CLICOLOR|CLICOLOR_FORCE|DEBUG|NODE_DEBUG|NODE_OPTIONS|NODE_USE_ENV_PROXY)$/i,
  /^(?:http|https|all|no)_proxy$/i,
];

/** Nothing of the developer's own settings reaches the command. */
export function environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !SETTINGS.some((pattern) => pattern.test(name)));
  return { ...Object.fromEntries(kept), NO_COLOR: "1", DURABLE_STREAMS_CONFIG_DIR: NO_CONFIG, ...extra };
}

/** Starts a command and leaves it running. */
export function startCli(args: readonly string[], { env, cwd, bin }: RunOptions = {}): ChildProcessWithoutNullStreams {
  return spawn(NODE, [bin ?? BIN, ...args], { env: environment(env), cwd: cwd ?? ROOT });
}

/** Runs a command to its end. */
export async function runCli(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const child = startCli(args, options);
  // A command that fails early may not read its input.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const [[code, signal], stdout, stderr] = await Promise.all([
    once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, signal, stdout, stderr };
}

/** The lines a running command prints, to be awaited one at a time. */
export class PrintedLines {
  readonly all: string[] = [];
  readonly #lines: Interface;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#lines = createInterface({ input: child.stdout });
    this.#lines.on("line", (line) => this.all.push(line));
  }

  /** Waits until there are so many. */
  async atLeast(count: number, withinMs = 60_000): Promise<void> {
    const signal = AbortSignal.timeout(withinMs);
    while (this.all.length < count) await once(this.#lines, "line", { signal });
  }
}
