// backup, backup verify and restore, as built, against both servers.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { BackupFolder } from "../../../src/cli/backup/backup-folder.ts";
import { folderName } from "../../../src/cli/backup/folder-name.ts";
import { writeStreamManifest } from "../../../src/cli/backup/stream-manifest.ts";
import { runCli, type RunResult, startCli } from "../../support/cli.ts";
import { startScripted } from "../../support/scripted-server.ts";
import { SERVERS, startBuilt, startReference, type TestServer } from "../../support/servers.ts";
import { shiftedClock } from "../../support/shifted-clock.ts";
import { append, AWKWARD_JSON, AWKWARD_TEXT, close, create, expectSame, readWhole, remove } from "./support/raw.ts";

let scratch: string;
let count = 0;
/** A folder that is not there yet. */
let dir: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "durable-streams-backup-"));
});
afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});
beforeEach(() => {
  dir = join(scratch, `backup-${String(++count)}`);
});

async function run(server: TestServer, ...args: readonly string[]): Promise<RunResult> {
  return runCli([...args, "--url", server.url]);
}

async function done(server: TestServer, ...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await run(server, ...args, "--json");
  expect(code, `${args.join(" ")}: ${stdout}${stderr}`).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

function urlOf(server: TestServer, name: string): string {
  return `${server.url}/v1/stream/${name}`;
}

function filesOf(stream: string): Promise<string[]> {
  return readdir(join(dir, "streams", folderName(stream))).then((names) => names.filter((name) => /^\d/.test(name)));
}

async function verify(): Promise<{ code: number | null; findings: { stream: string; problem: string }[] }> {
  const { code, stdout } = await runCli(["backup", "verify", dir, "--json"]);
  return { code, findings: (JSON.parse(stdout) as { findings: { stream: string; problem: string }[] }).findings };
}

async function flipBit(file: string): Promise<void> {
  const content = await readFile(file);
  const at = content.byteLength >> 1;
  content[at] = (content[at] ?? 0) ^ 1;
  await writeFile(file, content);
}

describe.each(SERVERS)("backup and restore on $name", ({ start }) => {
  let server: TestServer;
  let n = 0;
  let name: string;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(async () => {
    await server.stop();
  });
  beforeEach(() => {
    name = `s${String(++n)}`;
  });

  it.each([
    ["application/octet-stream", Buffer.from([0, 255, 10, 13, 0, 91, 93])],
    ["text/plain", AWKWARD_TEXT],
    ["application/json", Buffer.from('[{"a":1},"two",[3],null]')],
  ])("restore: what was %s comes back byte for byte, with its type, and is closed last", async (type, body) => {
    const url = urlOf(server, name);
    await create(url, { contentType: type });
    await append(url, type, body);
    await append(url, type, body);
    await close(url);
    await done(server, "backup", name, dir);
    expect(await verify()).toEqual({ code: 0, findings: [] });
    await done(server, "restore", dir, "--prefix-map", "s=copy/s");
    const copy = await readWhole(urlOf(server, `copy/${name}`));
    expectSame(copy, await readWhole(url));
    expect(copy.closed).toBe(true);
  });

  it("backup: a second run reads and writes only what is new", async () => {
    const url = urlOf(server, name);
    const first = Buffer.alloc(3_000_000, "a");
    await create(url, { contentType: "application/octet-stream" });
    await append(url, "application/octet-stream", first);
    await done(server, "backup", name, dir);
    const [old = ""] = await filesOf(name);
    const before = await stat(join(dir, "streams", name, old));
    await append(url, "application/octet-stream", "news");

    const { stderr } = await runCli(["backup", name, dir, "--url", server.url], {
      env: { DURABLE_STREAMS_DEBUG: "api" },
    });
    const read = stderr.split("\n").filter((line) => line.startsWith("> GET") && line.includes("offset="));
    const fromStart = read.filter((line) => line.includes("offset=-1"));
    // Where the server does not tell creations apart, the beginning of the last answer is looked at again.
    const again = start === startReference ? 1 : 0;
    expect(fromStart.length).toBe(again);
    expect(read.length).toBe(1 + again);
    const files = await filesOf(name);
    expect(files).toEqual([old, old.replace("1.bin", "2.bin")]);
    expect(await readFile(join(dir, "streams", name, files[1] ?? ""), "utf8")).toBe("news");
    expect(await stat(join(dir, "streams", name, old))).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
    expect(await done(server, "backup", name, dir)).toMatchObject({ unchanged: 1, bytes: 0, files: 0 });
    expect(await filesOf(name)).toEqual(files);
  });

  it("backup: a stream that was created again is refused with 5 and not mixed in; --anew gives the old one up", async () => {
    const url = urlOf(server, name);
    await create(url, { contentType: "text/plain" });
    await append(url, "text/plain", "the old one");
    await done(server, "backup", name, dir);
    await remove(url);
    await create(url, { contentType: "text/plain" });
    await append(url, "text/plain", "the new one, which is longer");

    const manifest = join(dir, "streams", name, "stream.json");
    const before = await readFile(manifest, "utf8");
    const refused = await run(server, "backup", name, dir);
    expect(refused).toMatchObject({ code: 5, stdout: "" });
    expect(refused.stderr).toContain("was deleted and created again");
    expect(await readFile(manifest, "utf8")).toBe(before);
    expect(await readFile(join(dir, "streams", name, "1-00000001.txt"), "utf8")).toBe("the old one");

    await done(server, "backup", name, dir, "--anew");
    expect(await filesOf(name)).toEqual(["2-00000001.txt"]);
    expect(await readFile(join(dir, "streams", name, "2-00000001.txt"), "utf8")).toBe("the new one, which is longer");
    expect(await verify()).toEqual({ code: 0, findings: [] });
  });

  it("backup: a stream that became shorter, or another type, is another one", async () => {
    const url = urlOf(server, name);
    await create(url, { contentType: "text/plain" });
    await append(url, "text/plain", "long enough");
    await done(server, "backup", name, dir);
    await remove(url);
    await create(url, { contentType: "text/plain" });
    expect((await run(server, "backup", name, dir)).code).toBe(5);
    await remove(url);
    await create(url, { contentType: "text/csv" });
    await append(url, "text/csv", "long enough");
    const { code, stderr } = await run(server, "backup", name, dir);
    expect(code).toBe(5);
    expect(stderr).toContain("text/csv");
  });

  it("restore: run again it sends nothing; after the backup has grown it adds what is new", async () => {
    const url = urlOf(server, name);
    await create(url, { contentType: "application/json" });
    await append(url, "application/json", "[1,2,3]");
    await done(server, "backup", name, dir);
    const restore = () => done(server, "restore", dir, "--prefix-map", "=copies/");
    expect(await restore()).toMatchObject({ messages: 3, unchanged: 0 });
    expect(await restore()).toMatchObject({ messages: 0, unchanged: 1, bytes: 0 });
    await append(url, "application/json", "[4]");
    await close(url);
    await done(server, "backup", name, dir);
    expect(await restore()).toMatchObject({ messages: 1 });
    expect(await restore()).toMatchObject({ messages: 0, unchanged: 1 });
    expectSame(await readWhole(urlOf(server, `copies/${name}`)), await readWhole(url));
  });

  it.each([
    ["application/json", ['[{"id":1}]', '["é", 2]'], 8 + 4 + 1],
    ["text/plain", ["one", "two"], 6],
  ])("of %s every command counts the bytes of the messages, and no more", async (type, bodies, bytes) => {
    const url = urlOf(server, name);
    await create(url, { contentType: type });
    for (const body of bodies) await append(url, type, body);
    const counts = [
      await done(server, "backup", name, dir),
      await done(server, "restore", dir, "--prefix-map", "=counted/"),
      await done(server, "mirror", name, `mirrored/${name}`),
      await done(server, "mirror", "verify", name, `mirrored/${name}`),
      JSON.parse((await runCli(["backup", "verify", dir, "--json"])).stdout) as unknown,
    ];
    expect(counts).toMatchObject(counts.map(() => ({ bytes })));
  });

  it("restore: an empty stream that is made now was not there already; the next time it was", async () => {
    await create(urlOf(server, name), { contentType: "text/plain" });
    await done(server, "backup", name, dir);
    const restore = () => run(server, "restore", dir, "--prefix-map", "=empty/");
    const rest = "0 B sent, read back and the same\n";
    expect((await restore()).stderr).toBe(`Restored 1 stream to ${server.url}/v1/stream: ${rest}`);
    const again = `Restored 1 stream to ${server.url}/v1/stream, 1 of them there already: ${rest}`;
    expect((await restore()).stderr).toBe(again);
  });

  it("restore: a stream that is not this restore's is refused with 5 and left alone", async () => {
    const url = urlOf(server, name);
    await create(url, { contentType: "text/plain" });
    await append(url, "text/plain", "mine");
    await done(server, "backup", name, dir);
    const { code, stdout } = await run(server, "restore", dir, "--json");
    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "TARGET_NOT_EMPTY" } });
    expect((await readWhole(url)).bytes.toString()).toBe("mine");
  });

  it("restore: a copy that somebody else has written to is refused with 5", async () => {
    const url = urlOf(server, name);
    await create(url, { contentType: "text/plain" });
    await append(url, "text/plain", "mine");
    await done(server, "backup", name, dir);
    await done(server, "restore", dir, "--prefix-map", "=other/");
    await append(urlOf(server, `other/${name}`), "text/plain", "theirs");
    await append(url, "text/plain", ", and more");
    await done(server, "backup", name, dir);
    const { code, stderr } = await run(server, "restore", dir, "--prefix-map", "=other/");
    expect(code).toBe(5);
    expect(stderr).toContain("is not a copy of");
  });
});

