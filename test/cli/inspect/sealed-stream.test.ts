// inspect against the built server, whose segments here are so small that a few appends make history.
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SegmentRow, StreamMap } from "../../../src/client/operator-types.ts";
import { writeExportJournal } from "../../../src/cli/inspect/export/export-journal.ts";
import type { Verification } from "../../../src/cli/inspect/findings.ts";
import { formatOffset } from "../../../src/protocol/offset.ts";
import { runCli, type RunResult } from "../../support/cli.ts";
import { startBuilt, type TestServer } from "../../support/servers.ts";
import { readParquet } from "./support/parquet.ts";

const MESSAGES = Array.from(
  { length: 10 },
  (_message, n) => `{"n":${String(n)},"big":1234567890123456789${String(n)}}`,
);

let server: TestServer;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "durable-streams-sealed-"));
  server = await startBuilt({ vars: { SEGMENT_MAX_MESSAGES: "3" }, dataDir: join(folder, "data") });
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

async function run(...args: readonly string[]): Promise<RunResult> {
  const result = await runCli([...args, "--url", server.url]);
  expect(result).toMatchObject({ code: 0 });
  return result;
}

async function map(
  stream: string,
): Promise<StreamMap & { readonly segments: { readonly list: readonly SegmentRow[] } }> {
  return JSON.parse((await run("inspect", stream, "--json")).stdout) as Awaited<ReturnType<typeof map>>;
}

/** A closed stream, and what it is like once all of it is sealed: closing seals what is left. */
async function sealed(stream: string, contentType: string, appends: readonly string[]) {
  await run("create", stream, "--content-type", contentType);
  for (const data of appends) await run("append", stream, data);
  await run("close", stream);
  let seen = await map(stream);
  // Sealing goes on behind the answers; nothing but the server itself can be asked whether it is done.
  while (seen.hot.messages > 0) seen = await map(stream);
  return seen;
}

describe("inspect on the built server", () => {
  let json: Awaited<ReturnType<typeof map>>;

  beforeAll(async () => {
    json = await sealed("orders", "application/json", MESSAGES);
  });

  it("the map shows the whole stream in segments, none of which is larger than was asked for", () => {
    expect(json).toMatchObject({
      stream: "default/orders",
      closed: true,
      tail: formatOffset(10),
      messages: 10,
      hot: { start: formatOffset(10), messages: 0 },
      sealing: { failures: 0, maxMessages: 3 },
    });
    const { list, ...totals } = json.segments;
    expect(list.length).toBe(totals.count);
    expect(list.every(({ messages, state }) => messages <= 3 && state === "sealed")).toBe(true);
    expect(list.map(({ start }) => start)).toEqual([formatOffset(0), ...list.slice(0, -1).map(({ end }) => end)]);
    expect(list[0]?.key).toMatch(
      new RegExp(`^segments/default/orders/${json.incarnation}/0{16}-\\d{16}\\.[0-9a-f]{8}\\.seg$`),
    );
  });

  it("people see it as a table", async () => {
    const { stdout } = await run("inspect", "orders");
    expect(stdout).toContain("state         closed\n");
    expect(stdout).toContain(`${String(json.segments.count)}: 10 messages`);
    expect((await run("inspect", "segments", "orders")).stdout.split("\n")).toHaveLength(json.segments.count + 2);
  });

  it("segments --json prints the rows, from any offset on", async () => {
    const { stdout } = await run("inspect", "segments", "orders", "--json", "--from", formatOffset(9));
    expect(JSON.parse(stdout)).toEqual(json.segments.list.at(-1));
  });

  it("cat prints each segment by its number and by every offset in it; together they are what read prints", async () => {
    const parts: string[] = [];
    for (const { number } of json.segments.list) {
      parts.push((await run("inspect", "cat", "orders", String(number))).stdout);
    }
    expect(parts.join("")).toBe(MESSAGES.map((message) => `${message}\n`).join(""));
    expect((await run("read", "orders")).stdout).toBe(parts.join(""));
    for (const offset of [0, 4, 9]) {
      const { stdout } = await run("inspect", "cat", "orders", formatOffset(offset));
      expect(parts).toContain(stdout);
      expect(stdout).toContain(`"n":${String(offset)},`);
    }
  });

  it("verify finds it intact", async () => {
    const { stdout } = await run("inspect", "verify", "orders", "--json");
    expect(JSON.parse(stdout)).toEqual({
      ok: true,
      segments: json.segments.count,
      messages: 10,
      bytes: json.segments.bytes,
      findings: [],
    });
  });

  it("export gives the same messages in all three forms", async () => {
    const file = (name: string): string => join(folder, name);
    for (const to of ["ndjson", "raw", "parquet"]) {
      await run("inspect", "export", "orders", "--to", to, "--file", file(`orders.${to}`));
    }
    expect(await readFile(file("orders.ndjson"), "utf8")).toBe((await run("read", "orders")).stdout);
    expect(await readFile(file("orders.raw"), "utf8")).toBe(`[${MESSAGES.join(",")}]`);
    const { rows, facts } = await readParquet(file("orders.parquet"));
    expect(rows).toEqual(MESSAGES.map((message, n) => ({ position: BigInt(n), offset: formatOffset(n), message })));
    expect(facts).toMatchObject({ "durable-streams.incarnation": json.incarnation });
  });

  it("a text stream is counted in bytes, and its segments keep the appends", async () => {
    const text = await sealed("notes", "text/plain", ["ab", "cde", "f", "g"]);
    expect(text).toMatchObject({ tail: formatOffset(7), messages: 4, bytes: 7 });
    const { stdout } = await run("inspect", "cat", "notes", "0", "--format", "ndjson");
    expect(stdout.startsWith(`{"offset":"${formatOffset(0)}","message":"ab"}\n{"offset":"${formatOffset(2)}",`)).toBe(
      true,
    );
    expect(JSON.parse((await run("inspect", "verify", "notes", "--json")).stdout)).toMatchObject({
      ok: true,
      messages: 4,
    });
  });

  it("a stream that is deleted and created again while an export waits is STREAM_REPLACED, with exit code 5", async () => {
    const before = await sealed("replaced", "application/json", ["1", "2"]);
    const file = join(folder, "replaced");
    await writeFile(`${file}.part`, "1\n");
    await writeExportJournal(`${file}.export`, {
      stream: `${server.url}/v1/stream/replaced`,
      to: "ndjson",
      contentType: "application/json",
      incarnation: before.incarnation,
      end: 2,
      read: { offset: "-1", offsetPosition: 0, position: 1 },
      rows: 1,
      bytes: 2,
      encoder: [],
      nextOffset: null,
      done: false,
    });
    const args = ["inspect", "export", "replaced", "--to", "ndjson", "--file", file, "--json", "--url", server.url];
    await run("delete", "replaced", "--yes");
    await run("create", "replaced", "--content-type", "application/json");
    await run("append", "replaced", "[7,8]");
    const refused = await runCli(args);
    expect(refused.code).toBe(5);
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: "STREAM_REPLACED" } });
    expect((await runCli([...args, "--force"])).code).toBe(0);
    expect(await readFile(file, "utf8")).toBe("7\n8\n");
  });

  it("what is hot is told from what is sealed, and read is named for it", async () => {
    await run("create", "fresh", "--content-type", "application/json");
    await run("append", "fresh", "[1,2]");
    expect(await map("fresh")).toMatchObject({ hot: { messages: 2 }, segments: { count: 0 } });
    const cat = await runCli(["inspect", "cat", "fresh", formatOffset(1), "--url", server.url]);
    expect(cat).toMatchObject({ code: 3, stdout: "" });
    expect(cat.stderr).toContain(`read fresh --offset ${formatOffset(1)}`);
  });
});

