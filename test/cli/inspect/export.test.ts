import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ROW_GROUP_ROWS } from "../../../src/cli/inspect/export/parquet-encoder.ts";
import { BLOCK_BYTES } from "../../../src/cli/inspect/export/rows.ts";
import { formatOffset } from "../../../src/protocol/offset.ts";
import { runCli, type RunResult } from "../../support/cli.ts";
import { SERVERS, type TestServer } from "../../support/servers.ts";
import { startPages, type PageServer, type ServedStream } from "./support/page-server.ts";
import { readParquet } from "./support/parquet.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "durable-streams-export-"));
});
afterEach(() => rm(folder, { recursive: true }));

const MESSAGES = [`{"n":12345678901234567890,"n":1.0}`, `[\n1 ]`, `"ü"`, "null"];
const LINES = Buffer.concat([Buffer.from("one\n\nü\n"), Buffer.from([0xff, 0x0a]), Buffer.from("no end")]);

describe.each(SERVERS)("inspect export from $name", ({ name, start }) => {
  const isOurs = name === "the built server";
  let server: TestServer;
  let count = 0;

  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());

  async function stream(contentType: string, body?: string | Uint8Array): Promise<string> {
    const url = `${server.url}/v1/stream/export-${String(count++)}`;
    const created = await fetch(url, {
      method: "PUT",
      headers: { "content-type": contentType },
      body: typeof body === "string" || body === undefined ? (body ?? null) : Buffer.from(body),
    });
    expect(created.status).toBe(201);
    return url;
  }

  async function exported(url: string, to: string): Promise<Buffer> {
    const file = join(folder, `x.${to}`);
    const run = await runCli(["inspect", "export", url, "--to", to, "--file", file]);
    expect(run).toMatchObject({ code: 0, stdout: "" });
    expect(await readdir(folder)).toContain(`x.${to}`);
    return readFile(file);
  }

  const offset = (position: number): string | null => (isOurs ? formatOffset(position) : null);
  const place = (position: number): string =>
    isOurs ? `"offset":"${formatOffset(position)}"` : `"position":${String(position)}`;

  it("JSON: every message verbatim, in all three forms", async () => {
    const url = await stream("application/json", `[${MESSAGES.join(",")}]`);
    const ndjson = MESSAGES.map((message) => `${message.replaceAll("\n", " ")}\n`).join("");
    // The reference server parses what it stores, and says it in its own way.
    const stored = isOurs
      ? MESSAGES
      : ((await (await fetch(`${url}?offset=-1`)).json()) as unknown[]).map((each) => JSON.stringify(each));
    if (isOurs) expect((await exported(url, "ndjson")).toString()).toBe(ndjson);
    else expect((await exported(url, "ndjson")).toString()).toBe(stored.map((message) => `${message}\n`).join(""));
    expect((await exported(url, "raw")).toString()).toBe(`[${stored.join(",")}]`);
    await exported(url, "parquet");
    const { rows, facts, columns } = await readParquet(join(folder, "x.parquet"));
    expect(rows).toEqual(stored.map((message, i) => ({ position: BigInt(i), offset: offset(i), message })));
    expect(columns).toEqual(["position", "offset", "message"]);
    expect(facts).toMatchObject({ "durable-streams.stream": url, "durable-streams.contentType": "application/json" });
    expect("durable-streams.incarnation" in facts).toBe(isOurs);
  });

  it("text: a row a line, and bytes that are no text stay what they are", async () => {
    const url = await stream("text/plain", LINES);
    expect((await exported(url, "raw")).equals(LINES)).toBe(true);
    expect((await exported(url, "ndjson")).toString()).toBe(
      [
        `{${place(0)},"message":"one\\n"}`,
        `{${place(4)},"message":"\\n"}`,
        `{${place(5)},"message":"ü\\n"}`,
        `{${place(8)},"base64":"/wo="}`,
        `{${place(10)},"message":"no end"}`,
        "",
      ].join("\n"),
    );
    await exported(url, "parquet");
    const { rows, columns } = await readParquet(join(folder, "x.parquet"));
    expect(columns).toEqual(["position", "offset", "message", "bytes"]);
    expect(rows.map(({ message, bytes }) => message ?? bytes)).toEqual([
      "one\n",
      "\n",
      "ü\n",
      new Uint8Array([0xff, 10]),
      "no end",
    ]);
    expect(rows.map(({ position }) => position)).toEqual([0n, 4n, 5n, 8n, 10n]);
    expect(rows.map((row) => row.offset)).toEqual([0, 4, 5, 8, 10].map(offset));
  });

  it("bytes: rows of 64 KiB", async () => {
    const bytes = randomBytes(2 * BLOCK_BYTES + 100);
    const url = await stream("application/octet-stream", bytes);
    expect((await exported(url, "raw")).equals(bytes)).toBe(true);
    const lines = (await exported(url, "ndjson")).toString().trimEnd().split("\n");
    const decoded = lines.map((line) => Buffer.from((JSON.parse(line) as { base64: string }).base64, "base64"));
    expect(Buffer.concat(decoded).equals(bytes)).toBe(true);
    await exported(url, "parquet");
    const { rows } = await readParquet(join(folder, "x.parquet"));
    expect(rows.map(({ position, message }) => [position, (message as Uint8Array).byteLength])).toEqual([
      [0n, BLOCK_BYTES],
      [BigInt(BLOCK_BYTES), BLOCK_BYTES],
      [BigInt(2 * BLOCK_BYTES), 100],
    ]);
    expect(Buffer.concat(rows.map(({ message }) => message as Uint8Array)).equals(bytes)).toBe(true);
  });

  it("a stream without messages makes a file without rows", async () => {
    const url = await stream("application/json");
    expect((await exported(url, "ndjson")).toString()).toBe("");
    expect((await exported(url, "raw")).toString()).toBe("[]");
    await exported(url, "parquet");
    expect((await readParquet(join(folder, "x.parquet"))).rows).toEqual([]);
  });

  it("--json says what the export came to", async () => {
    const url = await stream("application/json", "[1,2,3]");
    const file = join(folder, "x");
    const { stdout, stderr, code } = await runCli(["inspect", "export", url, "--to", "raw", "--file", file, "--json"]);
    const { headers } = await fetch(url, { method: "HEAD" });
    expect(JSON.parse(stdout)).toEqual({
      stream: url,
      file,
      to: "raw",
      contentType: "application/json",
      rows: 3,
      bytes: 7,
      nextOffset: headers.get("stream-next-offset"),
      resumedAtRow: 0,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: `Exported 3 rows, 7 B, to ${file}\n` });
    expect(await readdir(folder)).toEqual(["x"]);
  });

  it("a stream that is not there is exit code 3, and leaves nothing behind", async () => {
    const file = join(folder, "x");
    const run = await runCli(["inspect", "export", `${server.url}/v1/stream/none`, "--to", "raw", "--file", file]);
    expect(run.code).toBe(3);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("inspect export", () => {
  let server: PageServer;
  const stream: ServedStream = {
    contentType: "application/json",
    incarnation: "11111111-2222-4333-8444-555555555555",
    pages: [["1", "2"], ["3", "4"], ["5"]],
  };

  beforeEach(async () => {
    delete stream.tail;
    server = await startPages(stream);
  });
  afterEach(() => server.stop());

  const run = (...args: readonly string[]): Promise<RunResult> =>
    runCli(["inspect", "export", "s", "--url", server.url, ...args]);

  it.each([[[]], [["--file", "-"]]])("without a file it goes to stdout, %j", async (args) => {
    expect(await run("--to", "ndjson", ...args)).toMatchObject({ code: 0, stdout: "1\n2\n3\n4\n5\n", stderr: "" });
    expect(await run("--to", "raw", ...args)).toMatchObject({ code: 0, stdout: "[1,2,3,4,5]" });
  });

  it.each([
    [2, [0, 1]],
    [3, [0, 1]],
    [0, [0]],
  ])("a stream that grows meanwhile is exported to where it ended: %i messages", async (tail, pages) => {
    stream.tail = tail;
    const { stdout } = await run("--to", "raw");
    expect(stdout).toBe(`[${[1, 2, 3, 4, 5].slice(0, tail).join(",")}]`);
    expect(server.reads.flatMap((reads, page) => (reads > 0 ? [page] : []))).toEqual(
      pages.slice(0, Math.max(1, Math.ceil(tail / 2))),
    );
  });

  it("a long stream is a table of several row groups, each of which readers can leave out by its positions", async () => {
    const many = Array.from({ length: ROW_GROUP_ROWS + 5 }, (_, i) => String(i));
    const long = await startPages({ ...stream, pages: [many.slice(0, 30_000), many.slice(30_000)] });
    const file = join(folder, "x.parquet");
    expect((await runCli(["inspect", "export", "s", "--url", long.url, "--to", "parquet", "--file", file])).code).toBe(
      0,
    );
    await long.stop();
    const { rows, groups } = await readParquet(file);
    expect(groups.map(({ num_rows }) => num_rows)).toEqual([BigInt(ROW_GROUP_ROWS), 5n]);
    const statistics = groups.map(({ columns }) => columns[0]?.meta_data?.statistics);
    expect(statistics).toMatchObject([
      { min_value: 0n, max_value: BigInt(ROW_GROUP_ROWS - 1) },
      { min_value: BigInt(ROW_GROUP_ROWS), max_value: BigInt(ROW_GROUP_ROWS + 4) },
    ]);
    expect(rows.map(({ message }) => message)).toEqual(many);
  });

  it.each([
    ["parquet without a file", ["--to", "parquet"], "--to parquet needs a file."],
    ["parquet on stdout", ["--to", "parquet", "--file", "-"], "--to parquet needs a file."],
    ["no form", ["--file", "x"], "Error: inspect export needs --to: one of ndjson, raw, parquet.\n"],
    ["another form", ["--to", "csv"], "csv"],
    ["consent to nothing", ["--to", "raw", "--force"], "--force has nothing to replace on stdout."],
    ["a folder", ["--to", "raw", "--file", "/"], "is a folder"],
    ["a device", ["--to", "raw", "--file", "/dev/null"], "is a device or a pipe"],
    ["a folder that is not there", ["--to", "raw", "--file", "/nonexist/x"], "the folder /nonexist does not exist"],
  ])("%s is a usage error, before anything is asked of the server", async (_what, args, says) => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(says);
    expect(server.requests).toEqual([]);
  });

  it("--json beside an export on stdout is a usage error", async () => {
    const { code, stdout } = await run("--to", "raw", "--json");
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "USAGE" } });
  });

  it.each([".part", ".export"])("FILE%s of somebody else is never touched, not even with --force", async (ending) => {
    const file = join(folder, "x");
    await writeFile(`${file}${ending}`, "mine");
    for (const force of [[], ["--force"]]) {
      const refused = await run("--to", "raw", "--file", file, ...force);
      expect(refused).toMatchObject({ code: 2, stdout: "" });
      expect(refused.stderr).toContain(
        `Error: ${JSON.stringify(`${file}${ending}`)} is there already, and no export has left it there.\n`,
      );
    }
    expect(await readFile(`${file}${ending}`, "utf8")).toBe("mine");
    expect(await readdir(folder)).toEqual([`x${ending}`]);
    expect(server.requests).toEqual([]);
  });

  it.each([".part", ".export", ".export.draft"])("nothing is written through a link at FILE%s", async (ending) => {
    const [file, target] = [join(folder, "x"), join(folder, "target")];
    await writeFile(target, "mine");
    const isDraft = ending.endsWith(".draft");
    await symlink(target, isDraft ? join(folder, `.x${ending}`) : `${file}${ending}`);
    expect((await run("--to", "raw", "--file", file, "--force")).code).toBe(isDraft ? 0 : 2);
    expect(await readFile(target, "utf8")).toBe("mine");
  });

  it("a link that leads nowhere is there all the same, and nothing is made where it leads", async () => {
    const [file, target] = [join(folder, "x"), join(folder, "target")];
    await symlink(target, file);
    expect((await run("--to", "raw", "--file", file)).code).toBe(2);
    expect(await readdir(folder)).toEqual(["x"]);
  });

  it("an empty name is a usage error", async () => {
    const { code, stderr } = await run("--to", "raw", "--file", "");
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: "Error: --file names no file: it is empty.\nName a file, or leave it out.\n",
    });
    expect(server.requests).toEqual([]);
  });

  it("a file of somebody else is never touched without --force, and is named", async () => {
    const file = join(folder, "x");
    await writeFile(file, "mine");
    const refused = await run("--to", "raw", "--file", file);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toBe(
      `Error: ${JSON.stringify(file)} is there already.\nChoose another file, or replace it with --force.\n`,
    );
    expect(await readFile(file, "utf8")).toBe("mine");
    expect(server.requests).toEqual([]);
    expect((await run("--to", "raw", "--file", file, "--force")).code).toBe(0);
    expect(await readFile(file, "utf8")).toBe("[1,2,3,4,5]");
    expect(await readdir(folder)).toEqual(["x"]);
  });

  it("a link to a file is a file of somebody else too", async () => {
    const [file, target] = [join(folder, "x"), join(folder, "target")];
    await writeFile(target, "mine");
    await symlink(target, file);
    expect((await run("--to", "raw", "--file", file)).code).toBe(2);
    expect(await readFile(target, "utf8")).toBe("mine");
  });
});

describe("the Parquet library", () => {
  // Told by the module loader itself; the file's name is that of the source that asks for the library.
  const hook = `import{registerHooks}from"node:module";registerHooks({load(url,context,next){if(url.includes("parquet"))process.stderr.write("loaded\\n");return next(url,context)}})`;
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` };

  it("is loaded by --to parquet, and by nothing else", async () => {
    const server = await startPages({ contentType: "text/plain", incarnation: undefined, pages: [Buffer.from("x")] });
    const run = async (...args: readonly string[]): Promise<number> => {
      const { stderr } = await runCli([...args, "--url", server.url], { env });
      return stderr.split("loaded\n").length - 1;
    };
    expect(await run("inspect", "export", "s", "--to", "parquet", "--file", join(folder, "x"))).toBe(1);
    expect(await run("inspect", "export", "s", "--to", "ndjson")).toBe(0);
    expect(await run("inspect", "verify", "s")).toBe(0);
    expect(await run("read", "s")).toBe(0);
    await server.stop();
  });
});
