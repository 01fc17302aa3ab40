import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { keyId, newSecret } from "../../../src/protocol/secret.ts";
import { runCli, type RunOptions, type RunResult, startCli } from "../../support/cli.ts";
import { runAtTerminal, type TerminalResult } from "../../support/terminal.ts";
import { type ProjectServer, startProjectServer } from "./support/project-server.ts";

const operatorSecret = newSecret("operator");
let home: string;
let server: ProjectServer;
let config: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "durable-streams-projects-"));
});
afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});
beforeEach(async () => {
  config = join(home, randomUUID());
  server = await startProjectServer(operatorSecret);
});
afterEach(async () => {
  await server.stop();
});

function environment(): Readonly<Record<string, string>> {
  return {
    DURABLE_STREAMS_URL: server.url,
    DURABLE_STREAMS_CONFIG_DIR: config,
    DURABLE_STREAMS_OPERATOR_SECRET: operatorSecret,
  };
}

function ds(args: readonly string[], { env, ...options }: RunOptions = {}): Promise<RunResult> {
  return runCli(args, { ...options, cwd: home, env: { ...environment(), ...env } });
}

/** The server's secrets of a project, the one that signs first. */
function known(name = "shop"): readonly string[] {
  return server.records.get(name)?.keys.map(({ secret }) => secret) ?? [];
}

interface Saved {
  readonly secret?: string;
  readonly nextSecret?: string;
}

async function saved(name = "shop"): Promise<Saved | undefined> {
  const text = await readFile(join(config, "credentials.json"), "utf8").catch(() => '{"servers":{}}');
  const { servers } = JSON.parse(text) as { servers: Record<string, { projects: Record<string, Saved> }> };
  return servers[server.url]?.projects[name];
}

function errorOf({ stdout }: RunResult): unknown {
  return (JSON.parse(stdout) as { error: unknown }).error;
}

describe("create-project", () => {
  it("stdout is the name, the secret is saved and not shown, and stderr says what to do next", async () => {
    const { code, stdout, stderr } = await ds(["create-project", "shop", "--cors-origin", "https://app.example"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "shop\n" });
    const [secret = ""] = known();
    expect(await saved()).toEqual({ secret });
    expect(stderr).toContain(join(config, "credentials.json"));
    expect(stderr).toContain("mint-token --scope read --ttl 1h --project shop");
    expect(stdout + stderr).not.toContain(secret);
    expect(server.records.get("shop")).toMatchObject({ corsOrigins: ["https://app.example"] });
  });

  it("again it says that the project is there, and settings that it was given are not dropped in silence", async () => {
    await ds(["create-project", "shop"]);
    const before = known();
    const { code, stdout, stderr } = await ds(["create-project", "shop", "--json", "--readers-max", "5"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ project: "shop", created: false, saved: true });
    expect(stdout).not.toContain(before[0]);
    expect(stderr).toContain("Warning: ");
    expect(known()).toEqual(before);
  });

  it("at a terminal it asks for the name, and one that no project can have makes nothing", async () => {
    const atTerminal = (name: string): Promise<TerminalResult> => {
      const question = { to: "The project's name:", with: name };
      return runAtTerminal(["create-project"], [question], { cwd: home, env: { ...environment(), CI: "" } });
    };
    const refused = await atTerminal("No Such Name");
    expect(refused).toMatchObject({ code: 2, stdout: "", screen: expect.stringContaining("No Such Name") as unknown });
    expect([server.records.size, await saved("No Such Name")]).toEqual([0, undefined]);
    expect(await atTerminal("shop")).toMatchObject({ code: 0, stdout: "shop\n" });
    expect(known()).toEqual([(await saved())?.secret]);
  });

  it("--print-secret prints the secret alone, and saves it too", async () => {
    const { stdout, stderr } = await ds(["create-project", "shop", "--print-secret"]);
    const [secret] = known();
    expect(stdout).toBe(`${secret ?? ""}\n`);
    expect(stderr).not.toContain(secret);
    expect(await saved()).toEqual({ secret });
  });

  it("--no-save prints the secret instead, and leaves nothing behind", async () => {
    const { stdout } = await ds(["create-project", "shop", "--no-save", "--json"]);
    const [secret = ""] = known();
    expect(JSON.parse(stdout)).toMatchObject({ kid: await keyId(secret), saved: false, secret });
    expect(await saved()).toBeUndefined();
  });

  it("takes a secret from stdin, and then shows it to nobody", async () => {
    const secret = newSecret("project");
    const { stdout, stderr } = await ds(["create-project", "shop", "--stdin", "--no-save"], { input: `${secret}\n` });
    expect(stdout).toBe("shop\n");
    expect(stderr).not.toContain(secret);
    expect(known()).toEqual([secret]);
  });

  it("killed after the secret was saved and before anybody answered, it is made good by the next one", async () => {
    server.fate = () => "hung";
    const child = startCli(["create-project", "shop"], { cwd: home, env: environment() });
    child.stdin.end();
    await server.hanging;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    const { nextSecret } = (await saved()) ?? {};
    expect(nextSecret).toMatch(/^dssk_/);
    const { stderr } = await ds(["mint-token", "--project", "shop"]);
    expect(stderr).toContain("Warning: Nobody has heard whether the server has this secret");
    server.fate = () => "answered";
    expect((await ds(["create-project", "shop"])).code).toBe(0);
    expect(known()).toEqual([nextSecret]);
    expect(await saved()).toEqual({ secret: nextSecret });
  });

  it("a server that does it and loses the answer once is a success", async () => {
    let lost = 0;
    server.fate = () => (lost++ === 0 ? "lost" : "answered");
    expect((await ds(["create-project", "shop"])).code).toBe(0);
    expect(await saved()).toEqual({ secret: known()[0] });
  });

  it("where there is a project with another key it is a conflict, says the way out, and keeps nothing", async () => {
    await ds(["create-project", "shop", "--no-save"]);
    const result = await ds(["create-project", "shop", "--json"]);
    expect(result.code).toBe(5);
    expect(errorOf(result)).toMatchObject({
      code: "PROJECT_EXISTS",
      hint: expect.stringContaining("projects rotate shop") as string,
    });
    expect(await saved()).toBeUndefined();
  });

  it("sends nothing where the secret cannot be saved, and names the flag that prints it", async () => {
    await symlink(join(home, "nowhere"), config);
    const { code, stdout, stderr } = await ds(["create-project", "shop"]);
    expect(code).not.toBe(0);
    expect(stdout).toBe("");
    expect(stderr).toContain("--no-save");
    expect(server.requests).toEqual([]);
  });

  it.each([
    ["no name, and nobody to ask", []],
    ["a name that is none", ["stream"]],
    ["an origin that is none", ["shop", "--cors-origin", "app.example"]],
    ["a limit over the server's own", ["shop", "--readers-max", "99999999"]],
  ])("refuses %s before anything is sent or saved", async (_what, args) => {
    expect((await ds(["create-project", ...args])).code).toBe(2);
    expect(server.requests).toEqual([]);
    expect(await saved()).toBeUndefined();
  });

  it("without the operator's secret it is not let in, and the hint names where that comes from", async () => {
    const { DURABLE_STREAMS_OPERATOR_SECRET: _withheld, ...env } = environment();
    const result = await runCli(["create-project", "shop", "--json"], { cwd: home, env });
    expect(result.code).toBe(4);
    expect(errorOf(result)).toMatchObject({
      hint: expect.stringContaining("DURABLE_STREAMS_OPERATOR_SECRET") as string,
    });
    expect(await saved()).toBeUndefined();
  });
});

