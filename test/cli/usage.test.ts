import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { runCli } from "../support/cli.ts";

describe("usage errors", () => {
  it.each([
    [["read", "s", "--ofset", "3"], "There is no flag --ofset for read. Did you mean --offset?"],
    [["tail", "s", "--grepp", "x"], "There is no flag --grepp for tail. Did you mean --grep?"],
    [["read", "s", "--bogus"], "There is no flag --bogus for read."],
    [["completion", "tcsh"], `"tcsh" is none of bash, zsh, fish.`],
    [["create"], "create needs STREAM: durable-streams create STREAM [DATA]"],
    [["tail"], "tail needs STREAM: durable-streams tail STREAM..."],
    [["describe", "s", "t"], `describe takes STREAM, and "t" is one too many.`],
    [["read", "s", "-n", "x"], `-n "x" is not a whole number.`],
    [["read", "s", "--count=x"], `--count "x" is not a whole number.`],
    [["tail", "s", "-n", "100001"], "-n 100001 is too large: the most is 100000."],
    [["read", "s", "--format"], "--format needs a value: one of raw, ndjson, json."],
    [["read", "s", "--format", "xml"], `--format "xml" is none of raw, ndjson, json.`],
    [
      ["subscriptions", "create", "x", "--pattern", "a", "--webhook", "https://a.example", "--create-wake-stream"],
      "--create-wake-stream goes only with --wake-stream.",
    ],
    [["read", "s", "--format", "raw", "--json"], "--json and --format exclude each other."],
    [["tail", "s", "--offset", "1", "--from-start"], "--from-start and --offset exclude each other."],
  ])("%j: %s", async (args, message) => {
    const id = args[0] === "subscriptions" ? args.slice(0, 2).join(" ") : args[0];
    const hint = `See: durable-streams ${id ?? ""} --help`;
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
    for (const topic of ["backup", "mirror"]) {
      expect(await runCli([topic, "help"])).toEqual(await runCli([topic, "--help"]));
      expect(await runCli([topic, "help", "verify"])).toEqual(await runCli([topic, "verify", "--help"]));
      // A stream may be called help.
      const { code, stdout } = await runCli([topic, "help", "x", "--url", "http://127.0.0.1:9"]);
      expect({ code, stdout }).toEqual({ code: 7, stdout: "" });
    }
    expect(await runCli(["help", "raed"])).toEqual(await runCli(["raed"]));
    expect(await runCli(["help", "raed"])).toMatchObject({ code: 2, stdout: "" });
    expect((await runCli(["help", "raed"])).stderr).toContain("Did you mean: durable-streams read");
    expect((await runCli(["help", "nosuchthing"])).stderr).toContain(`There is no command "nosuchthing".`);
    expect(await runCli(["help", "inspect", "cat"])).toEqual(await runCli(["inspect", "cat", "--help"]));
  });

  it("help --all is the help of every command", async () => {
    const { code, stdout, stderr } = await runCli(["help", "--all"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { commands } = JSON.parse(await readFile("oclif.manifest.json", "utf8")) as { commands: object };
    const headings = [...stdout.matchAll(/^# durable-streams (.+)$/gm)].map(([, name]) => name);
    expect(headings).toEqual(Object.keys(commands).map((id) => id.replaceAll(":", " ")));
    expect(stdout).toContain("$ durable-streams subscriptions create mailer --pattern 'orders/*'");
  });

  it("the usage lines of help are whole", async () => {
    const usage = async (...words: readonly string[]): Promise<string> => {
      const { stdout } = await runCli([...words, "--help"]);
      return stdout.slice(0, stdout.indexOf("FLAGS")).replace(/\s+/g, " ");
    };
    expect(await usage("tail")).toContain("[--checkpoint FILE] ");
    expect(await usage("inspect", "verify")).toContain("--file FILE...]");
    expect(await usage("subscriptions", "create")).toContain("[--create-wake-stream] ");
    expect(await usage("inspect", "cat")).toContain("inspect cat [STREAM] [SEGMENT|OFFSET] ");
  });
});
