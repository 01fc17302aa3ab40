import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli, startCli, type RunOptions, type RunResult } from "../support/cli.ts";
import { startMeddling } from "../support/meddling-proxy.ts";
import { startBuilt, startGuarded, startReference, type GuardedServer, type TestServer } from "../support/servers.ts";
import { runAtTerminal } from "../support/terminal.ts";
import { Tmux } from "../support/tmux.ts";

const NAMES = ["a/1", "a/2", "a/é x", "b"];

function errorOf({ stdout }: RunResult): unknown {
  return (JSON.parse(stdout) as { error: unknown }).error;
}

describe("list and delete --prefix", () => {
  let server: TestServer;
  const ds = (args: readonly string[], options: RunOptions = {}): Promise<RunResult> =>
    runCli(args, { ...options, env: { DURABLE_STREAMS_URL: server.url, ...options.env } });
  const put = (path: string): Promise<Response> =>
    fetch(`${server.url}/v1/stream/${path}`, { method: "PUT", headers: { "content-type": "text/plain" }, body: "abc" });

  beforeAll(async () => {
    server = await startBuilt();
    for (const name of NAMES) expect((await put(name)).status).toBe(201);
    await ds(["create", "c", "--closed", "--public", "--expires-at", "2099-01-01T00:00:00Z"]);
  });
  afterAll(async () => {
    await server.stop();
  });

  it("list: prints names and nothing else, in the order of their bytes", async () => {
    expect(await ds(["list"])).toMatchObject({ code: 0, stdout: "a/1\na/2\na/é x\nb\nc\n", stderr: "" });
    expect(await ds(["list", "a/", "--limit", "2"])).toMatchObject({ code: 0, stdout: "a/1\na/2\n" });
  });

  it("list: --prefix is another way to give PREFIX", async () => {
    expect(await ds(["list", "--prefix", "a/"])).toMatchObject({ code: 0, stdout: "a/1\na/2\na/é x\n", stderr: "" });
  });

  it("list: nothing found is a success that says so on stderr", async () => {
    const { code, stdout, stderr } = await ds(["list", "zz"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toContain('"zz"');
  });

  it("list --long: a table of what the streams are", async () => {
    const { stdout } = await ds(["list", "--long"]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(6);
    expect(lines[0]).toMatch(/^STREAM +TYPE +TAIL +CLOSED +PUBLIC +CREATED +EXPIRES$/);
    expect(lines[1]).toMatch(/^a\/1 +text\/plain +\d{16}_0{15}3 +\d{4}-\S+Z +never$/);
    expect(lines[5]).toMatch(/^c +application\/octet-stream .* closed +public +\S+Z +2099-01-01T00:00:00/);
  });

  it("list --json: an object a line, and with --long all of it", async () => {
    const names = await ds(["list", "a/1", "--json"]);
    expect(JSON.parse(names.stdout)).toEqual({ path: "a/1" });
    const long = await ds(["list", "c", "--json", "--long"]);
    expect(JSON.parse(long.stdout)).toMatchObject({ path: "c", closed: true, public: true });
  });

  it("list | head: ends quietly when its reader goes away", async () => {
    const child = startCli(["list"], { env: { DURABLE_STREAMS_URL: server.url } });
    child.stdout.destroy();
    const stderr: string[] = [];
    child.stderr.on("data", (text: Buffer) => stderr.push(text.toString()));
    expect(await once(child, "close")).toEqual([0, null]);
    expect(stderr.join("")).toBe("");
  });

  it("delete --prefix: asks nobody without a terminal, and takes no empty prefix or two kinds of deletion", async () => {
    expect(await ds(["delete", "--prefix", "a/"])).toMatchObject({ code: 2 });
    expect(await ds(["delete", "--prefix", "", "--yes"])).toMatchObject({ code: 2 });
    expect(await ds(["delete", "b", "--prefix", "a/", "--yes"])).toMatchObject({ code: 2 });
    expect(await ds(["delete", "--yes"])).toMatchObject({ code: 2 });
    expect((await ds(["list"])).stdout).toBe("a/1\na/2\na/é x\nb\nc\n");
  });

  it("delete --prefix: --dry-run prints what would go; then it goes, and a second run finds nothing", async () => {
    expect(await ds(["delete", "--prefix", "a/", "--dry-run"])).toMatchObject({ code: 0, stdout: "a/1\na/2\na/é x\n" });
    const done = await ds(["delete", "--prefix", "a/", "--yes", "--json"]);
    expect(JSON.parse(done.stdout)).toEqual({ prefix: "a/", deleted: 3, alreadyGone: 0, failed: 0, failures: [] });
    expect((await ds(["list"])).stdout).toBe("b\nc\n");
    const again = await ds(["delete", "--prefix", "a/", "--yes"]);
    expect(again).toMatchObject({ code: 0, stdout: "" });
    expect(again.stderr).toContain("Deleted 0 streams");
  });
});

describe("delete --prefix, when it matters", () => {
  let server: TestServer;
  let env: Readonly<Record<string, string>>;
  const names = async (prefix: string): Promise<string> => (await runCli(["list", prefix], { env })).stdout;
  const create = async (...paths: readonly string[]): Promise<void> => {
    for (const path of paths) {
      const made = await fetch(`${server.url}/v1/stream/${path}`, { method: "PUT", body: "abc" });
      expect(made.status).toBe(201);
    }
  };

  beforeAll(async () => {
    server = await startBuilt();
    env = { DURABLE_STREAMS_URL: server.url };
  });
  afterAll(async () => {
    await server.stop();
  });

  it("at a terminal: it shows what would go, and anything but the prefix typed deletes nothing", async () => {
    await create(...Array.from({ length: 7 }, (_, i) => `asked/${String(i)}`));
    const question = "Type the prefix (asked/)";
    for (const typed of ["y", "asked", ""]) {
      const refused = await runAtTerminal(["delete", "--prefix", "asked/"], [{ to: question, with: typed }], { env });
      expect(refused).toMatchObject({ code: 1, stdout: "" });
      expect(refused.screen).toContain("7 streams");
      expect(refused.screen).toContain("and 2 more");
      expect(refused.screen).toContain("Nothing was deleted");
      expect(refused.screen).not.toContain("Error");
    }
    expect((await names("asked/")).split("\n")).toHaveLength(8);
    const done = await runAtTerminal(["delete", "--prefix", "asked/"], [{ to: question, with: "asked/" }], { env });
    expect(done).toMatchObject({ code: 0, stdout: "" });
    expect(done.screen).toContain("Deleted 7 streams");
    expect(await names("asked/")).toBe("");
  });

  it("at a terminal: what was asked about goes, and a stream that is made meanwhile stays", async () => {
    await create("seen/1", "seen/2");
    const terminal = await Tmux.start(["delete", "--prefix", "seen/"], { env });
    try {
      await terminal.shows("2 streams", "Type the prefix (seen/)");
      await create("seen/3");
      await terminal.type("seen/");
      await terminal.press("Enter");
      await terminal.shows("Deleted 2 streams", "EXIT 0");
    } finally {
      await terminal.close();
    }
    expect(await names("seen/")).toBe("seen/3\n");
  });

  it("at a terminal: Ctrl-C instead of an answer deletes nothing", async () => {
    await create("kept/1");
    const terminal = await Tmux.start(["delete", "--prefix", "kept/"], { env });
    try {
      await terminal.shows("Type the prefix (kept/)");
      await terminal.press("C-c");
      await terminal.shows("EXIT 130");
    } finally {
      await terminal.close();
    }
    expect(await names("kept/")).toBe("kept/1\n");
  });

  it("a stream that is refused holds up no other, is named, and fails the command; the next run goes on with it", async () => {
    await create("part/1", "part/2", "part/3");
    let isRefusing = true;
    const proxy = await startMeddling(server.url, {
      refusal: ({ method, path }) => (isRefusing && method === "DELETE" && path.endsWith("/part/2") ? 403 : undefined),
    });
    try {
      const through = { DURABLE_STREAMS_URL: proxy.url };
      const failed = await runCli(["delete", "--prefix", "part/", "--yes"], { env: through });
      expect(failed).toMatchObject({ code: 1, stdout: "" });
      expect(failed.stderr).toContain("Deleted 2 streams");
      expect(failed.stderr).toContain("1 stream could not be deleted");
      expect(failed.stderr).toContain("part/2 was not deleted: ");
      expect(await names("part/")).toBe("part/2\n");
      const again = await runCli(["delete", "--prefix", "part/", "--yes", "--json"], { env: through });
      expect(again.code).toBe(1);
      expect(JSON.parse(again.stdout)).toMatchObject({
        prefix: "part/",
        deleted: 0,
        failed: 1,
        failures: [{ path: "part/2", code: "REFUSED" }],
      });
      isRefusing = false;
      const done = await runCli(["delete", "--prefix", "part/", "--yes", "--json"], { env: through });
      expect(done.code).toBe(0);
      expect(JSON.parse(done.stdout)).toEqual({ prefix: "part/", deleted: 1, alreadyGone: 0, failed: 0, failures: [] });
      expect(await names("part/")).toBe("");
    } finally {
      await proxy.stop();
    }
  });

  it("an answer that is lost is asked for again, and counts as gone", async () => {
    await create("lost/1", "lost/2");
    const proxy = await startMeddling(server.url, {
      status: ({ method, index }) => (method === "DELETE" && index === 0 ? 502 : undefined),
    });
    try {
      const args = ["delete", "--prefix", "lost/", "--yes", "--json"];
      const done = await runCli(args, { env: { DURABLE_STREAMS_URL: proxy.url } });
      expect(done.code).toBe(0);
      expect(JSON.parse(done.stdout)).toEqual({ prefix: "lost/", deleted: 1, alreadyGone: 1, failed: 0, failures: [] });
    } finally {
      await proxy.stop();
    }
  });
});

describe("on a guarded server", () => {
  let server: GuardedServer;
  const ds = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RunResult> =>
    runCli(args, { env: { DURABLE_STREAMS_URL: server.url, ...server.env, ...env } });
  beforeAll(async () => {
    server = await startGuarded();
    await ds(["create", "a/1"]);
    await ds(["create", "b"]);
  });
  afterAll(async () => {
    await server.stop();
  });

  it("a command signs a token of the whole project for itself", async () => {
    expect(await ds(["list"])).toMatchObject({ code: 0, stdout: "a/1\nb\n" });
    expect(await ds(["delete", "--prefix", "a/", "--yes"])).toMatchObject({ code: 0 });
    expect(
      await ds(["subscriptions", "create", "s", "--stream", "b", "--webhook", "http://localhost:9/"]),
    ).toMatchObject({
      code: 0,
    });
    expect(await ds(["subscriptions", "delete", "s", "--yes"])).toMatchObject({ code: 0 });
  });

  it("work signs for its claims, and acks with the wake's own token", async () => {
    const args = ["work", "--pattern", "jobs", "--exec", "cat", "--once"];
    expect(await ds(args)).toMatchObject({ code: 0, stdout: "" });
    await ds(["create", "jobs", "[1,2]", "--content-type", "application/json"]);
    expect(await ds(args)).toMatchObject({ code: 0, stdout: "1\n2\n" });
    expect(await ds(args)).toMatchObject({ code: 0, stdout: "" });
  });

  it("a token of one stream does not list the others", async () => {
    const minted = await ds(["mint-token", "--scope", "read", "--ttl", "60s", "--stream", "b"]);
    const denied = await ds(["list", "--json"], { DURABLE_STREAMS_TOKEN: minted.stdout.trim() });
    expect(denied.code).toBe(4);
    expect(errorOf(denied)).toMatchObject({ code: "TOKEN_STREAM" });
  });
});

it("a server without a list is told by its name, with exit code 1", async () => {
  const server = await startReference();
  try {
    const env = { DURABLE_STREAMS_URL: server.url };
    const listed = await runCli(["list", "--json"], { env });
    expect(listed.code).toBe(1);
    expect(errorOf(listed)).toMatchObject({ code: "NO_DIRECTORY" });
    expect(await runCli(["delete", "--prefix", "a/", "--yes"], { env })).toMatchObject({ code: 1 });
  } finally {
    await server.stop();
  }
});