describe("projects", () => {
  beforeEach(async () => {
    await ds(["create-project", "shop"]);
  });

  it("list and show tell of projects, and of no secret", async () => {
    const list = await ds(["projects", "list"]);
    expect(list.stdout).toMatch(/^PROJECT .*\nshop +1 +\S+Z\n$/);
    const show = await ds(["projects", "show", "shop"]);
    const [secret = ""] = known();
    expect(show.stdout).toContain(`${await keyId(secret)}  signs, since`);
    expect(show.stdout).toMatch(/secret +saved here, of the key that signs\n/);
    const json = await ds(["projects", "show", "shop", "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ name: "shop", savedSecret: "signing" });
    expect(list.stdout + show.stdout + json.stdout).not.toContain(secret);
  });

  it("show: a project that is not there is not found", async () => {
    const result = await ds(["projects", "show", "till", "--json"]);
    expect(result.code).toBe(3);
    expect(errorOf(result)).toMatchObject({ code: "PROJECT_NOT_FOUND" });
  });

  it("update changes what it is told, and takes away what it is told to", async () => {
    const origins = ["--cors-origin", "https://a.example", "--cors-origin", "http://localhost:5173"];
    await ds(["projects", "update", "shop", ...origins, "--readers-max", "7", "--body-max-bytes", "1000"]);
    expect(server.records.get("shop")).toMatchObject({
      corsOrigins: ["https://a.example", "http://localhost:5173"],
      readersMax: 7,
      bodyMaxBytes: 1000,
    });
    const { stdout } = await ds(["projects", "update", "shop", "--no-cors", "--no-readers-max", "--json"]);
    const { corsOrigins, readersMax, bodyMaxBytes } = JSON.parse(stdout) as Record<string, unknown>;
    expect({ corsOrigins, readersMax, bodyMaxBytes }).toEqual({ corsOrigins: [], bodyMaxBytes: 1000 });
    // Either order of the words.
    for (const [flag, most] of [
      ["--streams-max", 50],
      ["--max-streams", 60],
    ] as const) {
      const shown = await ds(["projects", "update", "shop", flag, String(most)]);
      expect(shown.stdout).toContain(`at most ${String(most)}`);
      expect(server.records.get("shop")).toMatchObject({ streamsMax: most });
    }
    await ds(["projects", "update", "shop", "--no-streams-max"]);
    expect(server.records.get("shop")).not.toHaveProperty("streamsMax");
    expect((await ds(["projects", "update", "shop", "--streams-max", "0"])).code).toBe(2);
    expect((await ds(["projects", "update", "shop"])).code).toBe(2);
    expect((await ds(["projects", "update", "shop", "--no-cors", "--cors-origin", "*"])).code).toBe(2);
  });

  it("delete at a terminal wants the project's name, and another one deletes nothing", async () => {
    await ds(["create-project", "shop"]);
    const question = { to: "Type the project's name to go on:", with: "shop-two" };
    const env = { ...environment(), CI: "" };
    const { code, stdout } = await runAtTerminal(["projects", "delete", "shop"], [question], { cwd: home, env });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(known()).toHaveLength(1);
    expect(await saved()).toBeDefined();
  });

  it("delete wants --yes where nobody can be asked, forgets the secret, and says that the data stay", async () => {
    expect((await ds(["projects", "delete", "shop"])).code).toBe(2);
    expect(known()).toHaveLength(1);
    const { code, stderr } = await ds(["projects", "delete", "shop", "--yes"]);
    expect(code).toBe(0);
    expect(stderr).toContain("The data of its streams stay");
    expect(known()).toEqual([]);
    expect(await saved()).toBeUndefined();
    expect((await ds(["projects", "delete", "shop", "--yes"])).code).toBe(3);
  });

  it("rotate gives the project a new key while the old one goes on, and --finish retires that", async () => {
    const [before = ""] = known();
    const { code, stdout, stderr } = await ds(["projects", "rotate", "shop", "--overlap", "1h"]);
    const [secret = "", old] = known();
    expect({ code, old }).toEqual({ code: 0, old: before });
    expect(await saved()).toEqual({ secret });
    expect(stderr).toContain("projects rotate shop --finish");
    expect(stdout).toContain(`${await keyId(before)}  is accepted until`);
    expect(stdout + stderr).not.toContain(secret);
    expect((await ds(["projects", "rotate", "shop", "--finish"])).code).toBe(0);
    expect(known()).toEqual([secret]);
  });

  it("rotate: killed in between, the old secret signs on, and the next one finds out", async () => {
    const [before] = known();
    server.fate = () => "hung";
    const child = startCli(["projects", "rotate", "shop"], { cwd: home, env: environment() });
    child.stdin.end();
    await server.hanging;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    expect(await saved()).toMatchObject({ secret: before, nextSecret: expect.stringMatching(/^dssk_/) as string });
    server.fate = () => "answered";
    await ds(["projects", "rotate", "shop"]);
    expect(known()).toHaveLength(2);
    expect(await saved()).toEqual({ secret: known()[0] });
  });

  it("rotate --revoke-now warns of live tokens, and wants --yes where nobody can be asked", async () => {
    const before = known();
    const refused = await ds(["projects", "rotate", "shop", "--revoke-now"]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("stops working within 30 s");
    expect(known()).toEqual(before);
    expect((await ds(["projects", "rotate", "shop", "--revoke-now", "--yes"])).code).toBe(0);
    expect(known()).toHaveLength(1);
    expect(known()).not.toEqual(before);
  });

  it("rotate --print-secret prints the new secret alone, and --stdin brings one along", async () => {
    const mine = newSecret("project");
    const printed = await ds(["projects", "rotate", "shop", "--print-secret"]);
    expect(printed.stdout).toBe(`${known()[0] ?? ""}\n`);
    await ds(["projects", "rotate", "shop", "--stdin"], { input: mine });
    expect(known()[0]).toBe(mine);
    expect(await saved()).toEqual({ secret: mine });
  });

  it("rotate --finish warns when the saved secret is none that is accepted any more", async () => {
    await ds(["projects", "rotate", "shop", "--no-save"]);
    const { stderr } = await ds(["projects", "rotate", "shop", "--finish"]);
    expect(stderr).toContain("Warning: The secret that is saved here is of another key");
  });

  it.each([
    ["an overlap of nothing", ["--overlap", "0s"]],
    ["two phases at once", ["--finish", "--revoke-now"]],
    ["an overlap and none", ["--overlap", "1h", "--revoke-now"]],
  ])("rotate refuses %s", async (_what, args) => {
    const before = known();
    expect((await ds(["projects", "rotate", "shop", ...args, "--yes"])).code).toBe(2);
    expect(known()).toEqual(before);
  });
});