describe("backup and restore on the built server", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startBuilt({ vars: { SEGMENT_MAX_MESSAGES: "5" } });
  });
  afterAll(async () => {
    await server.stop();
  });

  it("awkward JSON comes back as the bytes that it was", async () => {
    const url = urlOf(server, "awkward");
    await create(url, { contentType: "application/json" });
    for (const message of AWKWARD_JSON) await append(url, "application/json", `[${message}]`);
    await done(server, "backup", "awkward", dir);
    await done(server, "restore", dir, "--prefix-map", "=copy/");
    const copy = await readWhole(urlOf(server, "copy/awkward"));
    expect(copy.bytes.toString()).toBe(AWKWARD_JSON.join(","));
    expect(JSON.parse(await readFile(join(dir, "streams/awkward/1-00000001.json"), "utf8"))).toHaveLength(
      AWKWARD_JSON.length,
    );
  });

  it("sealed history and forks are backed up whole, and restored without what they were forked from", async () => {
    const source = urlOf(server, "forked/source");
    await create(source, { contentType: "application/json" });
    for (let i = 0; i < 23; i++) await append(source, "application/json", `[${String(i)}]`);
    const fork = { "stream-forked-from": new URL(source).pathname };
    await create(urlOf(server, "forked/fork"), { contentType: "application/json", headers: fork });
    await append(urlOf(server, "forked/fork"), "application/json", '["own"]');
    await append(source, "application/json", '["later"]');
    await close(source);
    const before = [await readWhole(source), await readWhole(urlOf(server, "forked/fork"))];

    expect(await done(server, "backup", "--prefix", "forked/", dir)).toMatchObject({ streams: 2, messages: 48 });
    await remove(urlOf(server, "forked/fork"));
    await remove(source);
    await done(server, "restore", dir);
    expect([await readWhole(source), await readWhole(urlOf(server, "forked/fork"))]).toEqual(before);
  });

  it("time to live, expiry and openness are restored, and --no-expiry leaves out the first two", async () => {
    const far = new Date(Date.now() + 3_600_000).toISOString();
    await create(urlOf(server, "kept/ttl"), { contentType: "text/plain", headers: { "stream-ttl": "3600" } });
    await create(urlOf(server, "kept/at"), { contentType: "text/plain", headers: { "stream-expires-at": far } });
    await create(`${urlOf(server, "kept/open")}?public=true`, { contentType: "text/plain" });
    await done(server, "backup", "--prefix", "kept/", dir);
    const head = async (name: string, header: string) =>
      (await fetch(urlOf(server, name), { method: "HEAD" })).headers.get(header);
    await done(server, "restore", dir, "--prefix-map", "kept/=again/");
    expect(await head("again/ttl", "stream-ttl")).toBe("3600");
    expect(Date.parse((await head("again/at", "stream-expires-at")) ?? "")).toBe(Date.parse(far));
    const { stdout } = await run(server, "list", "again/", "--long", "--json");
    const rows = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { path: string; public: boolean });
    expect(rows.filter((row) => row.public).map((row) => row.path)).toEqual(["again/open"]);

    await done(server, "restore", dir, "--prefix-map", "kept/=forever/", "--no-expiry");
    expect(await head("forever/ttl", "stream-ttl")).toBeNull();
    expect(await head("forever/at", "stream-expires-at")).toBeNull();
  });

  it("a stream that has expired since is told of, and restored with --no-expiry", async () => {
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
    await create(urlOf(server, "soon"), { contentType: "text/plain", headers: { "stream-expires-at": inAnHour } });
    await append(urlOf(server, "soon"), "text/plain", "gone");
    await done(server, "backup", "soon", dir);
    await remove(urlOf(server, "soon"));
    const clock = await shiftedClock(3_600_001);
    const { code, stdout } = await runCli(["restore", dir, "--json", "--url", server.url], { env: clock.env });
    await clock.remove();
    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "STREAM_EXPIRED" } });
    await done(server, "restore", dir, "--no-expiry");
    expect((await readWhole(urlOf(server, "soon"))).bytes.toString()).toBe("gone");
  });

  it("names that a file system would confuse, and long ones, are kept apart", async () => {
    const long = "é".repeat(500);
    const names = ["odd/a", "odd/A", "odd/con", "odd/nul.txt", "odd/a.", "odd/~", "odd/%2e", "odd/a b", `odd/${long}`];
    for (const name of names) {
      const url = urlOf(server, name.split("/").map(encodeURIComponent).join("/"));
      await create(url, { contentType: "text/plain" });
      await append(url, "text/plain", name);
    }
    expect(await done(server, "backup", "--prefix", "odd/", dir)).toMatchObject({ streams: names.length });
    expect(await verify()).toEqual({ code: 0, findings: [] });
    await done(server, "restore", dir, "--prefix-map", "odd/=even/");
    for (const name of names) {
      const url = urlOf(server, name.replace("odd/", "even/").split("/").map(encodeURIComponent).join("/"));
      expect((await readWhole(url)).bytes.toString()).toBe(name);
    }
  });

  it("of many streams one that is refused holds up no other", async () => {
    for (const name of ["many/a", "many/b", "many/c"]) await create(urlOf(server, name), { contentType: "text/plain" });
    await done(server, "backup", "--prefix", "many/", dir);
    await remove(urlOf(server, "many/b"));
    await create(urlOf(server, "many/b"), { contentType: "text/plain" });
    await append(urlOf(server, "many/c"), "text/plain", "news");
    const { code, stdout, stderr } = await run(server, "backup", "--prefix", "many/", dir, "--json");
    expect(code).toBe(5);
    expect(stderr).toContain("many/b");
    expect(JSON.parse(stdout)).toMatchObject({
      streams: 2,
      failed: 1,
      bytes: 4,
      failures: [{ stream: "many/b", code: "STREAM_REPLACED" }],
    });
  });

  it("a damaged manifest of one stream is told with 8: the others are backed up, and listed anew", async () => {
    for (const name of ["hurt/a", "hurt/b"]) await create(urlOf(server, name), { contentType: "text/plain" });
    await done(server, "backup", "--prefix", "hurt/", dir);
    const manifest = join(dir, "streams", folderName("hurt/a"), "stream.json");
    await writeFile(manifest, (await readFile(manifest, "utf8")).replace("text/plain", "text/html"));
    await append(urlOf(server, "hurt/b"), "text/plain", "news");
    await create(urlOf(server, "hurt/c"), { contentType: "text/plain" });
    const damage = { stream: "hurt/a", code: "BACKUP_DAMAGED" };

    const many = await run(server, "backup", "--prefix", "hurt/", dir, "--json");
    expect(JSON.parse(many.stdout)).toMatchObject({ streams: 2, bytes: 4, failed: 1, failures: [damage] });
    expect(many.code).toBe(8);
    const [line = ""] = (await readFile(join(dir, "manifest.json"), "utf8")).split("\n");
    expect((JSON.parse(line) as { streams: unknown }).streams).toMatchObject([
      { name: "hurt/a", positions: 0 },
      { name: "hurt/b", positions: 4 },
      { name: "hurt/c", positions: 0 },
    ]);
    expect((await verify()).findings).toMatchObject([{ stream: "hurt/a" }]);

    // Also by a run that is not about it.
    await append(urlOf(server, "hurt/c"), "text/plain", "more");
    const single = await run(server, "backup", "hurt/c", dir, "--json");
    expect(JSON.parse(single.stdout)).toMatchObject({ streams: 1, bytes: 4, failed: 1, failures: [damage] });
    expect(single.code).toBe(8);
    expect(single.stderr).toContain("1 stream that this run was not about is damaged");
    expect((await run(server, "backup", "hurt/a", dir)).code).toBe(8);
  });

  it("a restore to a server that writes JSON anew ends with 8, and is whole and closed all the same", async () => {
    const reference = await startReference();
    try {
      await create(urlOf(server, "rewritten"), { contentType: "application/json" });
      await append(urlOf(server, "rewritten"), "application/json", '[1.0,{"a":1}]');
      await close(urlOf(server, "rewritten"));
      await done(server, "backup", "rewritten", dir);
      for (let i = 0; i < 2; i++) {
        const { code, stdout } = await run(reference, "restore", dir, "--json");
        expect(code).toBe(8);
        expect(JSON.parse(stdout)).toMatchObject({ error: { code: "COPY_REWRITTEN" } });
      }
      const copy = await readWhole(urlOf(reference, "rewritten"));
      expect(copy).toMatchObject({ bytes: Buffer.from('1,{"a":1}'), closed: true });
    } finally {
      await reference.stop();
    }
  });

  it("--prefix on a server without a list is told of", async () => {
    const reference = await startReference();
    try {
      const { code, stderr } = await run(reference, "backup", "--prefix", "x", dir);
      expect(code).toBe(1);
      expect(stderr).toContain("lists its streams");
    } finally {
      await reference.stop();
    }
  });
});

