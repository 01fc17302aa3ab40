import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./processes.ts";
import type { Program } from "./processes.ts";

/** The built program, as a user starts it. */
export const PROGRAM = fileURLToPath(new URL("../../../bin/run.js", import.meta.url));

export interface RunningDev extends Program {
  readonly url: string;
  readonly pid: number;
  readonly runtimePid: number;
}

/** `dev` with a folder of its own; any free port unless the flags name one. */
export function dev(persistDir: string, ...flags: readonly string[]): Program {
  const port = flags.includes("--port") ? [] : ["--port", "0"];
  return run([PROGRAM, "dev", "--persist", persistDir, ...port, ...flags]);
}

/** `dev --json` that answers requests. */
export async function readyDev(persistDir: string, ...flags: readonly string[]): Promise<RunningDev> {
  const program = dev(persistDir, "--json", ...flags);
  const ready = JSON.parse(await program.nextLine()) as { url: string; pid: number };
  return { ...program, ...ready, runtimePid: await runtimePidIn(persistDir) };
}

/** The workerd that works on the folder, as the lock names it. */
export async function runtimePidIn(persistDir: string): Promise<number> {
  const lock = JSON.parse(await readFile(path.join(persistDir, "server.lock"), "utf8")) as { runtime: { pid: number } };
  return lock.runtime.pid;
}
