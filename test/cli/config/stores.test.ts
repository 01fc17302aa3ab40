import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CommandFailure } from "../../../src/cli/command-failure.ts";
import { ConfigFolder } from "../../../src/cli/config/config-folder.ts";
import {
  changeContexts,
  contextNamed,
  loadContexts,
  nameForServer,
  requireContextName,
  withContext,
  withoutContext,
} from "../../../src/cli/config/contexts.ts";
import {
  credentialsFor,
  forgetOperatorSecret,
  projectCredentials,
  removeProjectCredentials,
  saveOperatorSecret,
  saveProjectSecret,
  saveProjectToken,
} from "../../../src/cli/config/credentials.ts";
import { newSecret } from "../../../src/protocol/secret.ts";
import { NODE } from "../../support/cli.ts";

const SERVER = "https://streams.example";
let home: string;
let dir: string;
let warnings: string[];
let folder: ConfigFolder;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "durable-streams-config-"));
  dir = join(home, "deep", "config");
  warnings = [];
  folder = open();
});

afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

function open(path = dir): ConfigFolder {
  return new ConfigFolder((sentence) => warnings.push(sentence), { DURABLE_STREAMS_CONFIG_DIR: path });
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

async function failureOf(promise: Promise<unknown>): Promise<CommandFailure> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof CommandFailure) return error;
  throw new Error(`no CommandFailure but ${String(error)}`);
}

describe("the folder of contexts and credentials", () => {
  it.each([
    [{ DURABLE_STREAMS_CONFIG_DIR: "/a/b", XDG_CONFIG_HOME: "/c" }, "/a/b"],
    [{ DURABLE_STREAMS_CONFIG_DIR: "", XDG_CONFIG_HOME: "/c" }, "/c/durable-streams"],
    [{ XDG_CONFIG_HOME: "relative" }, expect.stringMatching(/\.config.durable-streams$/) as string],
  ])("with %j is %s", (env, path) => {
    expect(new ConfigFolder(() => undefined, env).path).toEqual(path);
  });

  it("is made as 0700 with files of 0600, and nothing else is left in it", async () => {
    await saveProjectSecret(folder, SERVER, "shop", newSecret("project"));
    await changeContexts(folder, (all) => withContext(all, "prod", { url: SERVER }));
    expect(await modeOf(dir)).toBe(0o700);
    expect(await modeOf(folder.file("credentials.json"))).toBe(0o600);
    expect(await modeOf(folder.file("contexts.json"))).toBe(0o600);
    expect((await readdir(dir)).sort()).toEqual(["contexts.json", "credentials.json"]);
    expect(warnings).toEqual([]);
  });

  it("that others may look into is closed to them, with its files, and every warning is said once", async () => {
    await saveProjectSecret(folder, SERVER, "shop", newSecret("project"));
    await chmod(dir, 0o755);
    await chmod(folder.file("credentials.json"), 0o644);
    const again = open();
    await credentialsFor(again, SERVER);
    await credentialsFor(again, SERVER);
    expect(await modeOf(dir)).toBe(0o700);
    expect(await modeOf(folder.file("credentials.json"))).toBe(0o600);
    expect(warnings).toHaveLength(2);
    expect(warnings.join("\n")).toContain("rotate the secrets");
  });

  it("that many share is not closed to them, and it is said", async () => {
    await mkdir(dir, { recursive: true });
    await chmod(dir, 0o1777);
    await saveProjectSecret(folder, SERVER, "shop", newSecret("project"));
    expect(await modeOf(dir)).toBe(0o777);
    expect(warnings).toEqual([expect.stringContaining("Others can look into") as string]);
  });

  it("that is a symbolic link, or has one, is said when something is written there", async () => {
    const real = join(home, "real");
    await mkdir(real, { mode: 0o700 });
    await mkdir(join(home, "deep"));
    await symlink(real, dir);
    const elsewhere = join(home, "elsewhere.json");
    await writeFile(elsewhere, JSON.stringify({ version: 1, servers: {} }), { mode: 0o600 });
    await symlink(elsewhere, join(real, "credentials.json"));
    await saveProjectSecret(folder, SERVER, "shop", newSecret("project"));
    expect(warnings).toHaveLength(2);
    expect(warnings.every((each) => each.includes("symbolic link"))).toBe(true);
    // No secret is ever written through a link.
    expect(await readFile(elsewhere, "utf8")).not.toContain("shop");
  });

  it("that is a file, or has something else where a file belongs, is refused", async () => {
    await writeFile(join(home, "file"), "");
    expect((await failureOf(saveOperatorSecret(open(join(home, "file")), SERVER, "x"))).message).toContain(
      "is not a folder",
    );
    await mkdir(join(dir, "credentials.json"), { recursive: true, mode: 0o700 });
    expect((await failureOf(credentialsFor(folder, SERVER))).message).toContain("is not a file");
  });
});

