// Lists, folders and names that would lead a copy to where nobody wanted it, with the built command line.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runCli, type RunResult } from "../../support/cli.ts";
import { type Handler, startScripted } from "../../support/scripted-server.ts";
import { startBuilt, startReference, type TestServer } from "../../support/servers.ts";
import { append, create } from "./support/raw.ts";

let server: TestServer;
let other: TestServer;
let scratch: string;
let count = 0;
let dir: string;
let name: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "durable-streams-hostile-"));
  [server, other] = await Promise.all([startBuilt(), startBuilt()]);
});
afterAll(async () => {
  await Promise.all([server.stop(), other.stop()]);
  await rm(scratch, { recursive: true, force: true });
});
beforeEach(() => {
  dir = join(scratch, `backup-${String(++count)}`);
  name = `h${String(count)}`;
});

function urlOf(at: TestServer, stream: string): string {
  return `${at.url}/v1/stream/${stream}`;
}

function run(...args: readonly string[]): Promise<RunResult> {
  return runCli([...args, "--url", server.url]);
}

async function make(stream: string, ...messages: readonly string[]): Promise<void> {
  await create(urlOf(server, stream), { contentType: "application/json" });
  if (messages.length > 0) await append(urlOf(server, stream), "application/json", `[${messages.join(",")}]`);
}

/** Changes a manifest, and its hash with it, as somebody would who wants to be believed. */
async function edit(file: string, change: (line: string) => string): Promise<void> {
  const [line = ""] = (await readFile(file, "utf8")).split("\n");
  const changed = change(line);
  const sha256 = createHash("sha256").update(changed).digest("hex");
  await writeFile(file, `${changed}\n${JSON.stringify({ sha256 })}\n`);
}

describe("a list of streams that no honest server gives", () => {
  const listOf = (names: readonly string[]): Handler => {
    const body = JSON.stringify({ streams: names.map((path) => ({ path })), next_cursor: null });
    return (_request, response) => response.writeHead(200, { "content-type": "application/json" }).end(body);
  };
  const lists = [
    ["with a name that leads out of the root", ["shop/../../../elsewhere"]],
    ["with a name that was not asked for", ["admin"]],
    ["with a name twice", ["shop/a", "shop/a"]],
  ] as const;

  it.each(lists)("%s is refused, and nothing is asked of or written to what it names", async (_what, names) => {
    const list = listOf(names);
    const hostile = await startScripted((request, response, body) => {
      if (request.url?.includes("__ds/streams")) return list(request, response, body);
      return response.writeHead(404).end();
    });
    const target = await startScripted((_request, response) => response.writeHead(404).end());
    try {
      const prefix = ["--prefix", "shop/"];
      for (const args of [
        ["mirror", ...prefix, hostile.url, target.url],
        ["backup", ...prefix, dir, "--url", hostile.url],
        ["delete", ...prefix, "--yes", "--url", hostile.url],
      ]) {
        const { code, stdout } = await runCli([...args, "--json"]);
        expect({ args, code, error: (JSON.parse(stdout) as { error: unknown }).error }).toMatchObject({
          code: 1,
          error: { code: "WRONG_LIST" },
        });
      }
      const named = hostile.requests.filter(
        (request) => !request.includes("__ds/streams") && !request.includes("shop/a"),
      );
      expect(named).toEqual([]);
      expect(target.requests.filter((request) => !request.includes("shop/a"))).toEqual([]);
    } finally {
      await Promise.all([hostile.stop(), target.stop()]);
    }
  });
});

