// What every command says of a command line that is not for it. No server is needed for that, and none is there.
import { describe, expect, it } from "vitest";
import { COMMANDS, findsServer, gaps, named, type Command } from "./support/commands.ts";
import { errorOf, expectBehaved, inAdvance, inEmptyFolder, run } from "./support/runs.ts";
import { wordsOf } from "./support/words.ts";

/** In a folder and with contexts of its own, where nothing is. */
function runAlone(words: readonly string[], env: Readonly<Record<string, string>> = {}, input = "") {
  return inEmptyFolder((cwd) => run(words, { cwd, env, input }));
}

/** A complete command line, though of things that are not there. */
function complete({ words, row: { works } }: Command): readonly string[] {
  return [...words, ...wordsOf(works)];
}

it("every command has a row in the table, and every flag with a value is in its command's", () => {
  expect(gaps()).toEqual([]);
});

describe("without arguments", () => {
  const commands = COMMANDS.filter(({ row }) => row.bare !== "goes on");
  const result = inAdvance(commands, ({ words }) => runAlone(words));
  it.each(named(commands))("%s says what it needs, or does what it can", async (_name, command) => {
    const { row } = command;
    const { code, stdout, stderr } = await result(command);
    const [expected, says] = row.bare as readonly [number, string];
    expectBehaved({ stdout, stderr });
    expect({ code, said: stdout + stderr }).toEqual({
      code: expected,
      said: expect.stringContaining(says) as string,
    });
    if (code !== 0) expect(stdout).toBe("");
    // What was wrong, and what to do.
    if (code !== 0) expect(stderr.trimEnd().split("\n").length).toBeGreaterThan(1);
  });
});

describe("a flag that is not there", () => {
  const result = inAdvance(COMMANDS, (command) => runAlone([...complete(command), "--bogus"]));
  it.each(named(COMMANDS))("%s refuses it", async (name, command) => {
    const { code, stdout, stderr } = await result(command);
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: "",
      stderr: `Error: There is no flag --bogus for ${name}.\nSee: durable-streams ${name} --help\n`,
    });
  });
});

describe("an argument too many", () => {
  const commands = COMMANDS.filter(({ strict }) => strict);
  const result = inAdvance(commands, (command) => {
    const { words, args } = command;
    const taken = Object.keys(args).length;
    const fitting = wordsOf(command.row.works).slice(0, taken);
    const flagAt = fitting.findIndex((word) => word.startsWith("-"));
    const first = flagAt === -1 ? fitting : fitting.slice(0, flagAt);
    const others = Array.from({ length: taken + 1 }, (_, i) => `word${String(i)}`).slice(first.length);
    return runAlone([...words, ...first, ...others, "--json"]);
  });
  it.each(named(commands))("%s refuses it, as one object with --json", async (name, command) => {
    const { code, stdout, stderr } = await result(command);
    expect({ code, stderr }).toEqual({ code: 2, stderr: "" });
    const last = `word${String(Object.keys(command.args).length)}`;
    expect(errorOf({ stdout })).toEqual({
      code: "USAGE",
      message: expect.stringMatching(new RegExp(`^${name} takes .+, and "${last}" is one too many\\.$`)) as string,
      hint: `See: durable-streams ${name} --help`,
    });
  });
});

describe("a value that a flag cannot have", () => {
  const cases = COMMANDS.flatMap((command) =>
    Object.entries(command.row.refuses ?? {}).map(([flag, value]) => ({ command, flag, value })),
  ).filter(({ command: { row } }) => row.asks !== "account");
  const result = inAdvance(cases, ({ command, flag, value }) => {
    const words = wordsOf(command.row.works);
    const at = words.indexOf(flag);
    const others = at === -1 ? words : [...words.slice(0, at), ...words.slice(at + 2)];
    return runAlone([...command.words, ...others, flag, value], {}, command.row.input);
  });
  it.each(cases.map((each) => [each.command.name, each.flag, each.value, each] as const))(
    "%s %s %s is refused, and named",
    async (_name, flag, value, each) => {
      const { code, stdout, stderr } = await result(each);
      expectBehaved({ stdout, stderr });
      expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: "" });
      // A credential that was typed is not repeated.
      expect(stderr).toContain(value === "typed" || stderr.includes("goes only with") ? flag : value);
      // What to do: a line of its own, or the end of the sentence.
      expect(stderr).toMatch(/\n.|write it/);
    },
  );
});

describe("an argument that cannot be meant", () => {
  const commands = COMMANDS.filter(({ row }) => row.mistaken !== undefined);
  const result = inAdvance(commands, ({ words, row }) => runAlone([...words, ...wordsOf(row.mistaken ?? "")]));
  it.each(named(commands))("%s refuses it, and names it", async (_name, command) => {
    const { code, stdout, stderr } = await result(command);
    expectBehaved({ stdout, stderr });
    expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: "" });
    const words = wordsOf(command.row.mistaken ?? "");
    const word = words.find((each) => /\/\/?b/.test(each)) ?? words[0] ?? "";
    expect(stderr).toContain(command.id === "token:inspect" ? "This is no token" : `"${word}"`);
    expect(stderr).toMatch(/\n.|write it/);
  });
});

describe("where the server is", () => {
  // One that is told a context by its argument goes by that.
  const commands = COMMANDS.filter((command) => findsServer(command) && !command.row.works.includes("{context}"));
  const unknown = inAdvance(commands, (command) =>
    runAlone([...complete(command), "-C", "nowhere", "--json"], { DURABLE_STREAMS_URL: "" }),
  );
  it.each(named(commands))(
    "%s: a context that is not there is said so, and where those are that are",
    async (_name, command) => {
      const { code, stdout, stderr } = await unknown(command);
      expect({ code, stderr }).toEqual({ code: 2, stderr: "" });
      const { message, hint } = errorOf({ stdout });
      expect(message).toBe('There is no context "nowhere", which --context names.');
      expect(hint).toBe("Those there are: durable-streams context list");
    },
  );

  const malformed = inAdvance(commands, (command) =>
    runAlone(complete(command), { DURABLE_STREAMS_URL: "nowhere" }, command.row.input),
  );
  it.each(named(commands))("%s: a URL that is none is refused with the name of who said it", async (_name, command) => {
    const { code, stdout, stderr } = await malformed(command);
    expectBehaved({ stdout, stderr });
    expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe(
      'Error: DURABLE_STREAMS_URL "nowhere" is not an http or https URL.\nWrite it like http://127.0.0.1:4437.\n',
    );
  });
});

describe("where nobody can be asked", () => {
  const commands = COMMANDS.filter(({ row }) => row.question !== undefined && row.asks !== "account");
  const result = inAdvance(commands, ({ words, row: { question = ["", ""] } }) =>
    runAlone([...words, ...wordsOf(question[0])]),
  );
  it.each(named(commands))("%s names the flag that answers", async (_name, command) => {
    const { code, stdout, stderr } = await result(command);
    expectBehaved({ stdout, stderr });
    expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(command.row.question?.[1]);
  });
});