describe("damage", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startReference();
    await create(urlOf(server, "whole"), { contentType: "application/json" });
    await append(urlOf(server, "whole"), "application/json", "[1,2,3]");
  });
  afterAll(async () => {
    await server.stop();
  });
  beforeEach(async () => {
    await done(server, "backup", "whole", dir);
    expect(await verify()).toEqual({ code: 0, findings: [] });
  });

  const data = () => join(dir, "streams/whole/1-00000001.json");

  it.each([
    ["a changed byte of a data file", () => flipBit(data()), "SHA-256"],
    ["a data file that is cut off", async () => writeFile(data(), (await readFile(data())).subarray(0, 5)), "5 bytes"],
    ["a missing data file", () => rm(data()), "is missing"],
    ["a changed manifest of a stream", () => flipBit(join(dir, "streams/whole/stream.json")), "hash"],
    ["a missing manifest of a stream", () => rm(join(dir, "streams/whole/stream.json")), "is missing"],
    ["a missing stream", () => rm(join(dir, "streams/whole"), { recursive: true }), "is missing"],
  ])("%s is found with 8, and nothing of it is restored", async (_what, harm, words) => {
    await harm();
    const { code, findings } = await verify();
    expect(code).toBe(8);
    expect(findings).toEqual([{ stream: "whole", problem: expect.stringContaining(words) as string }]);
    const restored = await run(server, "restore", dir, "--prefix-map", `=damaged-${String(count)}/`);
    expect(restored.code).toBe(8);
    const { status } = await fetch(`${urlOf(server, `damaged-${String(count)}/whole`)}?offset=-1`);
    if (status === 200) {
      expect((await readWhole(urlOf(server, `damaged-${String(count)}/whole`))).bytes.byteLength).toBe(0);
    } else {
      expect(status).toBe(404);
    }
  });

  it("an older manifest in the place of the present one is found", async () => {
    const manifest = join(dir, "streams/whole/stream.json");
    await copyFile(manifest, join(dir, "older"));
    await append(urlOf(server, "whole"), "application/json", "[4]");
    await done(server, "backup", "whole", dir);
    await copyFile(join(dir, "older"), manifest);
    const { code, findings } = await verify();
    expect(code).toBe(8);
    expect(findings).toEqual([{ stream: "whole", problem: expect.stringContaining("is older") as string }]);
  });

  it("a changed manifest of the backup is told with 8 by everything, and added to by nothing", async () => {
    await flipBit(join(dir, "manifest.json"));
    const { code, findings } = await verify();
    expect({ code, findings }).toMatchObject({
      code: 8,
      findings: [{ problem: expect.stringContaining("manifest.json") as string }],
    });
    expect(findings).toHaveLength(1);
    expect((await run(server, "backup", "whole", dir)).code).toBe(8);
  });

  it.each([
    ["damaged", () => flipBit(join(dir, "manifest.json"))],
    ["lost", () => rm(join(dir, "manifest.json"))],
  ])("restore: a backup whose own manifest is %s is restored all the same, with 8, and once", async (_what, harm) => {
    await harm();
    const map = `=unlisted-${String(count)}/`;
    const copy = urlOf(server, `unlisted-${String(count)}/whole`);
    const { code, stdout } = await run(server, "restore", dir, "--prefix-map", map, "--json");
    expect(code).toBe(8);
    expect(JSON.parse(stdout)).toMatchObject({
      streams: 1,
      failed: 0,
      failures: [{ stream: dir, code: "BACKUP_DAMAGED" }],
    });
    expectSame(await readWhole(copy), await readWhole(urlOf(server, "whole")));
    const again = await run(server, "restore", dir, "--prefix-map", map, "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({ streams: 1, unchanged: 1, bytes: 0 });
  });

  it("on a terminal, or in a log, each finding is a line of stdout", async () => {
    await rm(data());
    const { code, stdout } = await runCli(["backup", "verify", dir]);
    expect(code).toBe(8);
    expect(stdout).toBe(`whole: ${data()} is damaged: it is missing\n`);
  });
});

