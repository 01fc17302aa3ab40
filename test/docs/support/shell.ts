// A shell in which the commands of a document are typed one after the other, as a reader would.
import { type ChildProcess, type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";

/** Longer than any command of a document takes, however busy the machine. */
const ENDS_WITHIN_MS = 90_000;
/** What asks to end and does not within this time is killed. */
const PATIENCE_MS = 10_000;

export interface CommandResult {
  readonly code: number;
  /** Both outputs, as they came. */
  readonly output: string;
}

/** Divides a block into whole commands: a line, or as many as a quotation or a loop takes. Comments are none. */
export function commandsOf(block: string): readonly string[] {
  const commands: string[] = [];
  let command = "";
  for (const line of block.split("\n")) {
    command += `${line}\n`;
    if (command.endsWith("\\\n") || !isWhole(command)) continue;
    if (/^\s*[^#\s]/m.test(command)) commands.push(command.trim());
    command = "";
  }
  if (command.trim() !== "") throw new Error(`the block ends within a command:\n${command}`);
  return commands;
}

function isWhole(command: string): boolean {
  try {
    execFileSync("sh", ["-n", "-c", command], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A command that lasts, with everything that it started. */
class Lasting {
  output = "";
  readonly #child: ChildProcess;
  /** It has ended, and all that it said is here. */
  #isOver = false;

  constructor(command: string, cwd: string, env: NodeJS.ProcessEnv) {
    this.#child = spawn("sh", ["-c", command], { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (this.output += text));
    }
    this.#child.once("close", () => (this.#isOver = true));
  }

  async shows(wanted: RegExp): Promise<void> {
    const deadlineMs = performance.now() + ENDS_WITHIN_MS;
    while (!wanted.test(this.output)) {
      if (this.#isOver || performance.now() > deadlineMs) {
        throw new Error(`it never said ${String(wanted)}; exit code ${String(this.#child.exitCode)}:\n${this.output}`);
      }
      await wait(20);
    }
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "close");
    signalGroup(this.#child, "SIGTERM");
    const insist = setTimeout(() => signalGroup(this.#child, "SIGKILL"), PATIENCE_MS);
    await ended;
    clearTimeout(insist);
  }
}

/** All processes that a child leads. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It ended by itself in this moment.
  }
}

export class DocumentShell {
  readonly #child: ChildProcessWithoutNullStreams;
  #env: NodeJS.ProcessEnv;
  readonly #lasting = new Set<Lasting>();
  #output = "";

  constructor(cwd: string, env: NodeJS.ProcessEnv) {
    this.#env = env;
    this.#child = spawn("sh", [], { cwd, env, detached: true, stdio: "pipe" });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => (this.#output += text));
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#output += text));
  }

  /** Types a command and waits for its end. Variables and the folder stay for the next. */
  async run(command: string): Promise<CommandResult> {
    this.#output = "";
    this.#child.stdin.write(`{ ${command}\n} </dev/null 2>&1\nprintf '\\n@@%s@@\\n' "$?"\n`);
    const deadlineMs = performance.now() + ENDS_WITHIN_MS;
    for (;;) {
      const end = /\n@@(\d+)@@\n$/.exec(this.#output);
      if (end !== null) return { code: Number(end[1]), output: this.#output.slice(0, end.index) };
      if (this.#child.exitCode !== null) return { code: this.#child.exitCode, output: this.#output };
      if (performance.now() > deadlineMs) throw new Error(`${command} does not end:\n${this.#output}`);
      await wait(10);
    }
  }

  /** Sets a variable for all that follows, or takes it away. */
  async set(name: string, value: string | undefined): Promise<void> {
    await this.run(value === undefined ? `unset ${name}` : `export ${name}='${value}'`);
    this.#env = { ...this.#env, [name]: value };
  }

  /** Starts a command as in another terminal, in the folder where this one stands, and waits until it says something. */
  async start(command: string, ready: RegExp): Promise<{ end(): Promise<void>; readonly output: string }> {
    const { output: cwd } = await this.run("pwd");
    const lasting = new Lasting(command, cwd.trim(), this.#env);
    this.#lasting.add(lasting);
    await lasting.shows(ready);
    return lasting;
  }

  /** Ends all that still runs. */
  async close(): Promise<void> {
    await Promise.all([...this.#lasting].map((each) => each.end()));
    const ended = once(this.#child, "close");
    signalGroup(this.#child, "SIGKILL");
    await ended;
  }
}
