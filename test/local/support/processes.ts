import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { identifyProcess } from "../../../src/local/process-identity.ts";
import type { LocalServerOptions } from "../../../src/local/options.ts";
import { environment } from "../../support/cli.ts";

export const STAND_IN_WORKER = fileURLToPath(new URL("../fixtures/stand-in-worker.js", import.meta.url));
const SERVE = fileURLToPath(new URL("../fixtures/serve.ts", import.meta.url));

/** A spawned program whose output can be awaited line by line. */
export interface Program {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves with the exit code, or with the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** The next line of stdout; rejects with what stderr said when there are no more. */
  nextLine(): Promise<string>;
  stderr(): string;
  /** Resolves once stderr holds a match. */
  stderrMatching(pattern: RegExp): Promise<RegExpExecArray>;
}

export function run(args: readonly string[], options: { cwd?: string; detached?: boolean } = {}): Program {
  // The test runner's NODE_ENV would make oclif and Miniflare behave as they do for nobody else.
  const env = { ...environment(), NODE_ENV: undefined };
  const child = spawn(process.execPath, args, { ...options, env, stdio: "pipe" });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const ended = once(child, "close").then(([code, signal]) => (signal ?? code) as number | NodeJS.Signals);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  return {
    child,
    ended,
    stderr: () => stderr,
    async nextLine() {
      const line = await lines.next();
      if (line.done === true) throw new Error(`no more output (ended: ${await ended}); stderr: ${stderr}`);
      return line.value;
    },
    async stderrMatching(pattern) {
      for (;;) {
        const match = pattern.exec(stderr);
        if (match !== null) return match;
        const more = await Promise.race([once(child.stderr, "data").then(() => true), ended.then(() => false)]);
        if (!more && pattern.exec(stderr) === null) throw new Error(`ended without ${String(pattern)}: ${stderr}`);
      }
    },
  };
}

export interface ServingProcess extends Program {
  readonly url: string;
  readonly pid: number;
  readonly runtimePid: number;
}

/** A server in a process of its own, on a free port. */
export async function serve(persistDir: string, options: Partial<LocalServerOptions> = {}): Promise<ServingProcess> {
  const program = spawnServer(persistDir, options);
  const answer: unknown = JSON.parse(await program.nextLine());
  if (typeof answer === "object" && answer !== null && "error" in answer) throw new Error(String(answer.error));
  return { ...program, ...(answer as { url: string; pid: number; runtimePid: number }) };
}

export function spawnServer(persistDir: string, options: Partial<LocalServerOptions> = {}): Program {
  return run([SERVE, JSON.stringify({ workerFile: STAND_IN_WORKER, port: 0, persistDir, ...options })]);
}

/** Resolves once the process is gone. It is nobody's child here, so there is no event to wait for. */
export async function processGone(pid: number): Promise<void> {
  const started = (await identifyProcess(pid))?.started;
  while (started !== undefined && (await identifyProcess(pid))?.started === started) await nextTurn();
}