describe("a backup of which some is damaged", () => {
  let server: TestServer;
  /** What the names of this test's streams begin with, and those of its copies. */
  let from: string;
  let to: string;
  const fileOf = (name: string, file: string) => join(dir, "streams", folderName(`${from}${name}`), file);
  const asideOf = (name: string, file: string) => join(dir, "damaged", `${folderName(`${from}${name}`)}.1`, file);
  const original = (name: string) => readWhole(urlOf(server, `${from}${name}`));
  const copyOf = (name: string) => readWhole(urlOf(server, `${to}${name}`));
  const restore = (...args: readonly string[]) =>
    run(server, "restore", dir, "--prefix-map", `${from}=${to}`, ...args, "--json");

  beforeAll(async () => {
    server = await startBuilt();
  });
  afterAll(async () => {
    await server.stop();
  });
  beforeEach(async () => {
    [from, to] = [`part-${String(count)}/`, `copies-${String(count)}/`];
    const types = {
      bytes: "text/plain",
      json: "application/json",
      lost: "text/plain",
      old: "text/plain",
      whole: "text/plain",
    };
    for (const [name, contentType] of Object.entries(types))
      await create(urlOf(server, `${from}${name}`), { contentType });
    // Two data files of each.
    for (const data of ["[1,2]", "[3]"]) {
      for (const [name, type] of Object.entries(types)) await append(urlOf(server, `${from}${name}`), type, data);
      if (data === "[3]") await copyFile(fileOf("old", "stream.json"), join(dir, "older"));
      for (const name of data === "[3]" ? ["json", "whole"] : []) await close(urlOf(server, `${from}${name}`));
      await done(server, "backup", "--prefix", from, dir);
    }
    await copyFile(join(dir, "older"), fileOf("old", "stream.json"));
    await rm(fileOf("lost", "stream.json"));
    await flipBit(fileOf("bytes", "stream.json"));
    await writeFile(fileOf("json", "1-00000002.json"), "[\n4\n]\n");
  });

  it("restore: all that is whole is restored, what is not is named and not made, and the exit code is 8", async () => {
    // What desktops leave everywhere, and a copy that somebody has made.
    await writeFile(join(dir, "streams", "thumbs"), "");
    await cp(join(fileOf("whole", "stream.json"), ".."), join(dir, "streams", "a-copy"), { recursive: true });
    const { code, stdout, stderr } = await restore();
    const result = JSON.parse(stdout) as { failures: { stream: string; code: string }[] };
    expect(result).toMatchObject({ streams: 1, failed: 5 });
    const damagedOnes = ["bytes", "json", "lost", "old"].map((name) => `${from}${name}`);
    expect(result.failures.map((failure) => failure.stream).sort()).toEqual(["a-copy", ...damagedOnes]);
    expect(new Set(result.failures.map((failure) => failure.code))).toEqual(new Set(["BACKUP_DAMAGED"]));
    expect(code).toBe(8);
    for (const name of damagedOnes) {
      expect(stderr).toContain(`Warning: ${name}: `);
      expect((await fetch(urlOf(server, name.replace(from, to)), { method: "HEAD" })).status).toBe(404);
    }
    expectSame(await copyOf("whole"), await original("whole"));
    // Of some of them only what belongs to these is told.
    const one = await restore("--prefix", `${from}l`);
    expect(one.code).toBe(8);
    expect(one.stdout).not.toContain(`${from}old`);
  });

  it("restore --partial: a damaged stream is restored up to the damage, told so, left open, and mended later", async () => {
    const partial = () => restore("--prefix", `${from}json`, "--partial");
    for (let i = 0; i < 2; i++) {
      const { code, stdout } = await partial();
      const message = expect.stringContaining("has only the first 2 of 3 messages") as string;
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: "RESTORED_IN_PART", message } });
      expect(code).toBe(8);
      expect(await copyOf("json")).toMatchObject({ bytes: Buffer.from("1,2"), closed: false });
    }
    await writeFile(fileOf("json", "1-00000002.json"), "[\n3\n]\n");
    expect((await partial()).code).toBe(0);
    expectSame(await copyOf("json"), await original("json"));
  });

  it("backup --anew: what is damaged is read anew, and kept aside as it was", async () => {
    for (const name of ["lost", "bytes"]) {
      const { code, stderr } = await run(server, "backup", `${from}${name}`, dir);
      expect({ code, stderr }).toMatchObject({ code: 8, stderr: expect.stringContaining("--anew") as string });
    }
    const [data, manifest] = [fileOf("json", "1-00000002.json"), fileOf("bytes", "stream.json")];
    // A name that only looks like ours counts for nothing.
    await writeFile(fileOf("bytes", "99999999999999999999-00000001.txt"), "");
    const [damagedData, damagedManifest] = [await readFile(data), await readFile(manifest)];
    const { code, stdout, stderr } = await run(server, "backup", "--prefix", from, dir, "--anew", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ streams: 5, failed: 0 });
    expect(code).toBe(0);
    expect(stderr).toContain(`kept in ${join(asideOf("json", "x"), "..")}`);
    expect(await readFile(asideOf("json", "1-00000002.json"))).toEqual(damagedData);
    expect(await readFile(asideOf("bytes", "stream.json"))).toEqual(damagedManifest);
    expect(await readFile(asideOf("lost", "1-00000001.txt"), "utf8")).toBe("[1,2]");
    expect(await filesOf(`${from}bytes`)).toEqual(["2-00000001.txt"]);
    expect((await readdir(join(dir, "damaged"))).length).toBe(3);

    expect(await verify()).toEqual({ code: 0, findings: [] });
    expect((await restore()).code).toBe(0);
    for (const name of ["bytes", "json", "lost", "old", "whole"]) expectSame(await copyOf(name), await original(name));
  });

  it("backup --anew: a damaged stream that is no longer on the server is left as it is", async () => {
    await remove(urlOf(server, `${from}bytes`));
    expect((await run(server, "backup", `${from}bytes`, dir, "--anew")).code).toBe(3);
    expect(await readFile(fileOf("bytes", "1-00000001.txt"), "utf8")).toBe("[1,2]");
  });
});

