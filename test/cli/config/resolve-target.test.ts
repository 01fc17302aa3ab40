import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CommandFailure } from "../../../src/cli/command-failure.ts";
import { ConfigFolder } from "../../../src/cli/config/config-folder.ts";
import { changeContexts, withContext } from "../../../src/cli/config/contexts.ts";
import type { Wish } from "../../../src/cli/config/directory-file.ts";
import { resolveTarget, type Target } from "../../../src/cli/config/resolve-target.ts";

const FLAG = "https://flag.example";
const VARIABLE = "https://variable.example";
const FILE = "https://file.example";
const CONTEXT = "https://context.example";
const OTHER = "https://other.example";
const DEFAULT = "http://127.0.0.1:4437";

let directory: string;
let folder: ConfigFolder;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "durable-streams-target-"));
  folder = new ConfigFolder(() => undefined, { DURABLE_STREAMS_CONFIG_DIR: join(directory, "config") });
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function haveFile(content: string | Uint8Array): Promise<void> {
  await writeFile(join(directory, "durable-streams.jsonc"), content);
}

async function haveContexts(): Promise<void> {
  await changeContexts(folder, (all) => {
    const active = withContext(all, "active", { url: CONTEXT, project: "shop" }, true);
    return withContext(active, "other", { url: OTHER, project: "lab" });
  });
}

function resolve(flags: Wish = {}, environment: Wish = {}): Promise<Target> {
  return resolveTarget({ flags, environment, directory, folder });
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof CommandFailure) return `${error.message} ${error.hint ?? ""}`;
  throw new Error(`no CommandFailure but ${String(error)}`);
}

describe("which server is meant", () => {
  it("a flag goes before the environment, that before the folder's file, that before the active context", async () => {
    await haveContexts();
    await haveFile(`// ours\n{ "url": "${FILE}", "name": "worker", }`);
    expect(await resolve({ url: FLAG }, { url: VARIABLE })).toMatchObject({ url: FLAG, source: "flag" });
    expect(await resolve({}, { url: VARIABLE })).toMatchObject({ url: VARIABLE, source: "environment" });
    expect(await resolve()).toMatchObject({ url: FILE, source: "file", isTrusted: false });
    await rm(join(directory, "durable-streams.jsonc"));
    expect(await resolve()).toMatchObject({ url: CONTEXT, project: "shop", source: "context", context: "active" });
  });

  it("nobody says it: the server of this machine, and how many contexts there are", async () => {
    expect(await resolve()).toMatchObject({ url: DEFAULT, source: "default", unusedContexts: 0, isTrusted: true });
    await haveContexts();
    await changeContexts(folder, ({ active: _active, ...rest }) => rest);
    expect(await resolve()).toMatchObject({ url: DEFAULT, source: "default", unusedContexts: 2 });
  });

  it.each<[string, Wish, Wish, string]>([
    ["a flag", { context: "other" }, { url: VARIABLE }, ""],
    ["the environment", {}, { context: "other" }, ""],
    ["the folder's file", {}, {}, `{"context":"other"}`],
  ])("%s names a context", async (_what, flags, environment, file) => {
    await haveContexts();
    if (file !== "") await haveFile(file);
    const target = await resolve(flags, environment);
    expect(target).toMatchObject({ url: OTHER, project: "lab", context: "other", isTrusted: true });
  });

  it.each<[Wish, Wish, string | undefined]>([
    [{ url: FLAG }, {}, undefined],
    [{ url: FLAG }, { project: "v" }, "v"],
    [{ url: FLAG, project: "f" }, { project: "v" }, "f"],
    [{ project: "f" }, {}, "f"],
    [{}, { project: "v" }, "v"],
    [{}, { url: VARIABLE }, undefined],
    [{ context: "other" }, { project: "v" }, "lab"],
    [{ context: "other", project: "f" }, {}, "f"],
    [{}, {}, "shop"],
  ])(
    "of flags %j and environment %j the project is %j: another URL drags along no context's",
    async (f, e, project) => {
      await haveContexts();
      expect((await resolve(f, e)).project).toBe(project);
    },
  );

  it("a file that says only a project means that of the active context's server", async () => {
    await haveContexts();
    await haveFile(`{"project":"mine"}`);
    expect(await resolve()).toMatchObject({ url: CONTEXT, project: "mine", isTrusted: true });
    expect((await resolve({ url: FLAG })).project).toBeUndefined();
  });

  it("a URL and a context on one command line exclude each other, and so does nobody's context", async () => {
    expect(await refusal(resolve({ url: FLAG, context: "other" }))).toContain("exclude each other");
    expect(await refusal(resolve({ context: "nope" }))).toMatch(
      /no context "nope", which --context names.*context list/,
    );
    expect(await refusal(resolve({}, { context: "nope" }))).toContain("DURABLE_STREAMS_CONTEXT");
  });
});

describe("a folder's file", () => {
  it("of a server that a context has too is trusted", async () => {
    await haveContexts();
    await haveFile(JSON.stringify({ url: `${CONTEXT}/v1/lab/stream/` }));
    expect(await resolve()).toMatchObject({ url: `${CONTEXT}/v1/lab/stream`, isTrusted: true });
    await haveFile(JSON.stringify({ url: CONTEXT.replace("https", "http") }));
    expect((await resolve()).isTrusted).toBe(false);
  });

  it("is not read where flags or the environment say which server is meant", async () => {
    await haveFile("{ broken");
    expect((await resolve({ url: FLAG })).url).toBe(FLAG);
    expect(await refusal(resolve())).toContain("durable-streams.jsonc");
  });

  it.each([
    ["broken", "{ broken"],
    ["an array", "[]"],
    ["nested without end", "[".repeat(900_000)],
    ["larger than any of ours", `{"url":"${FILE}"}${" ".repeat(1024 * 1024)}`],
    ["with another URL", `{"url":"file:///etc/passwd"}`],
    ["with a number", `{"project":1}`],
    ["with credentials", `{"url":"https://me:secret@file.example"}`],
    ["with an escape sequence in the URL", `{"url":"\\u001b]0;owned\\u0007\\u009b2J"}`],
    ["with an escape sequence in the project", `{"project":"\\u009b2J\\u202e"}`],
    ["with an escape sequence in the context", `{"context":"\\u001b[2J\\n"}`],
  ])("%s is refused, and shows nothing but text", async (_what, content) => {
    await haveFile(content);
    const said = await refusal(resolve());
    expect(said).toContain("durable-streams.jsonc in this folder cannot be used");
    // eslint-disable-next-line no-control-regex -- control characters are what must not be there
    expect(said).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    expect(said).not.toContain("secret");
  });

  it("hides nothing behind the names that every object has", async () => {
    await haveFile(`{"__proto__":{"url":"${FILE}"}}`);
    expect((await resolve()).url).toBe(DEFAULT);
  });

  it("that is a folder is refused", async () => {
    await mkdir(join(directory, "durable-streams.jsonc"));
    expect(await refusal(resolve())).toContain("it is not a file");
  });
});
