import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { formatOffset } from "../../../src/protocol/offset.ts";
import { encodeSegment } from "../../../src/protocol/segment/segment.ts";
import { runCli, startCli, type RunResult } from "../../support/cli.ts";
import type { ScriptedServer } from "../../support/scripted-server.ts";
import { startReference } from "../../support/servers.ts";
import {
  fakeStream,
  INCARNATION,
  jsonSegment,
  keyOf,
  startOperator,
  type FakeStream,
} from "./support/operator-server.ts";

let server: ScriptedServer | undefined;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "durable-streams-cat-"));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function cat(stream: FakeStream, ...args: readonly string[]): Promise<RunResult> {
  server = await startOperator(stream);
  return runCli(["inspect", "cat", "s", ...args, "--url", server.url]);
}

async function segmentFile(name: string, object: Uint8Array): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, object);
  return file;
}

/** A segment of bytes in two appends, as a file. */
async function bytesFile(contentType: string, appends: readonly Buffer[]): Promise<string> {
  const { object } = await encodeSegment({
    stream: "default/b",
    incarnation: INCARNATION,
    contentType,
    start: 10,
    runs: appends.map((payload, i) => ({
      payload,
      sizes: [payload.byteLength],
      appendedAtMs: Date.UTC(2026, 0, 1 + i),
    })),
  });
  return segmentFile(`${contentType.replace("/", "-")}.seg`, object);
}

describe("inspect cat STREAM", () => {
  it.each([
    ["a number", "1"],
    ["its first offset", formatOffset(2)],
    ["an offset inside it", formatOffset(3)],
  ])("a segment is found by %s, and its messages are printed a line each", async (_how, segment) => {
    expect(await cat(await fakeStream(), segment)).toEqual({
      code: 0,
      signal: null,
      stdout: `{"n":2}\n{"n":3}\n`,
      stderr: "",
    });
  });

  it("a segment of many is found by its number without reading the whole manifest", async () => {
    const stream = await fakeStream(40);
    stream.pageRows = 3;
    for (const number of [0, 1, 17, 38, 39]) {
      const { stdout } = await cat(stream, String(number));
      expect(stdout).toBe(`{"n":${String(2 * number)}}\n{"n":${String(2 * number + 1)}}\n`);
      const pages = server?.requests.filter((request) => request.includes("/segments/")).length;
      expect(pages).toBeLessThanOrEqual(7);
      await server?.stop();
    }
  });

  it("--format raw is the payload as it lies in the segment", async () => {
    expect((await cat(await fakeStream(), "0", "--format", "raw")).stdout).toBe(`{"n":0},{"n":1}`);
  });

  it("--format segment is the object, which cat --file and verify --file read", async () => {
    const stream = await fakeStream();
    server = await startOperator(stream);
    const child = startCli(["inspect", "cat", "s", "1", "--format", "segment", "--url", server.url]);
    const object = await buffer(child.stdout);
    expect(object.equals(stream.objects.get(keyOf(2, 4)) ?? Buffer.of())).toBe(true);
    const file = await segmentFile("fetched.seg", object);
    expect(await runCli(["inspect", "cat", "--file", file])).toMatchObject({
      code: 0,
      stdout: `{"n":2}\n{"n":3}\n`,
      stderr: `Segment of default/s, incarnation ${INCARNATION}, application/json: ${formatOffset(2)} to ${formatOffset(4)}, 2 messages, 15 B\n`,
    });
  });

  it("--format segment of a damaged one is what lies there, and exit code 8", async () => {
    const stream = await fakeStream();
    stream.objects.set(keyOf(0, 2), Buffer.from("damaged"));
    const run = await cat(stream, "0", "--format", "segment");
    expect(run).toMatchObject({ code: 8, stdout: "damaged" });
    expect(run.stderr).toContain("is damaged");
  });

  it("an offset that a fork inherits is said to be so", async () => {
    const stream = await fakeStream(0);
    const inherited = [{ stream: "default/x", incarnation: INCARNATION, until: formatOffset(2) }];
    const start = formatOffset(2);
    stream.map.fork = { source: "default/x", offset: start, subOffset: 0, start, inherited };
    const run = await cat(stream, formatOffset(1));
    expect(run.code).toBe(3);
    expect(run.stderr).toContain("is inherited: it is kept with default/x.");
  });

  it("--offsets says where and when each message was appended", async () => {
    const { stdout } = await cat(await fakeStream(), "1", "--offsets");
    expect(stdout).toBe(
      [2, 3]
        .map(
          (n) =>
            `{"offset":"${formatOffset(n)}","appendedAt":"2026-01-01T00:00:00.000Z","message":{"n":${String(n)}}}\n`,
        )
        .join(""),
    );
    await server?.stop();
    expect((await cat(await fakeStream(), "1", "--json")).stdout).toBe(stdout);
  });

  it.each([
    ["a number that is too large", "3", 3, "it has 0 to 2"],
    ["an offset in the hot log", formatOffset(6), 3, `read s --offset ${formatOffset(6)}`],
    ["an offset past the tail", formatOffset(7), 3, `The stream's tail is ${formatOffset(7)}`],
    ["neither", "x", 2, "neither a segment's number nor an offset"],
  ])("%s is refused and says what there is", async (_what, segment, code, says) => {
    const run = await cat(await fakeStream(), segment);
    expect(run).toMatchObject({ code, stdout: "" });
    expect(run.stderr).toContain(says);
  });

  it("a segment that is only being sealed is still in the hot log", async () => {
    const stream = await fakeStream();
    const [, , last] = stream.rows;
    if (last !== undefined) last.state = "sealing";
    stream.map.hot.start = formatOffset(4);
    const run = await cat(stream, "2");
    expect(run.code).toBe(3);
    expect(run.stderr).toContain(`read s --offset ${formatOffset(4)}`);
  });

  it.each([
    ["missing", "SEGMENT_MISSING", ({ objects }: FakeStream) => objects.delete(keyOf(0, 2))],
    ["damaged", "SEGMENT_CORRUPT", ({ objects }: FakeStream) => objects.set(keyOf(0, 2), Buffer.alloc(300))],
  ])("a segment that is %s prints nothing and is exit code 8", async (_what, error, damage) => {
    const stream = await fakeStream();
    damage(stream);
    const run = await cat(stream, "0", "--json");
    expect(JSON.parse(run.stdout)).toMatchObject({ error: { code: error } });
    expect(run.code).toBe(8);
  });

  it("a server without an operator API is told, with exit code 1", async () => {
    const reference = await startReference();
    const run = await runCli(["inspect", "cat", "s", "0", "--url", reference.url]);
    await reference.stop();
    expect(run).toMatchObject({ code: 1, stdout: "" });
    expect(run.stderr).toContain("needs a durable-streams server");
  });
});

