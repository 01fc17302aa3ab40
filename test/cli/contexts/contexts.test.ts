import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keyId, newSecret } from "../../../src/protocol/secret.ts";
import { runCli, type RunOptions, type RunResult } from "../../support/cli.ts";

const URL_A = "https://a.example";
let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "durable-streams-contexts-"));
});

afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

function context(args: readonly string[], { env, ...options }: RunOptions = {}): Promise<RunResult> {
  const own = { DURABLE_STREAMS_CONFIG_DIR: join(home, "config"), ...env };
  return runCli(["context", ...args], { ...options, cwd: home, env: own });
}

async function json(args: readonly string[], options?: RunOptions): Promise<unknown> {
  const { stdout, stderr, code } = await context([...args, "--json"], options);
  if (code !== 0) throw new Error(`exit code ${String(code)}: ${stdout}${stderr}`);
  return JSON.parse(stdout);
}

describe("context", () => {
  it("add, list, use and remove keep servers under names, and the first one is active", async () => {
    expect(await json(["list"])).toEqual({ contexts: [] });
    expect(await json(["add", "a", "--url", URL_A])).toMatchObject({ name: "a", url: URL_A, active: true });
    const second = await json(["add", "b", "--url", "http://127.0.0.1:4499", "--project", "shop"]);
    expect(second).toMatchObject({ name: "b", project: "shop", active: false });
    expect(await json(["use", "b"])).toMatchObject({ name: "b", active: true });
    expect(await json(["list"])).toMatchObject({
      active: "b",
      contexts: [
        { name: "a", active: false, credentials: { token: false } },
        { name: "b", active: true, project: "shop" },
      ],
    });
    const table = await context(["list"]);
    expect(table.stdout).toBe(
      [
        "   NAME  URL                    PROJECT  CREDENTIALS",
        "   a     https://a.example      -        -",
        "*  b     http://127.0.0.1:4499  shop     -",
        "",
      ].join("\n"),
    );
    const removed = await context(["remove", "b"]);
    expect(removed).toMatchObject({ code: 0, stdout: "" });
    expect(removed.stderr).toContain("No context is active now");
    expect(await json(["list"])).toMatchObject({ contexts: [{ name: "a", active: false }] });
  });

  it("add: credentials come by stdin into a file of mode 0600, and are shown by nothing", async () => {
    const [secret, operator, token] = [newSecret("project"), newSecret("operator"), newSecret("project")];
    const runs = [
      await context(["add", "a", "--url", URL_A, "--project", "shop", "--secret", "-"], { input: `${secret}\n` }),
      await context(["add", "a", "--force", "--operator-secret", "-", "--json"], { input: operator }),
      await context(["add", "a", "--force", "--token", "-", "-v"], { input: token }),
      await context(["list"]),
      await context(["show"]),
      await context(["show", "a", "--json"]),
    ];
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0]);
    const said = runs.map(({ stdout, stderr }) => stdout + stderr).join("");
    for (const value of [secret, operator, token]) expect(said).not.toContain(value);
    expect(runs[3]?.stdout).toContain("secret, token, operator secret");
    expect(JSON.parse(runs[5]?.stdout ?? "")).toMatchObject({
      context: "a",
      project: "shop",
      saved: { signingKey: await keyId(secret), token: true, operatorKey: await keyId(operator) },
      sends: { streams: { kind: "minted", from: "saved" }, operator: { kind: "operator", from: "saved" } },
    });
    const file = join(home, "config", "credentials.json");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(home, "config"))).toHaveLength(2);
    expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({
      servers: { [URL_A]: { operatorSecret: operator, projects: { shop: { secret, token } } } },
    });
    const removed = await context(["remove", "a"]);
    expect(removed.stderr).toContain("forgot the operator secret of https://a.example and what opens its project");
    expect(await readFile(file, "utf8")).not.toContain("a.example");
  });

  it("add: an existing name needs --force, which keeps what is not given", async () => {
    await json(["add", "a", "--url", URL_A, "--project", "shop"]);
    expect((await context(["add", "a", "--url", "https://b.example"])).code).toBe(5);
    expect(await json(["add", "a", "--force", "--url", "https://b.example"])).toMatchObject({
      url: "https://b.example",
      project: "shop",
    });
  });

  it.each<[string, string[], string, string]>([
    ["no URL", ["a"], "", "needs --url"],
    ["a URL that is none", ["a", "--url", "nowhere"], "", "nowhere"],
    [
      "a project that a URL with a path has no place for",
      ["a", "--url", `${URL_A}/x`, "--project", "p"],
      "",
      "no place",
    ],
    ["a name that is none", ["../a", "--url", URL_A], "", "not a context's name"],
    ["two credentials", ["a", "--url", URL_A, "--secret", "-", "--token", "-"], "x", "one of them"],
    ["a secret that is too short", ["a", "--url", URL_A, "--secret", "-"], "short-canary", "needs 32 to 512"],
    ["a secret for another server's root", ["a", "--url", `${URL_A}/x`, "--secret", "-"], "x", "root of another one"],
    ["a secret that was typed", ["a", "--url", URL_A, "--secret", "short-canary"], "", "takes only -"],
  ])("add: %s is exit code 2, and nothing is saved", async (_what, args, input, told) => {
    const { code, stdout, stderr } = await context(["add", ...args], { input });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(told);
    expect(stderr).not.toContain("short-canary");
    expect(await readdir(home)).not.toContain("config");
  });

  it("add: a server that is reached in plain text over a network is warned of", async () => {
    expect((await context(["add", "a", "--url", "http://streams.example"])).stderr).toContain("is not encrypted");
    expect((await context(["add", "b", "--url", "http://localhost:4437"])).stderr).not.toContain("encrypted");
  });

  it("remove: what another context needs stays, and so does everything when asked", async () => {
    const secret = newSecret("project");
    await context(["add", "a", "--url", URL_A, "--secret", "-"], { input: secret });
    await json(["add", "b", "--url", `${URL_A}/`]);
    await json(["remove", "a"]);
    const file = join(home, "config", "credentials.json");
    expect(await readFile(file, "utf8")).toContain(secret);
    expect(await json(["remove", "b", "--keep-credentials"])).toMatchObject({ forgotten: [] });
    expect(await readFile(file, "utf8")).toContain(secret);
  });

  it("show: says what holds here and who says so", async () => {
    await json(["add", "a", "--url", URL_A, "--project", "shop"]);
    expect((await context(["show"])).stdout).toContain("a (the active one)");
    const env = { DURABLE_STREAMS_URL: "https://b.example", DURABLE_STREAMS_TOKEN: "canary" };
    const { stdout } = await context(["show"], { env });
    expect(stdout).toContain("https://b.example (by the environment)");
    expect(stdout).toContain("the token of DURABLE_STREAMS_TOKEN");
    expect(stdout).not.toContain("canary");
    expect(await json(["show", "-C", "a"], { env })).toMatchObject({ url: URL_A, source: "flag", project: "shop" });
  });

  it.each([
    ["use", ["use", "nope"]],
    ["show", ["show", "nope"]],
    ["remove", ["remove", "nope"]],
  ])("%s: a context that is not there is exit code 2 and names context list", async (_what, args) => {
    const { code, stderr } = await context(args);
    expect(code).toBe(2);
    expect(stderr).toContain('There is no context "nope"');
    expect(stderr).toContain("durable-streams context list");
  });
});