describe("inspect on a damaged bucket", () => {
  /** The files in which the local bucket keeps its objects, by their length. */
  async function objectFiles(bytes: number): Promise<string[]> {
    const names = await readdir(join(folder, "data"), { recursive: true, withFileTypes: true });
    const files = names.filter((each) => each.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
    return files.filter((file, i) => sizes[i] === bytes && !file.endsWith(".sqlite"));
  }

  it("an object that is changed on disk is found, by verify and by cat, with exit code 8", async () => {
    const { segments } = await sealed("damaged", "application/json", [`["a unique message of this test","another"]`]);
    const [row] = segments.list;
    const files = await objectFiles(row?.objectBytes ?? 0);
    const contents = await Promise.all(files.map((file) => readFile(file)));
    const file = files[contents.findIndex((content) => content.includes("a unique message of this test"))];
    if (file === undefined) throw new Error("the object's file was not found");
    const content = await readFile(file);
    const flipped = Buffer.from(content);
    flipped.writeUInt8(flipped.readUInt8(3) ^ 1, 3);
    await writeFile(file, flipped);
    const verify = await runCli(["inspect", "verify", "damaged", "--json", "--url", server.url]);
    expect(verify.code).toBe(8);
    expect((JSON.parse(verify.stdout) as Verification).findings).toMatchObject([
      { code: "SEGMENT_CORRUPT", number: 0 },
    ]);
    expect((await runCli(["inspect", "cat", "damaged", "0", "--url", server.url])).code).toBe(8);
    // The very file is what verify --file and cat --file are for.
    expect((await runCli(["inspect", "verify", "--file", file])).code).toBe(8);
    await writeFile(file, content);
    expect((await runCli(["inspect", "cat", "--file", file])).stdout).toBe(
      `"a unique message of this test"\n"another"\n`,
    );
    await truncate(file, 5);
    expect((await runCli(["inspect", "cat", "--file", file])).code).toBe(8);
  });
});
