import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { completedWord, readBashLine } from "../../../src/cli/completion/bash-line.ts";
import { runCli, type RunOptions } from "../../support/cli.ts";
import { startScripted } from "../../support/scripted-server.ts";
import { startGuarded } from "../../support/servers.ts";

/** Time enough on any machine; what is not to be waited for says so itself. */
const PATIENT = "30000";

let home: string;
let env: Record<string, string>;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "durable-streams-completion-"));
  env = { DURABLE_STREAMS_CONFIG_DIR: join(home, "config"), DURABLE_STREAMS_COMPLETION_MS: PATIENT };
});

afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

interface Answered {
  readonly kind: string | undefined;
  readonly words: readonly string[];
}

/** What is offered for the last of the words. Nothing but the answer may come out, whatever happens. */
async function offered(words: readonly string[], options: RunOptions = {}): Promise<Answered> {
  const ran = await runCli(["__complete", "fish", ...words], {
    cwd: home,
    ...options,
    env: { ...env, ...options.env },
  });
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  const [kind, ...lines] = ran.stdout.trimEnd().split("\n");
  return { kind, words: lines.map((line) => line.split("\t")[0] ?? "") };
}

async function add(...args: readonly string[]): Promise<void> {
  expect(await runCli(["context", "add", ...args], { cwd: home, env })).toMatchObject({ code: 0 });
}

/** A server that lists these streams and has more, and keeps the credentials that it was sent. */
async function listing(paths: readonly string[]) {
  const credentials: (string | undefined)[] = [];
  const server = await startScripted(({ headers }, response) => {
    credentials.push(headers.authorization);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ streams: paths.map((path) => ({ path })), next_cursor: "more" }));
  });
  return { url: server.url, credentials, [Symbol.asyncDispose]: () => server.stop() };
}

