import { writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { PROGRAM } from "./support/dev.ts";
import { temporaryFolder } from "./support/folders.ts";
import { type Program, run } from "./support/processes.ts";

/** `dev` in a folder that has a settings file. */
async function devWith(file: string, ...flags: readonly string[]): Promise<Program> {
  const cwd = await temporaryFolder();
  await writeFile(path.join(cwd, "durable-streams.jsonc"), file);
  return run([PROGRAM, "dev", "--json", "--port", "0", ...flags], { cwd });
}

async function timingHeader(program: Program): Promise<string | null> {
  const { url } = JSON.parse(await program.nextLine()) as { url: string };
  return (await fetch(`${url}/v1/health`)).headers.get("server-timing");
}

describe("durable-streams.jsonc in the folder", () => {
  test("its variables reach the Worker, which is said, and the rest is for others", async () => {
    const program = await devWith(
      '{ // of init\n "name": "s", "url": "https://streams.example", "vars": { "DEBUG_TIMING": "1" }, }',
    );
    expect(await timingHeader(program)).not.toBeNull();
    expect(program.stderr()).toBe("From durable-streams.jsonc: DEBUG_TIMING.\n");
  });

  test("--var goes before it", async () => {
    const program = await devWith('{ "vars": { "DEBUG_TIMING": "1" } }', "--var", "DEBUG_TIMING=0");
    expect(await timingHeader(program)).toBeNull();
    expect(program.stderr()).toBe("--var goes before durable-streams.jsonc: DEBUG_TIMING.\n");
  });

  test("what decides who gets in is not taken from it, and neither is a Worker", async () => {
    const program = await devWith('{ "main": "src/worker.ts", "vars": { "AUTH": "none", "ALLOWED_HOSTS": "*" } }');
    expect(await timingHeader(program)).toBeNull();
    expect(program.stderr()).toBe(
      "Not taken from durable-streams.jsonc, since dev sets them itself: AUTH, ALLOWED_HOSTS.\n" +
        'dev runs the Worker that comes with it, and not "src/worker.ts".\n',
    );
  });

  test.each([
    ["{", "it is no JSON with comments, or no object"],
    ['{ "vars": ["A"] }', "its vars are no object"],
    ['{ "vars": { "A": 1 } }', "vars.A must be a text: write it in quotation marks"],
    ['{ "vars": { "A\\u001b[2J": "1" } }', String.raw`"A\u001b[2J" in vars is no name for a variable`],
  ])("%s: exit code 2 and a reason", async (text, reason) => {
    const program = await devWith(text);
    expect(await program.ended).toBe(2);
    const { error } = JSON.parse(await program.nextLine()) as { error: { message: string } };
    expect(error.message).toBe(`durable-streams.jsonc in this folder cannot be used: ${reason}.`);
  });

  test("a value that means nothing is refused with the place to correct it", async () => {
    const program = await devWith('{ "vars": { "SEGMENT_MAX_MESSAGES": "lots" } }');
    expect(await program.ended).toBe(2);
    expect(await program.nextLine()).toContain("Correct it in durable-streams.jsonc.");
  });
});
