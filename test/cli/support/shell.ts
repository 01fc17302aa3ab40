// A real shell in a terminal, with the completion script installed as `completion --help` says.
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { Shell } from "../../../src/cli/completion/shells.ts";
import { BIN, NODE, runCli } from "../../support/cli.ts";
import { Tmux } from "../../support/tmux.ts";

export const PROMPT = "ready>";

/** Refuses where the shell is not there: a test that did nothing would pass. */
async function requireShell(shell: Shell): Promise<void> {
  try {
    await promisify(execFile)(shell, ["--version"]);
  } catch (cause) {
    throw new Error(
      `${shell} is missing, and these tests type into it: apt-get install ${shell}, or brew install ${shell}.`,
      {
        cause,
      },
    );
  }
}

/** Opens the shell where `durable-streams` is on PATH, in an empty folder of its own that is the home as well. */
export async function openShell(shell: Shell, env: Readonly<Record<string, string>>): Promise<ShellAtWork> {
  await requireShell(shell);
  const home = await mkdtemp(join(tmpdir(), `durable-streams-${shell}-`));
  const bin = join(home, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "durable-streams"), `#!/bin/sh\nexec '${NODE}' '${BIN}' "$@"\n`);
  await chmod(join(bin, "durable-streams"), 0o755);
  const { stdout: script } = await runCli(["completion", shell]);
  const words = await install(shell, script, home);
  const path = [bin, process.env["PATH"] ?? ""].join(delimiter);
  // Without a locale a shell takes letters beyond ASCII for bytes while they are typed.
  const locale = process.platform === "darwin" ? "en_US.UTF-8" : "C.UTF-8";
  const variables = {
    ...env,
    LC_ALL: locale,
    HOME: home,
    ZDOTDIR: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    PATH: path,
  };
  const terminal = await Tmux.run(["env", "-C", home, ...words], { env: variables, columns: 120, rows: 40 });
  await terminal.shows(PROMPT);
  return new ShellAtWork(terminal, home);
}

/** Puts the script where the shell looks for it, and gives the words that start the shell. */
async function install(shell: Shell, script: string, home: string): Promise<readonly string[]> {
  if (shell === "bash") {
    const rc = join(home, "rc");
    await writeFile(join(home, "script"), script);
    await writeFile(rc, `PS1='${PROMPT} '\nunset HISTFILE\nsource ${join(home, "script")}\n`);
    return ["bash", "--noprofile", "--rcfile", rc, "-i"];
  }
  if (shell === "zsh") {
    const functions = join(home, ".zfunc");
    await mkdir(functions);
    await writeFile(join(functions, "_durable-streams"), script);
    const rc = `PS1='${PROMPT} '\nsetopt no_beep\nfpath=(~/.zfunc $fpath); autoload -Uz compinit; compinit -u\n`;
    await writeFile(join(home, ".zshrc"), rc);
    return ["zsh", "-d", "-i"];
  }
  const folder = join(home, ".config", "fish");
  await mkdir(join(folder, "completions"), { recursive: true });
  await writeFile(join(folder, "completions", "durable-streams.fish"), script);
  // Where it is missing, fish makes completions of all manual pages in the background, and longer than a test lasts.
  await mkdir(join(home, ".local", "share", "fish", "generated_completions"), { recursive: true });
  const config = `function fish_prompt; echo -n '${PROMPT} '; end\nfunction fish_greeting; end\n`;
  await writeFile(join(folder, "config.fish"), config);
  return ["fish", "--private", "-i"];
}

export class ShellAtWork {
  readonly terminal: Tmux;
  /** The folder that the shell stands in. */
  readonly home: string;

  constructor(terminal: Tmux, home: string) {
    this.terminal = terminal;
    this.home = home;
  }

  /** Types the beginning of a command line, and asks what may follow. */
  async complete(text: string): Promise<void> {
    await this.terminal.type(text);
    await this.terminal.press("Tab");
  }

  /** Ends the shell, which may be in the middle of a line. */
  async close(): Promise<void> {
    await this.terminal.press("C-u");
    await this.terminal.type("exit");
    await this.terminal.press("Enter");
    await this.terminal.shows("EXIT");
    await this.terminal.close();
    await rm(this.home, { recursive: true, force: true });
  }
}
