import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";

/** Ends the runtime when this process can no longer do it itself. */
export interface RuntimeGuard {
  /** From now on this process is ended when ours is gone. */
  watch(pid: number): void;
  /** The runtime is gone, so its pid may soon be somebody else's: end without doing anything. */
  dismiss(): void;
}

/**
 * A shell that waits at a pipe which this process holds open. However we end, by SIGKILL too, the kernel closes the
 * pipe, and the shell kills the runtime; a line on the pipe sends it away instead. It runs in a session of its own, so
 * that a Ctrl-C in the terminal does not reach it, and uses built-in commands only.
 */
const SCRIPT = 'read -r pid || exit 0; read -r _ || kill -9 "$pid"';

export function startRuntimeGuard(): RuntimeGuard {
  // Windows ends a runtime whose pipes are gone with the job of its console; there is no sh to wait here.
  if (process.platform === "win32") return { watch: () => undefined, dismiss: () => undefined };
  const shell = spawn("/bin/sh", ["-c", SCRIPT], {
    cwd: "/",
    detached: true,
    env: {},
    stdio: ["pipe", "ignore", "ignore"],
  });
  // Without the guard the server works all the same, and the next start on the folder ends what was left behind.
  shell.on("error", ignore);
  shell.stdin.on("error", ignore);
  letProcessEnd(shell);
  return {
    watch: (pid) => shell.stdin.write(`${pid}\n`),
    dismiss: () => shell.stdin.end("\n"),
  };
}

function letProcessEnd(shell: ChildProcess): void {
  shell.unref();
  // Child pipes are sockets, which can be unref'ed; the Writable type does not know it.
  const { stdin } = shell;
  if (stdin !== null && "unref" in stdin && typeof stdin.unref === "function") stdin.unref();
}

function ignore(): void {
  // Nothing to do, see above.
}
