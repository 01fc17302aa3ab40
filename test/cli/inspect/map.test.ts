import { afterEach, describe, expect, it } from "vitest";
import { formatOffset } from "../../../src/protocol/offset.ts";
import { runCli, type RunResult } from "../../support/cli.ts";
import type { ScriptedServer } from "../../support/scripted-server.ts";
import { startReference } from "../../support/servers.ts";
import { fakeStream, INCARNATION, startOperator, type FakeStream } from "./support/operator-server.ts";

let server: ScriptedServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function inspect(stream: FakeStream, ...args: readonly string[]): Promise<RunResult> {
  server = await startOperator(stream);
  return runCli(["inspect", ...args, "--url", server.url]);
}

const numbers = (table: string): number[] =>
  [...table.matchAll(/^ *(\d+) {2}0{16}_/gm)].map(([, number]) => Number(number));

describe("inspect STREAM", () => {
  it("people see the stream, its hot log, sealing, producers and segments", async () => {
    const stream = await fakeStream(2);
    stream.map.sealing = {
      state: "retrying",
      failures: 3,
      lastError: "R2 said \u001b[31mno",
      nextAttemptAtMs: Date.now() + 60_000,
      maxMessages: 1000,
      maxBytes: 4_194_304,
    };
    stream.map.producers = { count: 12, list: [{ id: "p\u001b", epoch: 2, lastSeq: 7 }] };
    stream.map.purges = [{ prefix: "segments/default/s/old/", dueAtMs: 1, failures: 2 }];
    stream.map.readers = 1;
    const { code, stdout, stderr } = await inspect(stream, "s");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`incarnation   ${INCARNATION}\n`);
    expect(stdout).toContain("state         open\n");
    expect(stdout).toContain(`tail          ${formatOffset(5)}\n`);
    expect(stdout).toContain(`hot log       1 message, 7 B, 1 row, from ${formatOffset(4)}\n`);
    expect(stdout).toContain("segments      2: 4 messages, 30 B\n");
    expect(stdout).toContain(`objects       segments/default/s/${INCARNATION}/\n`);
    expect(stdout).toMatch(
      /sealing {7}retrying after 3 failures, next try in \d+ s, seals at 1,000 messages or 4.19 MB\n/,
    );
    expect(stdout).toContain("last error    R2 said ␛[31mno\n");
    expect(stdout).toContain("purging       segments/default/s/old/ (2 failures)\n");
    expect(stdout).toContain("readers       1 live reader\n");
    expect(stdout).toContain(
      `producers     12\n              "p\\u001b", epoch 2, last seq 7\n              … 11 more\n`,
    );
    expect(numbers(stdout)).toEqual([0, 1]);
    expect(stdout).toContain("0000000000000000-0000000000000002.00c0ffee.seg\n");
  });

  it("people see that sealing waits for writers to pause", async () => {
    const stream = await fakeStream(2);
    stream.map.sealing = { state: "deferred", failures: 0, maxMessages: 1000, maxBytes: 4_194_304 };
    const { stdout } = await inspect(stream, "s");
    expect(stdout).toContain("sealing       deferred until the writers pause, seals at 1,000 messages or 4.19 MB\n");
  });

  it("of many segments the first and last five are shown, and how many are between", async () => {
    const { stdout } = await inspect(await fakeStream(23), "s");
    expect(numbers(stdout)).toEqual([0, 1, 2, 3, 4, 18, 19, 20, 21, 22]);
    expect(stdout).toContain("\n… 13 segments between; all: durable-streams inspect segments s\n");
    await server?.stop();
    const few = await inspect(await fakeStream(10), "s");
    expect(numbers(few.stdout)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(few.stdout).not.toContain("between");
  });

  it("--json is the map with all segments", async () => {
    const stream = await fakeStream(5);
    stream.pageRows = 2;
    const { stdout } = await inspect(stream, "s", "--json");
    expect(JSON.parse(stdout)).toEqual({
      ...stream.map,
      url: `${server?.url ?? ""}/v1/stream/s`,
      segments: { ...stream.map.segments, list: stream.rows },
    });
  });

  it("a stream that is not there is exit code 3, and a server without an operator API exit code 1", async () => {
    server = await startOperator(await fakeStream(), (_what, response) => {
      const error = { code: "STREAM_NOT_FOUND", message: "There is no stream at this URL." };
      response.writeHead(404, { "content-type": "application/json" }).end(JSON.stringify({ error }));
      return true;
    });
    const missing = await runCli(["inspect", "s", "--url", server.url]);
    expect(missing).toMatchObject({ code: 3, stdout: "" });
    expect(missing.stderr).toContain(`There is no stream "s"`);
    const reference = await startReference();
    const foreign = await runCli(["inspect", "s", "--url", reference.url]);
    await reference.stop();
    expect(foreign).toMatchObject({ code: 1, stdout: "" });
    expect(foreign.stderr).toContain("inspect needs a durable-streams server and its operator API");
    expect(foreign.stderr).toContain("inspect export work with any server");
  });
});

describe("inspect segments", () => {
  it("all of them are listed, page by page, a line each", async () => {
    const stream = await fakeStream(5);
    stream.pageRows = 2;
    const { code, stdout } = await inspect(stream, "segments", "s");
    expect(code).toBe(0);
    expect(stdout.match(/^SEGMENT/gm)).toHaveLength(1);
    expect(numbers(stdout)).toEqual([0, 1, 2, 3, 4]);
  });

  it("--json is an object a line, and --from begins with the segment that holds the offset", async () => {
    const stream = await fakeStream(5);
    const { stdout } = await inspect(stream, "segments", "s", "--json", "--from", formatOffset(5));
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(stream.rows.slice(2));
  });

  it("a stream without segments prints nothing and says why", async () => {
    const run = await inspect(await fakeStream(0), "segments", "s");
    expect(run).toMatchObject({ code: 0, stdout: "" });
    expect(run.stderr).toContain("all messages are in the hot log");
  });

  it.each([
    [
      "the hot log",
      10,
      0,
      `is sealed: the stream is sealed up to ${formatOffset(10)}, and its tail is ${formatOffset(11)}.`,
    ],
    ["the end", 11, 0, `the stream is sealed up to ${formatOffset(10)}`],
    ["past the end", 12, 3, `Error: The offset ${formatOffset(12)} is past the stream's end.`],
  ])("--from in %s says what is sealed", async (_where, from, code, says) => {
    const run = await inspect(await fakeStream(5), "segments", "s", "--from", formatOffset(from));
    expect(run).toMatchObject({ code, stdout: "" });
    expect(run.stderr).toContain(says);
  });

  it("--from that is no offset is a usage error", async () => {
    const run = await inspect(await fakeStream(5), "segments", "s", "--from", "abc");
    expect(run).toMatchObject({ code: 2, stdout: "" });
    expect(run.stderr).toMatch(/^Error: --from "abc" is not an offset\.\nOffsets look like /);
    expect(server?.requests).toEqual([]);
  });

  it("what a server says of itself stays on its line, and is shown instead of obeyed", async () => {
    const stream = await fakeStream(1);
    const [row] = stream.rows;
    if (row !== undefined) row.key = "k\n      1  forged\u001b[2J";
    stream.map.sealing = { state: "due\nforged", failures: 1, lastError: "a\nforged b", maxMessages: 1, maxBytes: 1 };
    const { stdout } = await inspect(stream, "s");
    expect(stdout).toContain("␊      1  forged␛[2J\n");
    expect(stdout).toContain("last error    a␊forged b\n");
    expect(stdout).not.toMatch(/^\s*(1 {2})?forged/m);
  });
});
