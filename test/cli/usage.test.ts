import { describe, expect, it } from "vitest";
import { runCli } from "../support/cli.ts";

describe("usage errors", () => {
  it.each([
    [["read", "s", "--ofset", "3"], "There is no flag --ofset for read. Did you mean --offset?"],
    [["tail", "s", "--grepp", "x"], "There is no flag --grepp for tail. Did you mean --grep?"],
    [["read", "s", "--bogus"], "There is no flag --bogus for read."],
    [["create"], "create needs STREAM: durable-streams create STREAM [DATA]"],
    [["tail"], "tail needs STREAM: durable-streams tail STREAM..."],
    [["describe", "s", "t"], `describe takes STREAM, and "t" is one too many.`],
    [["read", "s", "-n", "x"], `-n "x" is not a whole number.`],
    [["read", "s", "--count=x"], `--count "x" is not a whole number.`],
    [["tail", "s", "-n", "100001"], "-n 100001 is too large: the most is 100000."],
    [["read", "s", "--format"], "--format needs a value: one of raw, ndjson, json."],
    [["read", "s", "--format", "xml"], `--format "xml" is none of raw, ndjson, json.`],
    [["read", "s", "--format", "raw", "--json"], "--json and --format exclude each other."],
    [["tail", "s", "--offset", "1", "--from-start"], "--from-start and --offset exclude each other."],
  ])("%j: %s", async (args, message) => {
    const hint = `See: durable-streams ${args[0] ?? ""} --help`;
    const isJson = args.includes("--json");
    const { code, stdout, stderr } = await runCli(args);
    expect(code).toBe(2);
    if (isJson) expect(JSON.parse(stdout)).toEqual({ error: { code: "USAGE", message, hint } });
    else expect(stderr).toBe(`Error: ${message}\n${hint}\n`);
  });

  it("help and version are understood as commands too", async () => {
    expect(await runCli(["help", "read"])).toEqual(await runCli(["read", "--help"]));
    expect(await runCli(["help"])).toEqual(await runCli(["--help"]));
    expect(await runCli(["inspect", "help"])).toEqual(await runCli(["inspect", "--help"]));
    expect(await runCli(["inspect", "help", "cat"])).toEqual(await runCli(["inspect", "cat", "--help"]));
    expect(await runCli(["version"])).toEqual(await runCli(["--version"]));
    expect(await runCli(["help", "raed"])).toMatchObject({ code: 2, stdout: "" });
  });

  it("the usage lines of help are whole", async () => {
    const usage = async (...words: readonly string[]): Promise<string> => {
      const { stdout } = await runCli([...words, "--help"]);
      return stdout.slice(0, stdout.indexOf("FLAGS")).replace(/\s+/g, " ");
    };
    expect(await usage("tail")).toContain("[--checkpoint FILE] ");
    expect(await usage("inspect", "verify")).toContain("--file FILE...]");
    expect(await usage("inspect", "cat")).toContain("inspect cat [STREAM] [SEGMENT|OFFSET] ");
  });
});
