// The examples of the reference are about streams and projects that no test has. Each is checked to be one that its command
// takes: what commands do with what they take is in test/cli.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../scripts/lib/process.mjs";
import { readDocument } from "./support/documents.ts";

interface Flag {
  readonly name: string;
  readonly char?: string;
  readonly type: "boolean" | "option";
  readonly options?: readonly string[];
  readonly required?: boolean;
  readonly allowNo?: boolean;
}

interface Command {
  readonly flags: Readonly<Record<string, Flag>>;
  readonly args: Readonly<Record<string, { readonly required?: boolean }>>;
  readonly strict: boolean;
}

const manifest = JSON.parse(await readFile(join(ROOT, "oclif.manifest.json"), "utf8")) as {
  readonly commands: Readonly<Record<string, Command>>;
};

/** The words of every call of our program in a line of shell: up to a pipe or a redirection, without quotes. */
function callsOf(line: string): string[][] {
  const words = [...line.matchAll(/'[^']*'|"[^"]*"|[|>)]|[^\s|>)]+/g)].map(([word]) => word);
  const calls: string[][] = [];
  let call: string[] | undefined;
  for (const word of words) {
    if (/^[|>)]$/.test(word)) call = undefined;
    else if (/(?:^|\()durable-streams$/.test(word)) calls.push((call = []));
    else call?.push(word.replaceAll(/^['"]|['"]$/g, ""));
  }
  return calls;
}

/** What is wrong with a call, or nothing. */
function problemOf(words: readonly string[]): string | undefined {
  const length = [2, 1].find((count) => words.slice(0, count).join(":") in manifest.commands);
  const command = length === undefined ? undefined : manifest.commands[words.slice(0, length).join(":")];
  if (command === undefined) return "no such command";
  const given = new Set<string>();
  let positionals = 0;
  for (let i = length ?? 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (word === "-" || !word.startsWith("-")) {
      positionals++;
      continue;
    }
    const [name = "", value] = word.replace(/^--?/, "").split("=", 2);
    const flag = Object.values(command.flags).find((each) =>
      word.startsWith("--")
        ? each.name === name || (each.allowNo === true && `no-${each.name}` === name)
        : each.char === name,
    );
    if (flag === undefined) return `no flag ${word}`;
    given.add(flag.name);
    if (flag.type === "boolean") continue;
    const answer = value ?? words[++i];
    if (answer === undefined) return `${word} has no value`;
    if (flag.options?.includes(answer) === false) return `${word} cannot be ${answer}`;
  }
  const missing = Object.values(command.flags).find(({ name, required }) => required === true && !given.has(name));
  if (missing !== undefined) return `--${missing.name} is missing`;
  const args = Object.values(command.args);
  const needed = args.filter(({ required }) => required === true).length;
  if (positionals < needed) return "an argument is missing";
  return command.strict && positionals > args.length ? "too many arguments" : undefined;
}

test("the reference: every example is a call that its command takes", async () => {
  const { blocks } = await readDocument("docs/commands.md");
  // A line that ends with a backslash or a pipe goes on in the next one.
  const lines = blocks
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) =>
      text
        .trim()
        .replaceAll(/ (?:\\|(\|))\n */g, " $1 ")
        .split("\n"),
    );
  expect(lines.length).toBeGreaterThan(80);
  const wrong = lines.flatMap((line) =>
    callsOf(line).flatMap((words) => {
      const problem = problemOf(words);
      return problem === undefined ? [] : [`${line}: ${problem}`];
    }),
  );
  expect(wrong).toEqual([]);
  expect(lines.filter((line) => callsOf(line).length === 0)).toEqual([]);
});

test.for([
  ["read", "an argument is missing"],
  ["reed orders", "no such command"],
  ["read orders --form json", "no flag --form"],
  ["inspect export orders --to log.ndjson", "--to cannot be log.ndjson"],
  ["inspect export orders", "--to is missing"],
  ["close orders others", "too many arguments"],
  ["read orders -n", "-n has no value"],
] as const)("the reference: `%s` would be seen: %s", ([line, problem]) => {
  expect(problemOf(line.split(" "))).toBe(problem);
});