describe("inspect cat --file", () => {
  it("JSON messages come out verbatim, on one line each", async () => {
    const messages = [`{"a":12345678901234567890,"a":1.0}`, `[\r\n1 ,\n2]`, `"ü"`];
    const file = await segmentFile("json.seg", (await jsonSegment(0, messages)).object);
    const { code, stdout } = await runCli(["inspect", "cat", "--file", file]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `{"a":12345678901234567890,"a":1.0}\n[  1 , 2]\n"ü"\n` });
    expect((await runCli(["inspect", "cat", "--file", file, "--format", "raw"])).stdout).toBe(messages.join(","));
  });

  it("text and bytes come out as they are, or as objects that say which they are", async () => {
    const file = await bytesFile("text/plain", [Buffer.from("a\n"), Buffer.from([0xff, 0x00])]);
    const raw = await runCli(["inspect", "cat", "--file", file]);
    expect(raw.stdout.startsWith("a\n")).toBe(true);
    const { stdout } = await runCli(["inspect", "cat", "--file", file, "--format", "ndjson"]);
    expect(stdout).toBe(
      `{"offset":"${formatOffset(10)}","message":"a\\n"}\n{"offset":"${formatOffset(12)}","base64":"/wA="}\n`,
    );
  });

  it.each([
    ["a file that is no segment", () => segmentFile("no.seg", Buffer.from("hello")), 8, "is no segment"],
    ["a file that is not there", () => Promise.resolve("/no/such.seg"), 2, "/no/such.seg"],
    ["a folder", () => Promise.resolve("/"), 2, "is a folder"],
  ])("%s is refused and named", async (_what, file, code, says) => {
    const run = await runCli(["inspect", "cat", "--file", await file()]);
    expect(run).toMatchObject({ code, stdout: "" });
    expect(run.stderr).toContain(says);
  });

  it.each([
    ["nothing at all", [], "needs STREAM and SEGMENT, or --file FILE"],
    ["no segment", ["s"], "a number or an offset, after STREAM"],
    ["a stream beside a file", ["s", "--file", "x"], "takes no STREAM"],
    ["an empty name", ["--file", ""], "--file names no file: it is empty."],
    ["the object of a file", ["--file", "x", "--format", "segment"], "the file is the segment"],
    ["offsets in the object", ["s", "1", "--offsets", "--format", "segment"], "the object as it is"],
    ["offsets in the payload alone", ["s", "1", "--offsets", "--format", "raw"], "--format ndjson"],
  ])("%s is a usage error", async (_what, args, says) => {
    const { code, stdout, stderr } = await runCli(["inspect", "cat", ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(says);
  });
});
