import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { Socket } from "node:net";

/** Ends the runtime when this process can no longer do it itself. */
export interface RuntimeGuard {
  /** From now on this process is ended when ours is gone. */
  readonly watch: (pid: number) => void;
  /** The runtime is gone, so its pid may soon be somebody else's: end without doing anything. */
  readonly dismiss: () => void;
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
  // The pipe would keep it alive as well; it is a socket, which its declared type does not say.
  if (shell.stdin instanceof Socket) shell.stdin.unref();
}

function ignore(): void {
  // Nothing to do, see above.
}
