// The built command line at a terminal, with somebody who answers what it asks. `script` is what makes the terminal.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BIN, environment, NODE, type RunOptions } from "./cli.ts";

/** What is typed once the question is on the screen; the Enter key comes by itself. */
export interface Answer {
  readonly to: string;
  readonly with: string;
}

export interface TerminalResult {
  readonly code: number | null;
  /** Kept off the screen, as `> file` does. */
  readonly stdout: string;
  /** All that was on the screen, with what was typed. */
  readonly screen: string;
}

/** Runs a command to its end, with its questions on a screen. A question that is not asked ends it with a failure. */
export async function runAtTerminal(
  args: readonly string[],
  answers: readonly Answer[],
  { cwd, env }: Pick<RunOptions, "cwd" | "env">,
): Promise<TerminalResult> {
  const folder = await mkdtemp(join(tmpdir(), "durable-streams-terminal-"));
  try {
    const output = join(folder, "stdout");
    const line = `${[NODE, BIN, ...args].map(quoted).join(" ")} > ${quoted(output)}`;
    const child = spawn("script", scriptArguments(line), { cwd, env: { ...environment(env), CI: "" } });
    let screen = "";
    const left = [...answers];
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        screen += text;
        const [next] = left;
        if (next === undefined || !screen.includes(next.to)) return;
        left.shift();
        child.stdin.write(`${next.with}\n`);
      });
    }
    const [code] = (await once(child, "close")) as [number | null];
    if (left[0] !== undefined) throw new Error(`nobody asked ${JSON.stringify(left[0].to)}:\n${screen}`);
    return { code, stdout: await readFile(output, "utf8"), screen };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Quietly, with the exit code of the command, and no record of the session. */
function scriptArguments(line: string): readonly string[] {
  return process.platform === "linux" ? ["-qefc", line, "/dev/null"] : ["-q", "/dev/null", "sh", "-c", line];
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
