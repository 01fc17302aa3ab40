// What every command says of itself: with `--help` as a process of its own, in a pipe and at a terminal without colour.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Config, Flags, Parser } from "@oclif/core";
import { beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../../../scripts/lib/process.mjs";
import { runAtTerminal } from "../../support/terminal.ts";
import { COMMANDS, named } from "./support/commands.ts";
import { expectBehaved, inAdvance, inEmptyFolder, run } from "./support/runs.ts";

/** Words that are no commands, and have help. */
const TOPICS = ["context", "projects", "subscriptions", "token"];

function tooWide(help: string): readonly string[] {
  return help.split("\n").filter((line) => [...line].length > 80);
}

describe("--help", () => {
  const result = inAdvance(COMMANDS, ({ words }) => inEmptyFolder((cwd) => run([...words, "--help"], { cwd })));
  it.each(named(COMMANDS))(
    "%s: what it does, how it is called, what its flags are, and examples",
    async (name, command) => {
      const { code, stdout, stderr } = await result(command);
      expectBehaved({ stdout, stderr });
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout.split("\n")[0]).toBe(command.summary);
      expect(stdout).toContain(`USAGE\n  $ durable-streams ${name}`);
      expect(stdout).toContain("GLOBAL FLAGS\n");
      expect(stdout).toContain(`EXAMPLES\n`);
      expect(stdout).toContain(`durable-streams ${name}`);
      for (const flag of Object.keys(command.flags)) expect(stdout).toContain(`--${flag}`);
    },
  );

  it("mirror: the usage has no alternative to a flag that is none", async () => {
    const { stdout } = await inEmptyFolder((cwd) => run(["mirror", "--help"], { cwd }));
    expect(stdout.replace(/\s+/g, " ")).toContain("[--checkpoint FILE] [--no-expiry]");
  });

  it.each(named(COMMANDS))("%s: no line is wider than a terminal of 80 columns", async (_name, command) => {
    expect(tooWide((await result(command)).stdout)).toEqual([]);
  });

  // What is to be typed, and lists, would run together with the prose around them.
  const apart = COMMANDS.filter(({ description }) => description !== undefined && /^ /m.test(description));
  it.each(named(apart))("%s: lines that stand apart in its description do so in its help", async (_name, command) => {
    const { stdout } = await result(command);
    const lines = stdout.split("\n");
    // The first words, because long lines are wrapped.
    const starts = [...(command.description ?? "").matchAll(/^ +\S+(?: \S+)?/gm)].map(([start]) => `  ${start}`);
    expect(starts.filter((start) => !lines.some((line) => line.startsWith(start)))).toEqual([]);
  });

  const pages = [["--help"], ...TOPICS.map((topic) => [topic, "--help"]), ["help", "--all"]];
  const page = inAdvance(pages, (words) => inEmptyFolder((cwd) => run(words, { cwd })));
  it.each(pages.map((words) => [words.join(" "), words] as const))("%s: neither is one of it", async (_name, words) => {
    const { code, stdout, stderr } = await page(words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("USAGE\n");
    expect(tooWide(stdout)).toEqual([]);
  });

  const atTerminal = inAdvance(COMMANDS, ({ words }) =>
    inEmptyFolder((cwd) => runAtTerminal([...words, "--bogus"], [], { cwd, env: { NO_COLOR: "1" } })),
  );
  it.each(named(COMMANDS))("%s: NO_COLOR holds at a terminal, too", async (name, command) => {
    const { code, screen } = await atTerminal(command);
    expect({ code, screen: screen.replaceAll("\r\n", "\n") }).toEqual({
      code: 2,
      screen: `Error: There is no flag --bogus for ${name}.\nSee: durable-streams ${name} --help\n`,
    });
  });
});

describe("examples", () => {
  const examples = COMMANDS.flatMap((command) =>
    (command.examples ?? []).map((text) => ({
      command,
      line: text.replaceAll("<%= config.bin %>", "durable-streams").replaceAll("<%= command.id %>", command.name),
    })),
  );
  let config: Config;
  beforeAll(async () => {
    config = await Config.load({ root: ROOT });
  });

  const calls = inAdvance(examples, ({ line }) => callsOf(line));
  it.each(named(COMMANDS))("%s has some of its own", async (_name, command) => {
    const own = examples.filter((each) => each.command === command);
    const made = await Promise.all(own.map((each) => calls(each)));
    expect(made.flat().map(({ id }) => id)).toContain(command.id);
  });

  it.each(examples.map((each) => [each.line, each] as const))("%s is understood", async (_line, example) => {
    const made = await calls(example);
    expect(made.length).toBeGreaterThan(0);
    for (const { id, argv } of made) {
      const { args, flags, baseFlags, strict } = await config.findCommand(id, { must: true }).load();
      await Parser.parse([...argv], { args, flags: { ...baseFlags, ...flags, json: Flags.boolean() }, strict });
    }
  });
});

interface Call {
  readonly id: string;
  readonly argv: readonly string[];
}

/** The commands of ours that a line of shell calls, as the shell itself takes it apart. It finds no other program. */
async function callsOf(line: string): Promise<readonly Call[]> {
  return inEmptyFolder(async (cwd) => {
    const log = join(cwd, ".calls");
    const script = `call() { printf '%s\\0' "$@" END >> "$LOG"; }; alias durable-streams=call; eval "$LINE"`;
    const child = spawn("/bin/sh", ["-c", script], { cwd, env: { PATH: "", LOG: log, LINE: line }, stdio: "ignore" });
    await once(child, "close");
    const words = (await readFile(log, "utf8")).split("\0END\0").filter((call) => call !== "");
    return words.map((call) => callOf(call.split("\0")));
  });
}

/** The longest beginning that names a command, and what it is given. */
function callOf(words: readonly string[]): Call {
  const length = words.findLastIndex((_word, i) => isCommand(words.slice(0, i + 1))) + 1;
  return { id: words.slice(0, length).join(":"), argv: words.slice(length) };
}

function isCommand(words: readonly string[]): boolean {
  return COMMANDS.some(({ id }) => id === words.join(":"));
}