describe("contexts", () => {
  it("the first one becomes active, others when asked, and none is when the active one is removed", async () => {
    expect(await loadContexts(folder)).toEqual({ version: 1, contexts: {} });
    await changeContexts(folder, (all) => withContext(all, "a", { url: SERVER }));
    await changeContexts(folder, (all) => withContext(all, "b", { url: SERVER, project: "shop" }));
    expect((await loadContexts(folder)).active).toBe("a");
    await changeContexts(folder, (all) => withContext(all, "c", { url: SERVER }, true));
    expect((await loadContexts(folder)).active).toBe("c");
    const left = await changeContexts(folder, (all) => withoutContext(all, "c"));
    expect(left.active).toBeUndefined();
    expect(Object.keys((await loadContexts(folder)).contexts)).toEqual(["a", "b"]);
  });

  it("a name that every object has is not taken for a context", async () => {
    expect(contextNamed(await loadContexts(folder), "constructor")).toBeUndefined();
    expect(() => requireContextName("__proto__")).toThrow(CommandFailure);
    expect(requireContextName("constructor")).toBe("constructor");
  });

  it("what another version has put beside them stays", async () => {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const context = { url: SERVER, colour: "red" };
    await writeFile(folder.file("contexts.json"), JSON.stringify({ version: 1, contexts: { a: context }, more: 1 }));
    await changeContexts(folder, (all) => withContext(all, "b", { url: SERVER }));
    const text = await readFile(folder.file("contexts.json"), "utf8");
    expect(JSON.parse(text)).toMatchObject({ more: 1, contexts: { a: context } });
  });

  it("a server's context takes no name from a context of another server", () => {
    const all = {
      version: 1,
      contexts: { local: { url: "https://mine.example" }, "local-2": { url: "http://[::1]:1" } },
    };
    expect(nameForServer(all, "local", "http://127.0.0.1:4437")).toBe("local-3");
    expect(nameForServer(all, "local", "https://mine.example/elsewhere")).toBe("local");
    expect(nameForServer(all, "other", "http://127.0.0.1:4437")).toBe("other");
  });
});

describe("credentials", () => {
  it("are found by the origin they were saved for, and by no other", async () => {
    const secret = newSecret("project");
    await saveProjectSecret(folder, `${SERVER}/v1/shop/stream/x`, "shop", secret);
    expect(projectCredentials(await credentialsFor(folder, SERVER), "shop")).toEqual({ secret });
    for (const other of ["http://streams.example", `${SERVER}:8443`, "https://streams.example.evil", "https://evil"]) {
      expect(await credentialsFor(folder, other)).toEqual({ projects: {} });
    }
    expect(projectCredentials(await credentialsFor(folder, SERVER), "constructor")).toEqual({});
  });

  it("of a project and of operators are kept side by side, and forgotten one by one", async () => {
    await saveOperatorSecret(folder, SERVER, "operator");
    await saveProjectSecret(folder, SERVER, "shop", "secret");
    await saveProjectToken(folder, SERVER, "shop", "token");
    await saveProjectToken(folder, SERVER, "lab", "token");
    await removeProjectCredentials(folder, SERVER, "lab");
    expect(await credentialsFor(folder, SERVER)).toEqual({
      operatorSecret: "operator",
      projects: { shop: { secret: "secret", token: "token" } },
    });
    await forgetOperatorSecret(folder, SERVER);
    await removeProjectCredentials(folder, SERVER, "shop");
    expect(await credentialsFor(folder, SERVER)).toEqual({ projects: {} });
  });

  it.each([
    ["no JSON", "{", "is damaged"],
    ["of another shape", JSON.stringify({ version: 1, servers: { [SERVER]: {} } }), "is damaged"],
    ["without a version", JSON.stringify({ servers: {} }), "is damaged"],
    ["newer", JSON.stringify({ version: 2, servers: {} }), "newer durable-streams"],
  ])("a file that is %s is told of, quoted nowhere and never overwritten", async (_what, text, told) => {
    const secret = newSecret("project");
    const content = `${text}${text === "{" ? `"secret":"${secret}` : ""}`;
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await writeFile(folder.file("credentials.json"), content, { mode: 0o600 });
    for (const attempt of [credentialsFor(folder, SERVER), saveOperatorSecret(folder, SERVER, newSecret("operator"))]) {
      const failure = await failureOf(attempt);
      expect(failure.message).toContain(told);
      expect(JSON.stringify([failure.message, failure.hint])).not.toContain(secret);
    }
    expect(await readFile(folder.file("credentials.json"), "utf8")).toBe(content);
  });

  it("many commands save at once, and nothing is lost", async () => {
    const module = new URL("../../../src/cli/config/", import.meta.url).href;
    const script = (name: string): string => `
      const { ConfigFolder } = await import(${JSON.stringify(`${module}config-folder.ts`)});
      const { saveProjectSecret } = await import(${JSON.stringify(`${module}credentials.ts`)});
      const folder = new ConfigFolder(() => {}, { DURABLE_STREAMS_CONFIG_DIR: ${JSON.stringify(dir)} });
      for (let i = 0; i < 5; i++) await saveProjectSecret(folder, ${JSON.stringify(SERVER)}, ${JSON.stringify(name)} + i, "x");
    `;
    const codes = await Promise.all(
      ["a", "b", "c", "d"].map(async (name) => {
        const child = spawn(NODE, ["--input-type=module", "--eval", script(name)], { stdio: "inherit" });
        const [code] = (await once(child, "exit")) as [number];
        return code;
      }),
    );
    expect(codes).toEqual([0, 0, 0, 0]);
    expect(Object.keys((await credentialsFor(folder, SERVER)).projects)).toHaveLength(20);
  });
});