describe("wrong places", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startReference();
  });
  afterAll(async () => {
    await server.stop();
  });

  it("a folder that holds something else is refused with 2 and left alone", async () => {
    await mkdir(dir);
    await writeFile(join(dir, "note.txt"), "mine");
    const { code, stderr } = await run(server, "backup", "x", dir);
    expect(code).toBe(2);
    expect(stderr).toContain("is not empty, and no backup");
    expect(await readdir(dir)).toEqual(["note.txt"]);
  });

  it.each([
    [["backup"], "backup needs STREAM and DIR"],
    [["backup", "x"], "backup needs STREAM and DIR"],
    [["backup", "--prefix", "x"], "backup --prefix needs DIR"],
    [["backup", "--prefix", "x", "y", "z"], "are two backups"],
    [["restore"], "restore needs DIR"],
    [["restore", "/nowhere"], "There is no backup"],
    [["backup", "verify", "/nowhere"], "There is no backup"],
    [["restore", "/nowhere", "--prefix-map", "x"], 'has no "="'],
    [["mirror", "x"], "mirror needs SRC and DST"],
    [["mirror", "x", "x"], "are the same stream"],
    [["mirror", "--prefix", "x", "y"], "is no URL of one"],
    [["mirror", "http://127.0.0.1:1/a", "b", "--from-context", "c"], "There is no context"],
  ])("%j is a wrong command line: %s", async (args, words) => {
    const { code, stderr, stdout } = await runCli(args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(words);
  });

  it("a stream that is not there is told with 3, and what was not there before is not left", async () => {
    const within = join(dir, "new", "newer");
    await mkdir(dir);
    for (const path of [within, dir]) {
      const { code, stderr } = await run(server, "backup", "nothing", path);
      expect(code).toBe(3);
      expect(stderr).toContain('There is no stream "nothing"');
      expect(await readdir(dir)).toEqual([]);
    }
  });

  it("a first run that fails leaves nothing; a later one leaves the backup as it was", async () => {
    // This server lists nothing.
    expect((await run(server, "backup", "--prefix", "x/", dir)).code).toBe(1);
    await expect(stat(dir)).rejects.toThrow("ENOENT");

    // A backup that is there, with nothing in it, is not this run's to remove.
    const lister = await startScripted((_request, response) =>
      response.writeHead(200, { "content-type": "application/json" }).end('{"streams":[],"next_cursor":null}'),
    );
    try {
      await done(lister, "backup", "--prefix", "x/", dir);
    } finally {
      await lister.stop();
    }
    const before = await readFile(join(dir, "manifest.json"), "utf8");
    expect((await run(server, "backup", "nothing", dir)).code).toBe(3);
    expect(await readFile(join(dir, "manifest.json"), "utf8")).toBe(before);
    expect((await readdir(dir)).sort()).toEqual(["manifest.json", "streams"]);
  });

  it("a first run of which one stream fails keeps the others", async () => {
    const lister = await startScripted(async ({ method = "", url = "" }, response) => {
      if (url.includes("__ds/streams")) {
        const streams = [{ path: "p/bad" }, { path: "p/good" }];
        return response
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify({ streams, next_cursor: null }));
      }
      const answer = await fetch(new URL(url, server.url), { method });
      const content = Buffer.from(await answer.arrayBuffer());
      const kept = [...answer.headers].filter(([key]) => /^(?:content-type|stream-|etag)/.test(key));
      return response.writeHead(url.includes("p/bad") ? 400 : answer.status, Object.fromEntries(kept)).end(content);
    });
    try {
      await create(urlOf(server, "p/good"), { contentType: "text/plain" });
      await append(urlOf(server, "p/good"), "text/plain", "kept");
      const { code } = await run(lister, "backup", "--prefix", "p/", dir);
      expect(code).toBe(1);
      expect(await filesOf("p/good")).toEqual(["1-00000001.txt"]);
      expect(await verify()).toEqual({ code: 0, findings: [] });
    } finally {
      await lister.stop();
    }
  });

  it("a name that is a URL leads to no other server: neither one that a server lists, nor one in a backup", async () => {
    const other = await startScripted((_request, response) => response.writeHead(200).end());
    const lister = await startScripted((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ streams: [{ path: `${other.url}/v1/stream/x` }], next_cursor: null }));
    });
    try {
      const env = { DURABLE_STREAMS_TOKEN: "secret-token" };
      const server = ["--url", lister.url];
      const run = (...args: readonly string[]) => runCli([...args, "--json"], { env });
      for (const result of [
        await run("backup", "--prefix", "", dir, ...server),
        await run("mirror", "--prefix", "", lister.url, `${lister.url}/elsewhere`, ...server),
      ]) {
        expect(JSON.parse(result.stdout)).toMatchObject({ failed: 1, failures: [{ code: "USAGE" }] });
        expect(result.code).toBe(2);
      }
      expect((await run("delete", "--prefix", "x", "--yes", ...server)).code).toBe(2);

      const name = `${other.url}/v1/stream/x`;
      const backup = await BackupFolder.claim(dir);
      const { path: folder } = backup.streamFolder(name);
      await mkdir(folder);
      await writeStreamManifest(join(folder, "stream.json"), {
        ...{ name, source: name, contentType: "text/plain", closed: false, ttlSeconds: null, expiresAt: null },
        ...{ public: null, incarnation: null, generation: 1, positions: 0, probe: null, files: [] },
        end: { offset: "-1", skip: 0 },
      });
      await backup.finish();
      await backup.release({ hasFailed: false });
      const restored = await run("restore", dir, ...server);
      expect(restored.code).toBe(2);
      expect(JSON.parse(restored.stdout)).toMatchObject({ error: { code: "USAGE" } });
      expect(other.requests).toEqual([]);
    } finally {
      await Promise.all([other.stop(), lister.stop()]);
    }
  });

  it("two runs into one folder are kept apart with 5", async () => {
    await create(urlOf(server, "locked"), { contentType: "text/plain" });
    await done(server, "backup", "locked", dir);
    const { lockFile } = await import("../../../src/cli/file-lock.ts");
    const lock = await lockFile(join(dir, "manifest.json"));
    expect((await run(server, "backup", "locked", dir)).code).toBe(5);
    await lock.release();
    expect((await run(server, "backup", "locked", dir)).code).toBe(0);
  });

  it.each(["EPERM", "ENOTSUP"])("so are they on a file system without hard links, which says %s", async (code) => {
    const hook = `
      import fs from "node:fs/promises";
      import { syncBuiltinESMExports } from "node:module";
      fs.link = async () => {
        throw Object.assign(new Error("${code}: no hard links here, link"), { code: "${code}", syscall: "link" });
      };
      syncBuiltinESMExports();
    `;
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` };
    const backup = () => runCli(["backup", code, dir, "--url", server.url], { env });
    await create(urlOf(server, code), { contentType: "text/plain" });
    const first = await backup();
    expect(first.code, first.stderr).toBe(0);
    const { lockFile } = await import("../../../src/cli/file-lock.ts");
    const lock = await lockFile(join(dir, "manifest.json"));
    const second = await backup();
    expect(second).toMatchObject({ code: 5, stderr: expect.stringContaining("is in use: by process") as string });
    await lock.release();
    // The lock of a process that was killed is taken over.
    const dead = startCli(["--version"]);
    await once(dead, "close");
    const holder = { token: randomUUID(), process: { pid: dead.pid, started: "long ago" } };
    await writeFile(join(dir, "manifest.json.lock"), JSON.stringify(holder));
    expect((await backup()).code).toBe(0);
    expect((await readdir(dir)).sort()).toEqual(["manifest.json", "streams"]);
  });
});
