import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PrintedLines, runCli, startCli, type RunOptions, type RunResult } from "../support/cli.ts";
import { SERVERS, startBuilt, type TestServer } from "../support/servers.ts";

let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "durable-streams-cli-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface ErrorOutput {
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string };
}

function parseError({ stdout }: RunResult): ErrorOutput["error"] {
  return (JSON.parse(stdout) as ErrorOutput).error;
}

describe.each(SERVERS)("commands against $name", ({ start }) => {
  const isOurs = start === startBuilt;
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(async () => {
    await server.stop();
  });

  const ds = (args: readonly string[], options: RunOptions = {}): Promise<RunResult> =>
    runCli(args, { ...options, env: { DURABLE_STREAMS_URL: server.url, ...options.env } });

  async function newStream(contentType: string, ...more: string[]): Promise<string> {
    const stream = `test/${String(count++)} é`;
    const { code, stderr } = await ds(["create", stream, "--content-type", contentType, ...more]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return stream;
  }

  async function read(stream: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await ds(["read", stream, ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout;
  }

  it("create: is repeatable, and another configuration is a conflict with exit code 5", async () => {
    const stream = await newStream("text/plain");
    const again = await ds(["create", stream, "--content-type", "text/plain", "--json"]);
    expect(JSON.parse(again.stdout)).toMatchObject({ created: false, contentType: "text/plain" });
    const other = await ds(["create", stream, "--content-type", "application/json", "--json"]);
    expect(other.code).toBe(5);
    expect(parseError(other).message).toContain("409");
  });

  it("create: takes first content, closes, and expires", async () => {
    const stream = await newStream("application/json", "--closed", "--ttl", "2h", "[1,2]");
    expect(await read(stream)).toBe("1\n2\n");
    const { stdout } = await ds(["describe", stream, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ closed: true, ttlSeconds: 7_200, contentType: "application/json" });
  });

  it("describe: shows a table to people, and says nothing on stderr", async () => {
    const stream = await newStream("text/plain");
    const { stdout, stderr } = await ds(["describe", stream]);
    expect(stdout).toMatch(/content type +text\/plain\nnext offset +\S+\nstate +open\n/);
    expect(stderr).toBe("");
  });

  it("append: one message from the command line, counted on stderr, nothing on stdout", async () => {
    const stream = await newStream("application/json");
    const { stdout, stderr } = await ds(["append", stream, `{"a":1}`]);
    expect(stdout).toBe("");
    expect(stderr).toContain("Appended 1 message");
    expect(await read(stream)).toBe(`{"a":1}\n`);
  });

  it("append: lines of ndjson become messages, blank ones do not", async () => {
    const stream = await newStream("application/json");
    const { stdout } = await ds(["append", stream, "--json"], { input: `{"a":1}\n\n[2]\r\n"x"` });
    expect(JSON.parse(stdout)).toMatchObject({ messages: 3, batches: 1, duplicates: 0 });
    expect(await read(stream)).toBe(`{"a":1}\n[2]\n"x"\n`);
  });

  it("append: a line that is not JSON stops before anything after it is sent", async () => {
    const stream = await newStream("application/json");
    const result = await ds(["append", stream, "--json", "--batch-bytes", "4"], { input: "1\n2\n{bad\n4\n" });
    expect(result.code).toBe(1);
    expect(parseError(result)).toMatchObject({
      code: "INVALID_LINE",
      message: expect.stringContaining("Line 3") as string,
    });
    expect(await read(stream)).toBe("1\n2\n");
  });

  it("append: one JSON text is sent as it is, an invalid one not at all", async () => {
    const stream = await newStream("application/json");
    await ds(["append", stream, "--input", "json"], { input: `[\n {"a":1},\n [2]\n]` });
    expect(await read(stream)).toBe(`{"a":1}\n[2]\n`);
    expect((await ds(["append", stream, "--input", "json"], { input: "[1," })).code).toBe(1);
    expect(await read(stream)).toBe(`{"a":1}\n[2]\n`);
  });

  it("append: what is typed is judged whole before any of it is sent, and a fault in it is one of usage", async () => {
    const stream = await newStream("application/json");
    expect(await ds(["append", stream, "[1,"])).toMatchObject({ code: 2, stdout: "" });
    const lines = await ds(["append", stream, "1\n2\n{bad\n", "--input", "ndjson", "--batch-bytes", "1", "--json"]);
    expect(lines.code).toBe(2);
    expect(parseError(lines).message).toMatch(/^Line 3 is not JSON: .* Nothing was sent\.$/);
    expect(await read(stream)).toBe("");
  });

  it("create: first content that is typed is judged before the server is asked", async () => {
    const args = ["create", "typed", "--content-type", "application/json", "{bad"];
    const { code, stdout, stderr } = await ds(args, { env: { DURABLE_STREAMS_URL: "http://127.0.0.1:9" } });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("The first content is not JSON: at byte ");
  });

  it("read: an end that is no offset of the server is refused before anything is printed", async () => {
    const stream = await newStream("application/json", "[1,2]");
    const { code, stdout, stderr } = await ds(["read", stream, "--until-offset", "zzz"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(
      /^Error: --until-offset "zzz" is not an offset\.\nOffsets of this server look like \d{16}_\d{16}\.\n$/,
    );
  });

  it("append: lines become JSON strings on a JSON stream and keep their ends on a text stream", async () => {
    const json = await newStream("application/json");
    await ds(["append", json, "--input", "lines"], { input: "día\r\n\nlast" });
    expect(await read(json, "--format", "json")).toBe(`["día",\n"",\n"last"]\n`);
    const text = await newStream("text/plain");
    await ds(["append", text, "--batch-bytes", "5"], { input: "one\r\ntwo\n\nlast" });
    expect(await read(text)).toBe("one\r\ntwo\n\nlast");
  });

  it("append and read: bytes come out as they went in", async () => {
    const stream = await newStream("application/octet-stream");
    const bytes = randomBytes(700_000);
    const input = join(folder, "bytes");
    await writeFile(input, bytes);
    expect((await ds(["append", stream, "--file", input, "--batch-bytes", "100000"])).code).toBe(0);
    const { stdout } = await ds(["read", stream, "--format", "json"]);
    const pieces = (JSON.parse(stdout) as string[]).map((piece) => Buffer.from(piece, "base64"));
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
  });

  it("append: closes with the last message; then a closed stream answers with exit code 6", async () => {
    const stream = await newStream("application/json");
    const { stdout } = await ds(["append", stream, "1", "--close", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ closed: true, batches: 1 });
    const late = await ds(["append", stream, "2", "--json"]);
    expect(late.code).toBe(6);
    expect(parseError(late).code).toBe("STREAM_CLOSED");
    expect((await ds(["close", stream])).code).toBe(0);
  });

  it("append: with a producer id a second run is appended too, and fences the first", async () => {
    const stream = await newStream("application/json");
    for (const message of ["1", "2"])
      expect((await ds(["append", stream, message, "--producer-id", "p"])).code).toBe(0);
    expect(await read(stream)).toBe("1\n2\n");
  });

  it("append: a stale epoch from a checkpoint is exit code 5", async () => {
    const stream = await newStream("application/json");
    const checkpoint = join(folder, `fenced-${String(count)}`);
    await ds(["append", stream, "--producer-id", "p", "--checkpoint", checkpoint], { input: "1\n" });
    await ds(["append", stream, "2", "--producer-id", "p"]);
    const result = await ds(["append", stream, "--producer-id", "p", "--checkpoint", checkpoint, "--json"], {
      input: "1\n3\n",
    });
    expect(result.code).toBe(5);
    expect(parseError(result).code).toBe("STALE_EPOCH");
    expect(await read(stream)).toBe("1\n2\n");
  });

  it("append: a checkpoint goes on with input that has grown, and refuses another input or stream", async () => {
    const stream = await newStream("application/json");
    const checkpoint = join(folder, `grown-${String(count)}`);
    const append = (input: string, to = stream): Promise<RunResult> =>
      ds(["append", to, "--checkpoint", checkpoint, "--json"], { input });
    expect((await append("1\n2")).code).toBe(0);
    const again = await ds(["append", stream, "--checkpoint", checkpoint], { input: "1\n2" });
    expect(again).toMatchObject({ code: 0, stdout: "" });
    expect(again.stderr).toContain("Nothing new to append: the 3 bytes that came before are all in ");
    expect((await append("1\n2\n3\n")).code).toBe(0);
    expect(await read(stream)).toBe("1\n2\n3\n");
    expect(parseError(await append("1\n9\n3\n")).code).toBe("INPUT_CHANGED");
    expect(parseError(await append("1\n")).code).toBe("INPUT_CHANGED");
    const other = await append("1\n2\n3\n", await newStream("application/json"));
    expect(parseError(other).code).toBe("OTHER_CHECKPOINT");
    await writeFile(checkpoint, (await readFile(checkpoint, "utf8")).slice(0, 40));
    expect(parseError(await append("1\n2\n3\n")).code).toBe("BAD_CHECKPOINT");
    expect(await read(stream)).toBe("1\n2\n3\n");
  });

  it("append: Stream-Seq has to grow, and has to fit into one append", async () => {
    const stream = await newStream("text/plain");
    expect((await ds(["append", stream, "a", "--stream-seq", "2"])).code).toBe(0);
    expect((await ds(["append", stream, "b", "--stream-seq", "1"])).code).toBe(5);
    expect(await read(stream)).toBe("a");
  });

  it("read: -n, --format json and --json", async () => {
    const stream = await newStream("application/json", `[{"a":1},2,"x"]`);
    expect(await read(stream, "-n", "2")).toBe(`{"a":1}\n2\n`);
    expect(JSON.parse(await read(stream, "--format", "json"))).toEqual([{ a: 1 }, 2, "x"]);
    const lines = (await read(stream, "--json"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(lines.slice(0, 3)).toMatchObject([{ message: { a: 1 } }, { message: 2 }, { message: "x" }]);
    expect(lines.at(-1)).toMatchObject({ upToDate: true, closed: false });
  });

  it("read: goes on from an offset that describe told", async () => {
    const stream = await newStream("text/plain");
    await ds(["append", stream, "before"]);
    const { nextOffset } = JSON.parse((await ds(["describe", stream, "--json"])).stdout) as { nextOffset: string };
    await ds(["append", stream, "after"]);
    expect(await read(stream, "--offset", nextOffset)).toBe("after");
  });

  it("tail: prints the last messages, then what comes, until the stream is closed", async () => {
    const stream = await newStream("application/json", "[1,2,3]");
    const child = startCli(["tail", stream, "-n", "2"], { env: { DURABLE_STREAMS_URL: server.url } });
    // The stream's end can reach the reader before the writer's process has ended.
    const closed = once(child, "close");
    const lines = new PrintedLines(child);
    await lines.atLeast(2);
    await ds(["append", stream, "4"]);
    await lines.atLeast(3);
    await ds(["append", stream, "5", "--close"]);
    expect(await closed).toEqual([0, null]);
    expect(lines.all).toEqual(["2", "3", "4", "5"]);
  });

  it("tail: --exit-at-tail prints what there is, --grep what matches", async () => {
    const stream = await newStream("text/plain");
    await ds(["append", stream], { input: "apple\nbanana\ncherry" });
    expect((await ds(["tail", stream, "--exit-at-tail", "--grep", "an|ch"])).stdout).toBe("banana\ncherry");
    expect((await ds(["tail", stream, "--exit-at-tail", "--format", "ndjson"])).stdout).toBe(
      `"apple"\n"banana"\n"cherry"\n`,
    );
  });

  it("tail: what begins with a dash is a flag that there is not, and behind -- the name of a stream", async () => {
    await ds(["create", "--content-type", "application/json", "--", "-5", "[1]"]);
    expect(await ds(["tail", "--exit-at-tail", "--from-start", "--", "-5"])).toMatchObject({ code: 0, stdout: "1\n" });
    expect(await ds(["tail", "-5", "--exit-at-tail"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("There is no flag -5 for tail.") as string,
    });
  });

  it("tail: several streams say which one a line is of", async () => {
    const [one, two] = [
      await newStream("application/json", "1", "--closed"),
      await newStream("text/plain", "x\ny\n", "--closed"),
    ];
    const { stdout, code } = await ds(["tail", one, two, "--from-start", "--format", "raw"]);
    expect(code).toBe(0);
    expect(stdout.trim().split("\n").sort()).toEqual([`${one}: 1`, `${two}: x`, `${two}: y`].sort());
  });

  it("tail: a checkpoint goes on where output ended, and belongs to one stream", async () => {
    const stream = await newStream("text/plain");
    const checkpoint = join(folder, `tail-${String(count)}`);
    const tail = (of = stream): Promise<RunResult> =>
      ds(["tail", of, "--exit-at-tail", "--format", "ndjson", "--checkpoint", checkpoint]);
    await ds(["append", stream, "one\ntw"]);
    expect((await tail()).stdout).toBe(`"one"\n`);
    await ds(["append", stream, "o\nthree\n"]);
    expect((await tail()).stdout).toBe(`"two"\n"three"\n`);
    expect((await tail()).stdout).toBe("");
    expect((await tail(await newStream("text/plain"))).code).toBe(5);
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("tail: %s ends it in order with exit code %i and the checkpoint written", async (kill, exitCode) => {
    const stream = await newStream("application/json", "[1,2]");
    const checkpoint = join(folder, `interrupted-${String(count)}`);
    const args = ["tail", stream, "--from-start", "--checkpoint", checkpoint];
    const child = startCli(args, { env: { DURABLE_STREAMS_URL: server.url } });
    await new PrintedLines(child).atLeast(2);
    child.kill(kill);
    expect(await once(child, "close")).toEqual([exitCode, null]);
    expect((await ds([...args, "--exit-at-tail"])).stdout).toBe("");
  });

  it("a reader that goes away ends the command quietly at once", async () => {
    const stream = await newStream("application/json");
    await ds(["append", stream], { input: Array.from({ length: 50_000 }, (_, i) => `{"i":${String(i)}}\n`).join("") });
    const child = startCli(["read", stream], { env: { DURABLE_STREAMS_URL: server.url } });
    let stderr = "";
    child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
    await once(child.stdout, "data");
    child.stdout.destroy();
    const [code] = (await once(child, "exit")) as [number];
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  const create = "Create it with: durable-streams create nope --content-type application/json";
  // Those that would only see that it is empty are shown what there is, where that is known.
  const look = isOurs ? "Those there are: durable-streams list" : create;
  it.each([
    ["append", ["append", "nope", "x"], create],
    ["tail", ["tail", "nope"], look],
    ["tail --exit-at-tail", ["tail", "nope", "--exit-at-tail"], look],
    ["read", ["read", "nope"], look],
    ["describe", ["describe", "nope"], look],
    ["close", ["close", "nope"], create],
  ])("%s: a missing stream is told in the same words, with the command that helps", async (_name, args, hint) => {
    expect(await ds(args)).toMatchObject({
      code: 3,
      stdout: "",
      stderr: `Error: There is no stream "nope" at ${server.url}.\n${hint}\n`,
    });
    const env = { DURABLE_STREAMS_URL: "http://127.0.0.1:9" };
    const error = parseError(await ds([...args, "--json", "--url", server.url], { env }));
    expect(error.hint).toBe(`${hint} --url ${server.url}`);
  });

  it("a missing stream with a name like that of another is told that one, where streams are listed", async () => {
    await ds(["create", "purchases", "--content-type", "application/json"]);
    const hintOf = async (...args: readonly string[]): Promise<unknown> =>
      parseError(await ds([...args, "--json"])).hint;
    const near = isOurs ? 'Did you mean "purchases"? ' : "";
    const creates = "reate it with: durable-streams create purchaes --content-type application/json";
    const looks = isOurs ? "Those there are: durable-streams list" : `C${creates}`;
    expect(await hintOf("append", "purchaes", "1")).toBe(isOurs ? `${near}Or c${creates}` : `C${creates}`);
    expect(await hintOf("read", "purchaes")).toBe(`${near}${looks}`);
    expect(await hintOf("tail", "purchaes")).toBe(`${near}${looks}`);
    expect(await hintOf("describe", "purchaes")).toBe(`${near}${looks}`);
    expect(await hintOf("delete", "purchaes", "--yes")).toBe(isOurs ? `${near}${looks}` : undefined);
  });

  it.each([
    ["read", ["read", "orders/*"]],
    ["append", ["append", "orders/*", "1"]],
    ["delete", ["delete", "orders/*", "--yes"]],
  ])("%s: a pattern is told to be none of a stream's names", async (name, args) => {
    const { code, stderr } = await ds(args);
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: `Error: There is no stream "orders/*" at ${server.url}.\n${name} takes a stream's name, and "orders/*" is a pattern. Those there are: durable-streams list orders/\n`,
    });
  });

  it("delete: a stream that is not there is not offered for creation; those there are where they can be listed", async () => {
    const sentence = `Error: There is no stream "nope" at ${server.url}.\n`;
    const hint = isOurs ? "Those there are: durable-streams list\n" : "";
    expect(await ds(["delete", "nope", "--yes"])).toMatchObject({ code: 3, stdout: "", stderr: sentence + hint });
  });

  it("delete: asks nobody without a terminal: exit code 2 names --yes", async () => {
    const stream = await newStream("text/plain");
    const refused = await ds(["delete", stream, "--json"]);
    expect(refused.code).toBe(2);
    expect(parseError(refused).hint).toContain("--yes");
    expect((await ds(["delete", stream, "--yes"])).code).toBe(0);
    expect((await ds(["describe", stream])).code).toBe(3);
  });
});

describe("what only our server promises", () => {
  it("what the server says of offsets and types is told in the words of the command line", async () => {
    const server = await startBuilt();
    try {
      const env = { DURABLE_STREAMS_URL: server.url };
      await runCli(["create", "typed", "--content-type", "application/json"], { env });
      const past = await runCli(["read", "typed", "--offset", "0000000000000000_0000000000000009"], { env });
      expect(past.stderr).toContain("Read from --offset -1.");
      const again = await runCli(["create", "typed"], { env });
      expect(again.code).toBe(5);
      expect(again.stderr).toContain('not "application/octet-stream"');
      expect(again.stderr).toContain("without --content-type: name the stream's own");
    } finally {
      await server.stop();
    }
  });

  it("read: JSON comes out as the very text that went in, up to an offset inside", async () => {
    const server = await startBuilt();
    try {
      const env = { DURABLE_STREAMS_URL: server.url };
      const messages = ["12345678901234567890", "1.0", `{"b":1,"a":1,"a":2}`, "1e400", `"\\u0041"`];
      await runCli(["create", "exact", "--content-type", "application/json"], { env });
      await runCli(["append", "exact"], { env, input: messages.join("\n") });
      expect((await runCli(["read", "exact"], { env })).stdout).toBe(
        messages.map((message) => `${message}\n`).join(""),
      );
      const before = await runCli(["read", "exact", "--until-offset", "0000000000000000_0000000000000002"], { env });
      expect(before.stdout).toBe("12345678901234567890\n1.0\n");
    } finally {
      await server.stop();
    }
  });
});
