// Runs wrangler as a child process, as a user's shell would.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { environment, NODE, type RunResult } from "../support/cli.ts";

const WRANGLER = createRequire(import.meta.url).resolve("wrangler");

export interface WranglerRun {
  readonly cwd: string;
  readonly input?: string;
}

/** Starts wrangler and leaves it running. Only what the plane gives it tells it where and who it is. */
export function startWrangler(
  plane: ControlPlane,
  args: readonly string[],
  cwd: string,
): ChildProcessWithoutNullStreams {
  return spawn(NODE, ["--no-warnings", WRANGLER, ...args], { cwd, env: environment(plane.env) });
}

/** Runs wrangler to its end. */
export async function runWrangler(
  plane: ControlPlane,
  args: readonly string[],
  { cwd, input = "" }: WranglerRun,
): Promise<RunResult> {
  const child = startWrangler(plane, args, cwd);
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [[code, signal], stdout, stderr] = await Promise.all([
    once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, signal, stdout, stderr };
}
