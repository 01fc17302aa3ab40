// The rows of test/cli/every-command whose commands ask Cloudflare.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMANDS, named } from "../cli/every-command/support/commands.ts";
import {
  errorOf,
  expectBehaved,
  inAdvance,
  run,
  runIntoHead,
  runUntilInterrupt,
} from "../cli/every-command/support/runs.ts";
import { wordsOf } from "../cli/every-command/support/words.ts";
import { startScripted } from "../support/scripted-server.ts";
import { Operator } from "./support/operator.ts";

const ALL = COMMANDS.filter(({ row }) => row.asks === "account");
/** What nobody can give them but Cloudflare; the others tell what is wrong as what they were asked for. */
const NEEDING = ALL.filter(({ row }) => row.showsRefusals !== true);
/** Those that end by themselves and remove nothing. */
const ENDING = ALL.filter(({ id, row }) => id !== "destroy" && row.endless === undefined);

const NO_SUCH_TOKEN = "none-such-token-1f";

let operator: Operator;
let place: { readonly cwd: string; readonly env: Readonly<Record<string, string>> };
beforeAll(async () => {
  operator = await Operator.start("shop");
  place = { cwd: operator.folder, env: { ...operator.env, DURABLE_STREAMS_URL: "" } };
});
afterAll(() => operator.stop());

function expectNothingShown(result: { readonly stdout: string; readonly stderr: string }): void {
  expectBehaved(result, [operator.plane.token, NO_SUCH_TOKEN]);
}

describe("before anything is deployed", () => {
  const commands = ALL.filter(({ row }) => row.undeployed !== undefined);
  it.each(named(commands))("%s says so, and what to do", async (_name, { words, row }) => {
    const { code, stdout, stderr } = await run([...words, ...wordsOf(row.works)], place);
    expectNothingShown({ stdout, stderr });
    expect(code, stdout + stderr).toBe(row.undeployed);
    expect(stdout + stderr).toContain("deploy");
  });
});

describe("what a flag, or nobody, cannot answer", () => {
  it.each(
    ALL.flatMap(({ name, words, row }) =>
      Object.entries(row.refuses ?? {}).map((each) => [name, ...each, words, row] as const),
    ),
  )("%s %s %s is refused, and named", async (_name, flag, value, words, { works }) => {
    const given = wordsOf(works);
    const at = given.indexOf(flag);
    const others = at === -1 ? given : [...given.slice(0, at), ...given.slice(at + 2)];
    const { code, stdout, stderr } = await run([...words, ...others, flag, value], place);
    expectNothingShown({ stdout, stderr });
    expect(code, stdout + stderr).toBe(2);
    expect(stderr).toContain(value);
  });

  const asking = ALL.filter(({ row }) => row.question !== undefined);
  it.each(named(asking))("%s asks nobody where nobody is, and names the flag", async (_name, { words, row }) => {
    const [line, flag] = row.question ?? ["", ""];
    const { code, stdout, stderr } = await run([...words, ...wordsOf(line)], place);
    expectNothingShown({ stdout, stderr });
    expect(code, stdout + stderr).toBe(2);
    expect(stderr).toContain(flag);
  });
});

describe("Cloudflare", () => {
  it.each(named(NEEDING))(
    "%s: a token that it does not know is exit code 4, with the way to one",
    async (_name, { words, row }) => {
      const env = { ...place.env, CLOUDFLARE_API_TOKEN: NO_SUCH_TOKEN, DURABLE_STREAMS_DEBUG: "api" };
      const { code, stdout, stderr } = await run([...words, ...wordsOf(row.works), "--json"], { ...place, env });
      expectNothingShown({ stdout, stderr });
      expect(code, stdout + stderr).toBe(4);
      expect(errorOf({ stdout }).hint).toMatch(/token/i);
    },
  );

  it.each(named(NEEDING))("%s: not there is exit code 7, with its address", async (_name, { words, row }) => {
    const env = { ...place.env, CLOUDFLARE_API_BASE_URL: "http://127.0.0.1:9" };
    const { code, stdout, stderr } = await run([...words, ...wordsOf(row.works)], { ...place, env });
    expectNothingShown({ stdout, stderr });
    expect({ code, stdout }, stderr).toEqual({ code: 7, stdout: "" });
    expect(stderr).toContain("127.0.0.1:9");
  });

  const silenced = inAdvance(ALL, async ({ words, row }) => {
    const { promise: asked, resolve: isAsked } = Promise.withResolvers<undefined>();
    const silent = await startScripted(() => {
      isAsked(undefined);
    });
    const env = { ...place.env, CLOUDFLARE_API_BASE_URL: silent.url };
    try {
      return await runUntilInterrupt([...words, ...wordsOf(row.works)], () => asked, { ...place, env, input: "" });
    } finally {
      await silent.stop();
    }
  });
  it.each(named(ALL))("%s: Ctrl-C while it does not answer ends the command", async (_name, command) => {
    const { code, signal, stdout, stderr } = await silenced(command);
    expectNothingShown({ stdout, stderr });
    expect(signal ?? code, stderr).toBe(signal === null ? 130 : "SIGINT");
    expect(stderr).not.toContain("Error:");
  });
});

describe("deployed", () => {
  beforeAll(async () => {
    const { code, result } = await operator.deploy();
    expect(code, JSON.stringify(result)).toBe(0);
  });

  it.each(named(ENDING))("%s --json prints one document and nothing else", async (_name, { words, row }) => {
    const { code, stdout, stderr } = await run([...words, ...wordsOf(row.works), "--json"], place);
    expectNothingShown({ stdout, stderr });
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/^.+\n$/);
    expect(JSON.parse(stdout)).not.toHaveProperty("error");
  });

  it.each(named(ENDING))("%s ends quietly when nobody ever reads it", async (_name, { words, row }) => {
    const { code, signal, stderr } = await runIntoHead([...words, ...wordsOf(row.works)], 0, place);
    expectNothingShown({ stdout: "", stderr });
    expect({ code, signal }, stderr).toEqual({ code: 0, signal: null });
    expect(stderr).not.toMatch(/EPIPE|Error/);
  });

  const finding = ALL.filter(({ row }) => row.missing !== undefined);
  it.each(named(finding))("%s: what is not there is exit code 3", async (_name, { words, row }) => {
    const line = wordsOf(row.missing ?? "");
    const { code, stdout, stderr } = await run([...words, ...line, "--json"], place);
    expectNothingShown({ stdout, stderr });
    expect(code, stdout + stderr).toBe(3);
    expect(errorOf({ stdout }).message).toContain(line[0]);
  });

  const following = ALL.filter(({ row }) => row.endless !== undefined);
  it.each(named(following))("%s goes on until Ctrl-C ends it in order", async (_name, { words, row: { endless } }) => {
    const line = wordsOf(endless?.words ?? "");
    const { code, signal, stdout, stderr } = await runUntilInterrupt(
      [...words, ...line],
      (said) => said.until(endless?.ready ?? /./),
      place,
    );
    expectNothingShown({ stdout, stderr });
    expect({ code, signal }, stderr).toEqual({ code: endless?.code ?? 130, signal: null });
  });

  it("destroy --json prints one document and nothing else", async () => {
    const row = COMMANDS.find(({ id }) => id === "destroy")?.row;
    const { code, stdout, stderr } = await run(["destroy", ...wordsOf(row?.works ?? ""), "--json"], place);
    expectNothingShown({ stdout, stderr });
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/^.+\n$/);
    expect(JSON.parse(stdout)).not.toHaveProperty("error");
  });
});
