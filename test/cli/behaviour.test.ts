import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MEANT } from "../../src/cli/meant-commands.ts";
import { BIN, environment, NODE, runCli, startCli } from "../support/cli.ts";
import { startScripted, type ScriptedServer } from "../support/scripted-server.ts";

function stderrOf({ stderr }: ChildProcess): Readable {
  if (stderr === null) throw new Error("stderr is no pipe");
  return stderr;
}

const CANARY = "canary-5f1d";
let server: ScriptedServer | undefined;
let scratch: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "durable-streams-behaviour-"));
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  await rm(scratch, { recursive: true, force: true });
});

describe("the command line", () => {
  it("--version is one line with the package's version", async () => {
    const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as {
      version: string;
    };
    const { stdout, stderr, code } = await runCli(["--version"]);
    expect(stdout).toBe(`durable-streams/${version} ${process.platform}-${process.arch} node-${process.version}\n`);
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  });

  it("an unknown command suggests the nearest one and is a usage error", async () => {
    const { stderr, stdout, code } = await runCli(["raed", "x"]);
    expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
    expect(stderr).toContain("Did you mean: durable-streams read");
    const json = await runCli(["zzzzzzzz", "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      error: { code: "UNKNOWN_COMMAND", hint: "All commands: durable-streams --help" },
    });
  });

  it.each([
    ["projects create foo", "projects create", "durable-streams create-project"],
    ["project create foo", "project create", "durable-streams create-project"],
    ["projcts list", "projcts list", "durable-streams projects list"],
    ["write s x", "write", "durable-streams append"],
    ["send s x", "send", "durable-streams append"],
    ["publish s x", "publish", "durable-streams append"],
    ["put s x", "put", "durable-streams append"],
    ["get s", "get", "durable-streams read"],
    ["cat s", "cat", "durable-streams read"],
    ["watch s", "watch", "durable-streams tail, or durable-streams list --watch"],
    ["follow s", "follow", "durable-streams tail, or durable-streams list --watch"],
    ["subscribe s", "subscribe", "durable-streams tail, or durable-streams list --watch"],
    ["ls", "ls", "durable-streams list"],
    ["rm s", "rm", "durable-streams delete"],
    ["remove s", "remove", "durable-streams delete"],
    ["login", "login", "durable-streams context add"],
    ["streams list", "streams list", "durable-streams list"],
    ["help ls", "ls", "durable-streams list"],
  ])("what others call by another name is known: %s", async (line, asked, meant) => {
    const { code, stderr } = await runCli(line.split(" "));
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `Error: There is no command "${asked}".\nDid you mean: ${meant}\n`,
    });
  });

  it("other words name commands that there are, and are none themselves", async () => {
    const { commands } = JSON.parse(await readFile("oclif.manifest.json", "utf8")) as { commands: object };
    const names = Object.keys(commands).map((id) => id.replaceAll(":", " "));
    const named = Object.values(MEANT).flat();
    expect(named.filter((name) => !names.includes(name.replace(/ --\w+$/, "")))).toEqual([]);
    expect(Object.keys(MEANT).filter((word) => names.includes(word))).toEqual([]);
  });

  it.each([
    ["projects rotte", "projects rotte", "Its commands: durable-streams projects --help"],
    ["projects delte foo", "projects delte", "Its commands: durable-streams projects --help"],
    ["subscriptions rotate-keys x", "subscriptions rotate-keys", "Its commands: durable-streams subscriptions --help"],
    ["destroi", "destroi", "All commands: durable-streams --help"],
    ["rolback", "rolback", "All commands: durable-streams --help"],
    ["delte s", "delte", "All commands: durable-streams --help"],
    ["constructor", "constructor", "All commands: durable-streams --help"],
  ])("a command that destroys or changes a key is not suggested for being alike: %s", async (line, asked, hint) => {
    const { code, stderr } = await runCli(line.split(" "));
    expect({ code, stderr }).toEqual({ code: 2, stderr: `Error: There is no command "${asked}".\n${hint}\n` });
  });

  it.each([
    ["an unknown flag", ["read", "s", "--bogus"], "--bogus"],
    ["a missing argument", ["append"], "STREAM"],
    ["an empty file name", ["append", "s", "--file", ""], "--file names no file"],
    ["an empty file name for the first content", ["create", "s", "--file", ""], "--file names no file"],
    ["data given twice", ["append", "s", "x", "--file", "y"], "twice"],
    ["a bad duration", ["create", "s", "--ttl", "soon"], "soon"],
    [
      "a duration without a unit",
      ["create", "s", "--ttl", "7"],
      "has no unit: seconds, minutes, hours, days or weeks?",
    ],
    ["a bad time", ["create", "s", "--expires-at", "tomorrow"], "tomorrow"],
    ["no time to live", ["create", "s", "--ttl", "0s"], "gone at once"],
    ["a fork's time to live that is none", ["fork", "s", "t", "--ttl", "0d"], "gone at once"],
    ["a prefix given twice", ["list", "a/", "--prefix", "b/"], "twice"],
    ["a bad pattern", ["tail", "s", "--grep", "("], "regular expression"],
    ["a bad URL", ["read", "s", "--url", "nowhere"], "nowhere"],
    ["a bad stream name", ["read", "a//b"], "a//b"],
    ["the token and the data from stdin", ["append", "s", "--token", "-"], "stdin"],
  ])("%s is exit code 2, one sentence, and with --json one object", async (_what, args, named) => {
    const plain = await runCli(args);
    expect(plain).toMatchObject({ code: 2, stdout: "" });
    expect(plain.stderr).toContain(named);
    expect(plain.stderr).not.toMatch(/\n {4}at /);
    const json = await runCli([...args, "--json"]);
    expect(json.code).toBe(2);
    expect(Object.keys(JSON.parse(json.stdout) as object)).toEqual(["error"]);
  });

  it.each([
    ["create", ["create", "s"]],
    ["fork", ["fork", "s", "t"]],
  ])("%s: a time that is over is refused, with how long it is", async (_name, args) => {
    const threeDaysAgo = new Date(Date.now() - 3 * 86_400_000).toISOString();
    expect(await runCli([...args, "--expires-at", threeDaysAgo])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: `Error: --expires-at "${threeDaysAgo}" lies 3 days in the past: the stream would be gone at once.\nGive a time that is still to come, or --ttl.\n`,
    });
  });

  it.each([
    [["inspect", "segmnets", "orders"], "inspect segmnets", "inspect segments"],
    [["inspect", "verfy", "orders", "--json"], "inspect verfy", "inspect verify"],
  ])("%j suggests the command that was meant", async (args, asked, meant) => {
    const { code, stdout, stderr } = await runCli(args);
    expect(code).toBe(2);
    expect(stdout + stderr).toContain(
      `There is no command ${args.includes("--json") ? JSON.stringify(`"${asked}"`).slice(1, -1) : `"${asked}"`}.`,
    );
    expect(stdout + stderr).toContain(`Did you mean: durable-streams ${meant}`);
  });

  it("inspect with one argument too many that is like no command stays a usage error of inspect", async () => {
    const { code, stderr } = await runCli(["inspect", "orders", "payments"]);
    expect(code).toBe(2);
    expect(stderr).toContain(`inspect takes STREAM, and "payments" is one too many.`);
  });

  it.runIf(existsSync("/dev/full"))("a stdout that is full is one sentence and exit code 1", async () => {
    server = await startScripted((_request, response) => {
      response.writeHead(200, { "content-type": "text/plain", "stream-next-offset": "0" }).end("some text");
    });
    const full = await open("/dev/full", "w");
    for (const args of [["describe", "s"], ["describe", "s", "--json"], ["read", "s"], ["--version"]]) {
      const child = spawn(NODE, [BIN, ...args, "--url", server.url], {
        env: environment(),
        stdio: ["ignore", full.fd, "pipe"],
      });
      const [[code], stderr] = await Promise.all([once(child, "close") as Promise<[number]>, text(stderrOf(child))]);
      expect({ code, stderr }).toEqual({ code: 1, stderr: "Error: stdout cannot be written: the disk is full.\n" });
    }
    await full.close();
  });

  it.each(["SEGMENT_MISSING", "SEGMENT_CORRUPT"])(
    "%s is exit code 8 at once, and names inspect verify",
    async (code) => {
      server = await startScripted((_request, response) => {
        const error = { code, message: "A part of this stream's history is not there." };
        response.writeHead(500, { "content-type": "application/json" }).end(JSON.stringify({ error }));
      });
      const run = await runCli(["read", "s", "--url", server.url]);
      expect(run).toMatchObject({ code: 8, stdout: "" });
      expect(run.stderr).toContain(`See what is damaged with: durable-streams inspect verify s --url ${server.url}\n`);
      expect(server.requests).toHaveLength(1);
    },
  );

  it("a stream that is not there is not offered for creation by those who look into it", async () => {
    server = await startScripted((_request, response) => {
      const error = { code: "STREAM_NOT_FOUND", message: "There is no stream at this URL." };
      response.writeHead(404, { "content-type": "application/json" }).end(JSON.stringify({ error }));
    });
    for (const args of [
      ["inspect", "s"],
      ["inspect", "verify", "s"],
      ["inspect", "export", "s", "--to", "raw"],
    ]) {
      const { code, stderr } = await runCli([...args, "--url", server.url]);
      const sentence = `Error: There is no stream "s" at ${server.url}.\n`;
      // The answer to a HEAD does not say whose server it is, and others do not list their streams.
      const isHead = args.includes("export");
      const hint = isHead ? "" : `Those there are: durable-streams list --url ${server.url}\n`;
      expect({ code, stderr }).toEqual({ code: 3, stderr: sentence + hint });
    }
    expect((await runCli(["append", "s", "1", "--url", server.url])).stderr).toContain("Create it with:");
  });

  it("nobody listening is exit code 7 and says how long it is tried and how to start a server", async () => {
    const { code, stderr } = await runCli(["describe", "s", "--url", "http://127.0.0.1:9"]);
    expect(code).toBe(7);
    expect(stderr).toContain("Trying again for 5 s.\n");
    expect(stderr).toContain("durable-streams dev");
  });

  it("a file that is not there is a usage error and is named", async () => {
    server = await startScripted((_request, response) => {
      response.writeHead(200, { "content-type": "text/plain", "stream-next-offset": "0" }).end();
    });
    const { code, stderr } = await runCli(["append", "s", "--file", "/no/such/file", "--url", server.url]);
    expect(code).toBe(2);
    expect(stderr).toContain("/no/such/file");
  });

  it.each([
    [401, 4],
    [403, 4],
    [404, 3],
    [410, 3],
    [409, 5],
    [400, 1],
    [503, 7],
  ])("status %i of the server is exit code %i", async (status, exitCode) => {
    server = await startScripted((_request, response) => response.writeHead(status).end());
    expect((await runCli(["delete", "s", "--yes", "--url", server.url])).code).toBe(exitCode);
  });

  it("the token reaches the server and nothing else, from stdin, environment or flag", async () => {
    const seen: (string | undefined)[] = [];
    server = await startScripted((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(401).end();
    });
    const args = ["close", "s", "--url", server.url, "--json", "-v"];
    const env = { DURABLE_STREAMS_DEBUG: "api" };
    const runs = [
      await runCli([...args, "--token", "-"], { input: `${CANARY}\n`, env }),
      await runCli(args, { env: { ...env, DURABLE_STREAMS_TOKEN: CANARY } }),
      await runCli([...args, "--token", CANARY], { env }),
    ];
    expect(seen).toEqual(Array.from({ length: 3 }, () => `Bearer ${CANARY}`));
    for (const { stdout, stderr, code } of runs) {
      expect(code).toBe(4);
      expect(stderr).toContain("authorization=[redacted]");
      expect(stdout + stderr).not.toContain(CANARY);
    }
  });

  it("-h is --help, for every command and topic", async () => {
    for (const args of [["read"], ["inspect", "cat"], ["context"], []]) {
      const [short, long] = [await runCli([...args, "-h"]), await runCli([...args, "--help"])];
      expect(short).toMatchObject({ code: 0, stdout: long.stdout });
      expect(short.stdout).toContain("USAGE");
    }
  });

  it("dev: a port that is taken is a conflict, exit code 5", async () => {
    server = await startScripted((_request, response) => response.end());
    const folder = join(scratch, "taken");
    const run = await runCli(["dev", "--port", new URL(server.url).port, "--persist", folder, "--json"]);
    expect(run.code).toBe(5);
    expect(JSON.parse(run.stdout)).toMatchObject({ error: { code: "PORT_IN_USE" } });
    expect(existsSync(folder)).toBe(false);
  });

  it("help does not show the token of the environment", async () => {
    const { stdout } = await runCli(["read", "--help"], { env: { DURABLE_STREAMS_TOKEN: CANARY } });
    expect(stdout).toContain("--token");
    expect(stdout).not.toContain(CANARY);
  });

  it("a Node that is too old is refused in one sentence", async () => {
    // The check reads what the process says of itself, so a preloaded lie does in the place of an old Node.
    const lie = `data:text/javascript,Object.defineProperty(process.versions,"node",{value:"22.11.0"})`;
    const run = promisify(execFile);
    const env = environment();
    const failed = await run(process.execPath, ["--import", lie, BIN, "--version"], { env }).catch(
      (error: unknown) => error,
    );
    expect(failed).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^durable-streams needs Node 22\.12 .*22\.11\.0.*\n$/) as string,
    });
    const old = ["/usr/local/bin/node", "/usr/bin/node"].find((path) => existsSync(path));
    if (old === undefined) return;
    const { stdout: version } = await run(old, ["--version"], { env });
    if (Number(version.slice(1).split(".")[0]) >= 22) return;
    const really = await run(old, [BIN, "--version"], { env }).catch((error: unknown) => error);
    expect(really).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^durable-streams needs Node 22\.12/) as string,
    });
  });

  it("append: Ctrl-C sends whole lines only and ends with exit code 130", async () => {
    const bodies: string[] = [];
    const checkpoint = join(scratch, "interrupt");
    server = await startScripted((request, response, body) => {
      if (request.method === "POST") bodies.push(body.toString());
      response.writeHead(200, { "content-type": "text/plain", "stream-next-offset": "1" }).end();
    });
    const child = startCli(["append", "s", "--url", server.url, "--checkpoint", checkpoint]);
    const closed = new Promise((resolve) =>
      child.on("close", (code) => {
        resolve(code);
      }),
    );
    child.stdin.write("one\ntwo\nthr");
    while (bodies.join("") !== "one\ntwo\n") await new Promise((resolve) => setImmediate(resolve));
    child.kill("SIGINT");
    expect(await closed).toBe(130);
    expect(bodies.join("")).toBe("one\ntwo\n");
  });

  it("append: SIGTERM ends it in order with exit code 143", async () => {
    server = await startScripted((_request, response) => {
      response.writeHead(200, { "content-type": "text/plain", "stream-next-offset": "1" }).end();
    });
    const child = startCli(["append", "s", "--url", server.url]);
    const closed = once(child, "close");
    let stderr = "";
    child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
    child.stdin.write("one\n");
    while (!server.requests.some((request) => request.startsWith("POST")))
      await new Promise((resolve) => setImmediate(resolve));
    child.kill("SIGTERM");
    expect(await closed).toEqual([143, null]);
    expect(stderr).toContain("Interrupted: appended 1 message");
  });

  it.each([
    ["text/plain", "a\u001b[2J\u0007día\n", "a␛[2J␇día\n"],
    ["application/json", `["\u009b31m"]`, `"\\u009b31m"\n`],
  ])("control sequences in a stream of %s are shown on a terminal and kept in a pipe", async (type, body, shown) => {
    server = await startScripted((_request, response) => {
      const head = { "content-type": type, "stream-next-offset": "1", "stream-up-to-date": "true" };
      // Cut inside a character: a terminal must not get half of one either.
      const bytes = Buffer.from(body);
      response.writeHead(200, head).write(bytes.subarray(0, -4), () => response.end(bytes.subarray(-4)));
    });
    const args = ["read", "s", "--url", server.url];
    const terminal = `--import=data:text/javascript,Object.assign(process.stdout,%7BisTTY:true,getWindowSize:()=>[80,24]%7D)`;
    expect((await runCli(args, { env: { NODE_OPTIONS: terminal } })).stdout).toBe(shown);
    const isJson = type === "application/json";
    expect((await runCli(args)).stdout).toBe(isJson ? `"\u009b31m"\n` : body);
  });

  it("a batch that was journalled but not sent is sent by the next run, and one whose answer was lost is not sent as new", async () => {
    const sent: string[] = [];
    let isDown = true;
    server = await startScripted((request, response, body) => {
      if (request.method !== "POST") {
        response.writeHead(200, { "content-type": "application/json", "stream-next-offset": "1" }).end();
        return;
      }
      sent.push(
        `${String(request.headers["producer-epoch"])}/${String(request.headers["producer-seq"])} ${body.toString()}`,
      );
      // 410 ends the first run at once with its batch in the journal, as a crash between journal and answer would.
      response.writeHead(isDown ? 410 : sent.length === 2 ? 204 : 200).end();
    });
    const checkpoint = join(scratch, "journal");
    const args = ["append", "s", "--url", server.url, "--checkpoint", checkpoint, "--batch-bytes", "2", "--json"];
    expect((await runCli(args, { input: "1\n2\n3\n" })).code).toBe(3);
    isDown = false;
    const second = await runCli(args, { input: "1\n2\n3\n" });
    expect(JSON.parse(second.stdout)).toMatchObject({
      duplicates: 1,
      batches: 3,
      messages: 2,
      messagesAlreadyThere: 1,
    });
    expect(sent).toEqual(["0/0 [1]", "0/0 [1]", "0/1 [2]", "0/2 [3]"]);
  });

  it("append: two commands cannot use one checkpoint at the same time, and a dead one's lock is taken over", async () => {
    const checkpoint = join(scratch, "lock");
    server = await startScripted((_request, response) => {
      response.writeHead(200, { "content-type": "text/plain", "stream-next-offset": "1" }).end();
    });
    const args = ["append", "s", "--url", server.url, "--checkpoint", checkpoint];
    const first = startCli(args);
    const closed = once(first, "close");
    first.stdin.write("one\n");
    while (!server.requests.some((request) => request.startsWith("POST")))
      await new Promise((resolve) => setImmediate(resolve));
    const second = await runCli([...args, "--json"], { input: "one\n" });
    expect(second.code).toBe(5);
    expect(JSON.parse(second.stdout)).toMatchObject({ error: { code: "FILE_IN_USE" } });
    first.kill("SIGKILL");
    await closed;
    expect((await runCli(args, { input: "one\n" })).code).toBe(0);
  });
});
