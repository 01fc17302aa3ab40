import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { systemErrorCode } from "./local-server-error.ts";

/**
 * A process as it can be recognised later. A pid alone is not enough: pids are given out again, and then a stranger
 * would pass for a server that died long ago.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in a form that only this machine in this boot can compare; empty where it cannot be known. */
  readonly started: string;
}

const run = promisify(execFile);

/** The running process with this pid, or undefined when there is none. A zombie is none: it holds nothing any more. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  if (process.platform === "linux") return await identifyFromProc(pid);
  if (process.platform === "win32") return exists(pid) ? { pid, started: "" } : undefined;
  return await identifyFromPs(pid);
}

/** Is the very process that was identified still running? */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identifyProcess(identity.pid))?.started === identity.started;
}

async function identifyFromProc(pid: number): Promise<ProcessIdentity | undefined> {
  try {
    const [stat, bootId] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8"),
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
    ]);
    // The second field is the command in brackets and may hold anything, brackets and blanks included. After it
    // come the state (field 3) and, as field 22, the start in clock ticks since boot: proc_pid_stat(5).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, startTicks] = [fields[0], fields[19]];
    if (state === "Z" || state === "X" || startTicks === undefined) return undefined;
    return { pid, started: `${bootId.trim()}/${startTicks}` };
  } catch (error) {
    // ESRCH: it ended between opening and reading.
    if (systemErrorCode(error) === "ENOENT" || systemErrorCode(error) === "ESRCH") return undefined;
    throw error;
  }
}

async function identifyFromPs(pid: number): Promise<ProcessIdentity | undefined> {
  if (!exists(pid)) return undefined;
  const env = { PATH: "/bin:/usr/bin", LC_ALL: "C", TZ: "UTC" };
  const found = await run("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { env }).catch(() => undefined);
  const [, state, started] = /^\s*(\S+)\s+(.+?)\s*$/.exec(found?.stdout ?? "") ?? [];
  if (state === undefined || started === undefined || state.startsWith("Z")) return undefined;
  return { pid, started };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    return systemErrorCode(error) === "EPERM";
  }
}
