import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Finding, Verification } from "../../../src/cli/inspect/findings.ts";
import { formatOffset } from "../../../src/protocol/offset.ts";
import { runCli } from "../../support/cli.ts";
import type { ScriptedServer } from "../../support/scripted-server.ts";
import { startReference } from "../../support/servers.ts";
import {
  addSegment,
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
  folder = await mkdtemp(join(tmpdir(), "durable-streams-verify-"));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function verify(stream: FakeStream, before?: Parameters<typeof startOperator>[1]) {
  server = await startOperator(stream, before);
  const run = await runCli(["inspect", "verify", "s", "--json", "--url", server.url]);
  return { ...run, said: JSON.parse(run.stdout) as Verification & { readonly error?: { readonly code: string } } };
}

function damaged(object: Uint8Array | undefined): Uint8Array {
  const bytes = Buffer.from(object ?? []);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return bytes;
}

const KEYS = [keyOf(0, 2), keyOf(2, 4), keyOf(4, 6)] as const;

/** How a stream is broken, and the only things that verify may say of it. */
type Case = readonly [
  what: string,
  damage: (stream: FakeStream) => unknown,
  found: readonly (Partial<Finding> & { readonly says: string })[],
];

const CASES: readonly Case[] = [
  [
    "an object that is gone",
    ({ objects }) => objects.delete(KEYS[1]),
    [{ code: "SEGMENT_MISSING", number: 1, key: KEYS[1], says: "is not in the bucket" }],
  ],
  [
    "an object with one wrong bit",
    ({ objects }) => objects.set(KEYS[1], damaged(objects.get(KEYS[1]))),
    [{ code: "SEGMENT_CORRUPT", number: 1, key: KEYS[1], says: "payload is not what was sealed" }],
  ],
  [
    "an object that is cut off",
    ({ objects }) => objects.set(KEYS[1], objects.get(KEYS[1])?.subarray(0, -1) ?? Buffer.of()),
    [
      { code: "SIZE_MISMATCH", number: 1, key: KEYS[1], says: "the manifest says" },
      { code: "SEGMENT_CORRUPT", number: 1, key: KEYS[1], says: "does not end like a segment" },
    ],
  ],
  [
    "a manifest with another size",
    ({ rows: [, , row] }) => row !== undefined && row.objectBytes++,
    [{ code: "SIZE_MISMATCH", number: 2, key: KEYS[2], says: "the manifest says" }],
  ],
  [
    "an object of another stream",
    async ({ objects, rows: [row] }) => {
      const { object } = await jsonSegment(0, [`{"n":0}`, `{"n":1}`], { stream: "default/x" });
      objects.set(KEYS[0], object);
      if (row !== undefined) row.objectBytes = object.byteLength;
    },
    [{ code: "OTHER_STREAM", number: 0, key: KEYS[0], says: "its stream is default/x, not default/s" }],
  ],
  [
    "an object of an earlier incarnation",
    async ({ objects }) =>
      objects.set(
        KEYS[0],
        (await jsonSegment(0, [`{"n":0}`, `{"n":1}`], { incarnation: INCARNATION.replace("1", "9") })).object,
      ),
    [{ code: "OTHER_STREAM", number: 0, key: KEYS[0], says: `not ${INCARNATION}` }],
  ],
  [
    "a manifest that counts other messages",
    ({ rows: [row], map: { segments } }) => {
      if (row !== undefined) row.messages++;
      segments.messages++;
    },
    [{ code: "MANIFEST_MISMATCH", number: 0, key: KEYS[0], says: "its number of messages is 2, not 3" }],
  ],
  [
    "numbers that skip one",
    ({ rows: [, , row] }) => row !== undefined && (row.number = 7),
    [{ code: "MANIFEST_MISMATCH", number: 7, key: KEYS[2], says: "its number should be 2" }],
  ],
  [
    "a segment that is not in the manifest",
    ({ rows, objects, map: { segments } }) => {
      const [row] = rows.splice(1, 1);
      objects.delete(KEYS[1]);
      segments.count--;
      segments.messages -= 2;
      segments.bytes -= row?.bytes ?? 0;
    },
    [{ code: "GAP", number: 2, key: KEYS[2], says: `what is before it ends at ${formatOffset(2)}` }],
  ],
  [
    "a hot log that begins too late",
    ({ map: { hot } }) => (hot.start = formatOffset(7)),
    [{ code: "GAP", says: `the hot log begins at ${formatOffset(7)}` }],
  ],
  [
    "a segment that repeats what is before it",
    (stream) => addSegment(stream, 5, [`{"n":5}`, `{"n":6}`]),
    [{ code: "OVERLAP", number: 3, key: keyOf(5, 7), says: `begins at ${formatOffset(5)}` }],
  ],
  [
    "a stream that counts otherwise",
    ({ map: { segments } }) => segments.messages++,
    [{ code: "TOTALS_MISMATCH", says: "come to 6 messages, and the stream says 7" }],
  ],
  [
    "an object that no row names",
    ({ objects }) => objects.set(keyOf(2, 5), Buffer.from("x")),
    [{ code: "ORPHAN_OBJECT", key: keyOf(2, 5), says: "in no row of the manifest" }],
  ],
  [
    "an object that is no segment at all",
    ({ objects }) => objects.set(`segments/default/s/${INCARNATION}/note.txt`, Buffer.from("x")),
    [{ code: "ORPHAN_OBJECT", key: `segments/default/s/${INCARNATION}/note.txt`, says: "(1 B)" }],
  ],
];

describe("inspect verify", () => {
  it("an intact stream is exit code 0, and everything was looked at, page by page", async () => {
    const stream = await fakeStream(7);
    stream.pageRows = 2;
    const { code, said } = await verify(stream);
    expect(said).toEqual({ ok: true, segments: 7, messages: 14, bytes: stream.map.segments.bytes, findings: [] });
    expect(code).toBe(0);
    expect(server?.requests.filter((request) => request.includes("/segment/"))).toHaveLength(7);
  });

  it("a stream without segments is intact", async () => {
    expect((await verify(await fakeStream(0))).said).toMatchObject({ ok: true, segments: 0 });
  });

  it.each(CASES)("%s is found, and nothing else, with exit code 8", async (_what, damage, found) => {
    const stream = await fakeStream();
    await damage(stream);
    const { code, said } = await verify(stream);
    expect(said.findings).toEqual(
      found.map(({ says, ...finding }) => ({ ...finding, message: expect.stringContaining(says) as string })),
    );
    expect(said.ok).toBe(false);
    expect(code).toBe(8);
  });

  it("a fork's segments begin where it left its source", async () => {
    const stream = await fakeStream(0);
    const start = formatOffset(4);
    const inherited = [{ stream: "default/x", incarnation: INCARNATION, until: start }];
    stream.map.fork = { source: "default/x", offset: formatOffset(3), subOffset: 1, start, inherited };
    await addSegment(stream, 4, ["4", "5"]);
    expect((await verify(stream)).said).toMatchObject({ ok: true, segments: 1 });
    stream.map.fork = { ...stream.map.fork, start: formatOffset(3) };
    await server?.stop();
    expect((await verify(stream)).said).toMatchObject({ findings: [{ code: "GAP", number: 0 }] });
  });

  it("what is sealed meanwhile is neither missing nor an orphan", async () => {
    const stream = await fakeStream();
    let asked = 0;
    const { said } = await verify(stream, (what) => {
      if (what === "objects" && asked++ === 0) {
        const row = { ...stream.rows[2], number: 3, start: formatOffset(6), end: formatOffset(8), key: keyOf(6, 8) };
        stream.rows.push(row as (typeof stream.rows)[number]);
        stream.objects.set(row.key, Buffer.from("x"));
      }
      return false;
    });
    expect(said).toMatchObject({ ok: true, segments: 3 });
  });

  it.each([
    ["after its first segment", "segment"],
    ["before its manifest is read", "segments"],
  ])("a stream that is replaced %s is STREAM_REPLACED and not damaged, with exit code 5", async (_when, at) => {
    const stream = await fakeStream();
    const { code, said } = await verify(stream, (what) => {
      if (what === at) {
        stream.map.incarnation = INCARNATION.replaceAll("1", "9");
        stream.objects.clear();
      }
      return false;
    });
    expect(said.error?.code).toBe("STREAM_REPLACED");
    expect(code).toBe(5);
  });

  it("a bucket that does not answer is worth a retry and no finding", async () => {
    const { code, said } = await verify(await fakeStream(), (what, response) => {
      if (what !== "segment") return false;
      const error = { code: "SEGMENT_UNAVAILABLE", message: "The bucket did not answer; ask again." };
      response.writeHead(503, { "content-type": "application/json" }).end(JSON.stringify({ error }));
      return true;
    });
    expect(said.error?.code).toBe("SEGMENT_UNAVAILABLE");
    expect(code).toBe(7);
  });

  it("people read each finding on a line, and the sum on the last", async () => {
    const stream = await fakeStream();
    server = await startOperator(stream);
    const args = ["inspect", "verify", "s", "--url", server.url];
    expect(await runCli(args)).toMatchObject({
      code: 0,
      stdout: "Intact: 3 segments with 6 messages, 45 B\n",
      stderr: "",
    });
    stream.objects.delete(KEYS[1]);
    expect(await runCli(args)).toMatchObject({
      code: 8,
      stdout: `SEGMENT_MISSING: Segment 1 (${KEYS[1]}) is not in the bucket.\n1 problem in 3 segments with 6 messages, 45 B\n`,
    });
  });

  it("a server without an operator API is told, with exit code 1", async () => {
    const reference = await startReference();
    const run = await runCli(["inspect", "verify", "s", "--json", "--url", reference.url]);
    await reference.stop();
    expect(JSON.parse(run.stdout)).toMatchObject({ error: { code: "NO_OPERATOR_API" } });
    expect(run.code).toBe(1);
  });
});

/** What a verdict says of a segment of the messages 1 and 2. */
const ONE_TO_TWO = {
  stream: "default/s",
  incarnation: INCARNATION,
  contentType: "application/json",
  start: formatOffset(0),
  end: formatOffset(2),
  messages: 2,
  bytes: 3,
};

describe("inspect verify --file", () => {
  it("files are checked without a server, and a damaged one is named, with exit code 8", async () => {
    const { object } = await jsonSegment(0, ["1", "2"]);
    const [good, bad] = [join(folder, "good.seg"), join(folder, "bad.seg")];
    await writeFile(good, object);
    await writeFile(bad, damaged(object));
    expect(await runCli(["inspect", "verify", "--file", good, "--json"])).toMatchObject({
      code: 0,
      stdout: `${JSON.stringify({
        ok: true,
        segments: 1,
        messages: 2,
        bytes: 3,
        findings: [],
        files: [{ file: good, ok: true, ...ONE_TO_TWO }],
      })}\n`,
    });
    const both = await runCli(["inspect", "verify", "--file", good, "--file", bad, "--json"]);
    expect(JSON.parse(both.stdout)).toMatchObject({
      ok: false,
      segments: 2,
      findings: [{ code: "SEGMENT_CORRUPT", file: bad, message: expect.stringContaining(bad) as string }],
    });
    expect(both.code).toBe(8);
  });

  it("each file gets its verdict: what is missing, a folder or no segment is a finding, and the rest is checked", async () => {
    const [good, other] = [join(folder, "one.seg"), join(folder, "note.txt")];
    await writeFile(good, (await jsonSegment(0, ["1", "2"])).object);
    await writeFile(other, "hello, this is no segment".repeat(20));
    const run = await runCli(["inspect", "verify", "--file", other, "/no/such.seg", "/", good, "-v"]);
    expect(run).toMatchObject({
      code: 8,
      stdout: [
        `NOT_A_SEGMENT: The file ${other} is no segment: it does not end like one, and may be one that is cut off.`,
        "FILE_UNREADABLE: The file /no/such.seg does not exist.",
        `FILE_UNREADABLE: "/" is a folder, and --file needs a file.`,
        "3 problems in 1 segment with 2 messages, 3 B\n",
      ].join("\n"),
      stderr: `${good}: default/s, incarnation ${INCARNATION}, application/json: ${formatOffset(0)} to ${formatOffset(2)}, 2 messages, 3 B\n`,
    });
  });

  it.each([
    ["neither a stream nor a file", [], "needs STREAM, or --file FILE"],
    ["both of them", ["s", "--file", "x"], "not both"],
    ["an empty name", ["--file", "x", "--file", ""], "--file names no file: it is empty."],
  ])("%s is a usage error", async (_what, args, says) => {
    const { code, stdout, stderr } = await runCli(["inspect", "verify", ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(says);
  });
});