describe("mirror", () => {
  it("--prefix-map: two streams are not mixed in one", async () => {
    await make(`${name}/a/x`, '"a"');
    await make(`${name}/b/x`);
    const maps = ["--prefix-map", `${name}/a/=${name}-m/`, "--prefix-map", `${name}/b/=${name}-m/`];
    const { code, stdout } = await runCli(["mirror", "--prefix", `${name}/`, ...maps, server.url, other.url, "--json"]);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ streams: 1, failures: [{ stream: `${name}/b/x`, code: "USAGE" }] });
  });

  it("--prefix: copies that would be mirrored in turn are refused, and not made", async () => {
    await make(`${name}/x`, "1");
    const map = ["--prefix-map", `${name}/=${name}/copies/`];
    const { code, stdout } = await runCli(["mirror", "--prefix", `${name}/`, ...map, server.url, server.url, "--json"]);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ streams: 0, failed: 1 });
    expect((await fetch(urlOf(server, `${name}/copies/x`))).status).toBe(404);
  });

  it("a stream is not mirrored onto itself by another name of its server", async () => {
    await make(name);
    const same = urlOf(server, name).replace("127.0.0.1", "localhost");
    const { code, stderr } = await runCli(["mirror", urlOf(server, name), same]);
    expect(code).toBe(2);
    expect(stderr).toContain("are the same stream");
  });

  it("a stream is not mirrored onto itself by another name of the loopback, where the server tells no creations apart", async () => {
    const reference = await startReference();
    try {
      const source = urlOf(reference, name);
      await create(source, { contentType: "text/plain" });
      await append(source, "text/plain", "once");
      for (const host of ["localhost", "0.0.0.0", "[::ffff:127.0.0.1]"]) {
        const { code, stderr } = await runCli(["mirror", source, source.replace("127.0.0.1", host)]);
        expect({ host, code }).toEqual({ host, code: 2 });
        expect(stderr).toContain("are the same stream");
      }
      // Another stream of it, or the same name at another port, is another one.
      expect((await runCli(["mirror", source, `${source.replace("127.0.0.1", "localhost")}-copy`])).code).toBe(0);
      expect((await runCli(["mirror", source, urlOf(other, name)])).code).toBe(0);
      expect((await runCli(["mirror", source, urlOf(other, name)])).code).toBe(0);
    } finally {
      await reference.stop();
    }
  });

  it("--prefix: copies that would be mirrored in turn are refused by another name of their server, too", async () => {
    await make(`${name}/x`, "1");
    const many = ["--prefix", `${name}/`, "--prefix-map", `${name}/=${name}/copies/`];
    const same = server.url.replace("127.0.0.1", "localhost");
    const { code, stdout } = await runCli(["mirror", ...many, server.url, same, "--json"]);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ streams: 0, failed: 1 });
    expect((await fetch(urlOf(server, `${name}/copies/x`))).status).toBe(404);
  });
});

describe("backup", () => {
  it("a stream whose manifest was lost stays known as lost, and is not begun anew without a word", async () => {
    await make(name, "1", "2");
    await make(`${name}-other`, "3");
    expect((await run("backup", name, dir)).code).toBe(0);
    await rm(join(dir, "streams", name, "stream.json"));
    expect((await run("backup", `${name}-other`, dir)).code).toBe(0);
    const { code, stdout } = await runCli(["backup", "verify", dir]);
    expect({ code, stdout }).toMatchObject({ code: 8, stdout: expect.stringContaining("is missing") as string });
    expect((await run("backup", name, dir)).code).toBe(8);
    expect((await run("backup", name, dir, "--anew")).code).toBe(0);
    expect((await runCli(["backup", "verify", dir])).code).toBe(0);
  });

  it("nothing is written through a link that lies in the folder", async () => {
    const outside = join(scratch, `outside-${name}`);
    await mkdir(outside);
    await mkdir(join(dir, "streams"), { recursive: true });
    await symlink(outside, join(dir, "streams", name));
    await make(name, "1");
    const inner = await run("backup", name, dir);
    expect({ code: inner.code, stderr: inner.stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("symbolic link") as string,
    });
    await rm(join(dir, "streams"), { recursive: true });
    await symlink(outside, join(dir, "streams"));
    expect((await run("backup", name, dir)).code).toBe(2);
    expect(await readdir(outside)).toEqual([]);
  });

  it("a folder that the manifest names outside of the backup is not read", async () => {
    await make(name, "1");
    expect((await run("backup", name, dir)).code).toBe(0);
    await rename(join(dir, "streams", name), join(scratch, `moved-${name}`));
    await edit(join(dir, "manifest.json"), (line) =>
      line.replace(`"folder":"${name}"`, `"folder":"../../moved-${name}"`),
    );
    expect((await runCli(["backup", "verify", dir])).code).toBe(8);
    expect((await runCli(["restore", dir, "--url", other.url])).code).toBe(8);
    expect((await fetch(urlOf(other, name))).status).toBe(404);
  });

  it("a pipe in the place of a file is damage, and is not waited for", async () => {
    await make(name, "1");
    expect((await run("backup", name, dir)).code).toBe(0);
    for (const file of ["1-00000001.json", "stream.json"]) {
      const path = join(dir, "streams", name, file);
      await rm(path);
      await promisify(execFile)("mkfifo", [path]);
      const { code, stdout } = await runCli(["backup", "verify", dir]);
      expect({ code, stdout }).toMatchObject({ code: 8, stdout: expect.stringContaining("is not a file") as string });
    }
  });
});

describe("restore", () => {
  it("a name that is the URL of another server is refused, and the token does not go there", async () => {
    const thief = await startScripted((_request, response) => response.writeHead(404).end());
    try {
      await make(name, "1");
      expect((await run("backup", name, dir)).code).toBe(0);
      const manifest = join(dir, "streams", name, "stream.json");
      await edit(manifest, (line) => line.replace(`"name":"${name}"`, `"name":"${thief.url}/v1/stream/x"`));
      const { code, stderr } = await runCli(["restore", dir, "--url", other.url], {
        env: { DURABLE_STREAMS_TOKEN: "for-the-other-one-only" },
      });
      expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("is a URL") as string });
      expect(thief.requests).toEqual([]);
    } finally {
      await thief.stop();
    }
  });
});
