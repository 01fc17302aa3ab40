import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

/** The file descriptors of this process. */
const STDOUT = 1;
const STDERR = 2;

/** What a command line was started for. */
export interface CommandCall {
  /** Given to the shell. */
  readonly command: string;
  readonly input: Uint8Array;
  readonly env: Readonly<Record<string, string>>;
  /** Send what it prints to stderr: stdout is ours. */
  readonly isStdoutTaken: boolean;
}

/** How it ended: the exit code, or the signal that ended it. */
export interface CommandEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * A command line that runs with a batch on stdin. It has a process group of its own, so that a Ctrl-C on the terminal
 * reaches us and not it: it is let to its end.
 */
export class BatchCommand {
  readonly #child: ChildProcess;
  readonly ended: Promise<CommandEnd>;

  constructor({ command, input, env, isStdoutTaken }: CommandCall) {
    this.#child = spawn(command, {
      shell: true,
      // On Windows a group of its own would open a window of its own.
      detached: process.platform !== "win32",
      env: { ...process.env, ...env },
      stdio: ["pipe", isStdoutTaken ? STDERR : STDOUT, STDERR],
    });
    this.ended = this.#end();
    // A command need not read what it gets.
    this.#child.stdin?.on("error", () => undefined);
    this.#child.stdin?.end(input);
  }

  async #end(): Promise<CommandEnd> {
    const [exitCode, signal] = (await once(this.#child, "exit")) as [number | null, NodeJS.Signals | null];
    return { exitCode, signal };
  }

  /** Ends it at once, with everything that it has started. */
  kill(): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#child.exitCode !== null) return;
    try {
      if (process.platform === "win32") this.#child.kill();
      else process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}