describe("what completion offers", () => {
  it("commands and topics at the start, commands of a topic behind it, and after help", async () => {
    const { words } = await offered([""]);
    expect(words).toEqual(expect.arrayContaining(["append", "read", "subscriptions", "context", "help", "completion"]));
    expect(words).not.toContain("context:add");
    expect((await offered(["context", ""])).words).toEqual(["add", "list", "remove", "show", "use"]);
    expect((await offered(["help", "token", ""])).words).toEqual(["inspect"]);
    expect((await offered(["help", "--"])).words).toEqual(["--all"]);
    expect((await offered(["inspect", ""])).words).toEqual(["cat", "export", "segments", "verify"]);
  });

  it("global flags before the command count, and so do their values", async () => {
    expect((await offered(["-C", "prod", "--json", "token", ""])).words).toEqual(["inspect"]);
    expect((await offered(["--pro"])).words).toContain("--project");
  });

  it("flags of the command that are not there yet and go with those that are; none after --", async () => {
    const { words } = await offered(["read", "s", "--format", "raw", "--offs"]);
    expect(words).toContain("--until-offset");
    expect(words).toContain("--help");
    // --format is given, and --json does not go with it.
    expect(words).not.toContain("--format");
    const quiet = await offered(["read", "-q", "--"]);
    expect(quiet.words).not.toContain("--quiet");
    expect((await offered(["listen", "--stream", "a", "--str"])).words).toContain("--stream");
    expect((await offered(["append", "--", "--clo"])).words).toEqual([]);
  });

  it("values: fixed ones, and files and folders where those are meant", async () => {
    expect(await offered(["append", "s", "--input", ""])).toEqual({
      kind: "words",
      words: ["raw", "lines", "ndjson", "json"],
    });
    expect((await offered(["append", "s", "--input=n"])).words).toContain("--input=ndjson");
    expect((await offered(["completion", ""])).words).toEqual(["bash", "zsh", "fish"]);
    expect((await offered(["api", ""])).words).toContain("PATCH");
    expect(await offered(["append", "s", "--checkpoint", ""])).toEqual({ kind: "files", words: [] });
    expect(await offered(["init", ""])).toEqual({ kind: "folders", words: [] });
  });

  it("contexts, servers and projects, from this user's files alone", async () => {
    await add("prod", "--url", "https://a.example", "--project", "shop");
    await add("test", "--url", "https://b.example", "--project", "toys");
    expect((await offered(["read", "-C", ""])).words).toEqual(["prod", "test"]);
    expect((await offered(["context", "use", ""])).words).toEqual(["prod", "test"]);
    expect((await offered(["mirror", "--to-context", ""])).words).toEqual(["prod", "test"]);
    expect((await offered(["read", "--url", ""])).words).toEqual(["https://a.example", "https://b.example"]);
    expect((await offered(["read", "--project", ""])).words).toEqual(["shop"]);
    expect((await offered(["-C", "test", "read", "--project", ""])).words).toEqual(["toys"]);
  });

  it("streams of a guarded server, with the credentials that a command would use", async () => {
    const server = await startGuarded();
    const own = { ...server.env, DURABLE_STREAMS_COMPLETION_MS: PATIENT };
    try {
      for (const name of ["orders/1", "orders/2", "rooms"]) await runCli(["create", name], { env: own });
      expect((await offered(["read", "orders/"], { env: own })).words).toEqual(["orders/1", "orders/2"]);
      expect((await offered(["tail", "rooms", ""], { env: own })).words).toEqual(["orders/1", "orders/2", "rooms"]);
      expect((await offered(["create", "orders/"], { env: own })).words).toEqual([]);
    } finally {
      await server.stop();
    }
  });

  it("one page only, and no name that a terminal would obey or a command take for a flag", async () => {
    await using server = await listing(["fine", "es\u001b[2Jcape", "line\nbreak", "tu\u202ern", "--json"]);
    expect((await offered(["read", "--url", server.url, ""])).words).toEqual(["fine"]);
    expect(server.credentials).toHaveLength(1);
  });

  it("a server that only a folder's file names is sent no token", async () => {
    await using server = await listing(["there"]);
    await writeFile(join(home, "durable-streams.jsonc"), JSON.stringify({ url: server.url }));
    const token = { DURABLE_STREAMS_TOKEN: "secret-token" };
    expect((await offered(["read", ""], { env: token })).words).toEqual(["there"]);
    expect((await offered(["read", "--token", "typed-token", ""])).words).toEqual(["there"]);
    expect(server.credentials).toEqual([undefined, undefined]);
  });

  it("nothing, and not a word, where the server does not answer in time, or the files are damaged", async () => {
    const silent = await startScripted(() => undefined);
    const { url } = silent;
    try {
      const soon = { DURABLE_STREAMS_COMPLETION_MS: "" };
      expect(await offered(["read", "--url", url, ""], { env: soon })).toEqual({ kind: "words", words: [] });
      // What is at hand is offered all the same.
      expect((await offered(["inspect", "--url", url, ""], { env: soon })).words).toContain("verify");
    } finally {
      await silent.stop();
    }
    expect(await offered(["read", "--url", "http://127.0.0.1:1", ""])).toEqual({ kind: "words", words: [] });
    expect(await offered(["read", "--url", "no url", ""])).toEqual({ kind: "words", words: [] });
    await writeFile(join(home, "durable-streams.jsonc"), "{");
    expect(await offered(["read", ""])).toEqual({ kind: "words", words: [] });
  });
});

describe("a line of bash", () => {
  it.each([
    ["ds read a\\ b", { words: ["ds", "read"], last: { typed: "a\\ b", text: "a b", quote: "" } }],
    [`ds 'x y' "a\\"b $c`, { words: ["ds", "x y"], last: { typed: `"a\\"b $c`, text: `a"b $c`, quote: '"' } }],
    ["ds 'it\\", { words: ["ds"], last: { typed: "'it\\", text: "it\\", quote: "'" } }],
    ["ds read ", { words: ["ds", "read"], last: { typed: "", text: "", quote: "" } }],
    [
      "ds --url=http://a:1",
      { words: ["ds"], last: { typed: "--url=http://a:1", text: "--url=http://a:1", quote: "" } },
    ],
  ])("%s", (line, expected) => {
    expect(readBashLine(line)).toEqual(expected);
  });

  it("what was typed stays as it was, and the rest is quoted the same way", () => {
    const complete = (typed: string, replaced: string, wanted: string): string =>
      completedWord(readBashLine(`ds ${typed}`).last, replaced, wanted);
    expect(complete("a:b", "b", "a:b c'd")).toBe(String.raw`b\ c\'d`);
    expect(complete("'a ", "a ", "a b'c")).toBe(String.raw`a b'\''c`);
    expect(complete('"a ', "a ", "a $b!")).toBe(String.raw`a \$b"'!'"`);
    expect(complete("a", "a", "aé~#`;|&<>(){}[]*?")).toBe("aé\\~\\#\\`\\;\\|\\&\\<\\>\\(\\)\\{\\}\\[\\]\\*\\?");
  });
});
