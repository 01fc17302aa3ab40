// A terminal of a known size with somebody at its keys: the built command line in tmux, as people see it.
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { BIN, environment, NODE } from "./cli.ts";

const run = promisify(execFile);

const SHOWN_WITHIN_MS = 30_000;
/** A screen cannot be awaited, only looked at. */
const LOOK_EVERY_MS = 40;

const MISSING = "tmux is missing, and these tests look at a real terminal: apt-get install tmux, or brew install tmux.";

export interface TmuxOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
}

export class Tmux {
  readonly #socket: string;
  readonly #folder: string;

  private constructor(socket: string, folder: string) {
    this.#socket = socket;
    this.#folder = folder;
  }

  /** Starts a command of ours. When it has ended, `EXIT` and its code stand on the screen that was there before. */
  static start(args: readonly string[], options: TmuxOptions = {}): Promise<Tmux> {
    return Tmux.run([NODE, BIN, ...args], options);
  }

  /** The same for any program. */
  static async run(words: readonly string[], { env, columns = 80, rows = 24 }: TmuxOptions = {}): Promise<Tmux> {
    const folder = await mkdtemp(join(tmpdir(), "durable-streams-tmux-"));
    const terminal = new Tmux(`ds-${randomUUID()}`, folder);
    const line = words.map(quoted).join(" ");
    // A shell of its own writes its number down and becomes the command.
    const inner = `export TERM=${quoted(env?.["TERM"] ?? "screen-256color")}; echo $$ > ${quoted(join(folder, "pid"))}; exec ${line}`;
    const script = `echo BEFORE; sh -c ${quoted(inner)}; echo EXIT $?; exec cat`;
    // Only what is said here, and not what the tests themselves run under.
    const variables = { ...environment(env), CI: "", TMUX: "" };
    const size = ["-x", String(columns), "-y", String(rows)];
    try {
      await terminal.#tmux(["new-session", "-d", ...size, "sh", "-c", script], variables);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw isMissing(error) ? new Error(MISSING, { cause: error }) : error;
    }
    return terminal;
  }

  async #tmux(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string> {
    const { stdout } = await run(
      "tmux",
      ["-u", "-L", this.#socket, "-f", "/dev/null", ...args],
      env === undefined ? {} : { env },
    );
    return stdout;
  }

  /** Presses keys by the names that tmux has for them. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#tmux(["send-keys", ...keys]);
  }

  /** Types text as it is. */
  async type(text: string): Promise<void> {
    await this.#tmux(["send-keys", "-l", "--", text]);
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux(["resize-window", "-x", String(columns), "-y", String(rows)]);
  }

  /** The rows of the screen. */
  async screen(): Promise<readonly string[]> {
    const text = await this.#tmux(["capture-pane", "-p"]);
    return text.replace(/\n$/, "").split("\n");
  }

  /** Whether the alternate screen is shown, which is to be gone with the view. */
  async isOnAlternateScreen(): Promise<boolean> {
    return (await this.#tmux(["display-message", "-p", "#{alternate_on}"])).trim() === "1";
  }

  /** Looks until the screen shows all of this, and returns its rows. */
  async shows(...wanted: readonly (string | RegExp)[]): Promise<readonly string[]> {
    const deadlineMs = performance.now() + SHOWN_WITHIN_MS;
    for (;;) {
      const rows = await this.screen();
      const text = rows.join("\n");
      const missing = wanted.filter((each) => (typeof each === "string" ? !text.includes(each) : !each.test(text)));
      if (missing.length === 0) return rows;
      if (performance.now() > deadlineMs) throw new Error(`the screen never showed ${missing.join(", ")}:\n${text}`);
      await wait(LOOK_EVERY_MS);
    }
  }

  /** From now on all that the command writes to its terminal goes to a file as well. */
  async record(file: string): Promise<void> {
    await this.#tmux(["pipe-pane", "-O", `cat > ${quoted(file)}`]);
  }

  /** The process of the command. */
  async pid(): Promise<number> {
    return Number(await readFile(join(this.#folder, "pid"), "utf8"));
  }

  /** Sends a signal to the command. */
  async signal(name: NodeJS.Signals): Promise<void> {
    process.kill(await this.pid(), name);
  }

  /** Ends what runs in it. */
  async close(): Promise<void> {
    await this.#tmux(["kill-server"]);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
