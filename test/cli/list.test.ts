import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli, startCli, type RunOptions, type RunResult } from "../support/cli.ts";
import { startBuilt, startGuarded, startReference, type GuardedServer, type TestServer } from "../support/servers.ts";

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
