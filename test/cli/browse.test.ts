// The views to browse, in a real terminal: the list of streams, the map of one, and the messages of a segment.
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { runCli, startCli } from "../support/cli.ts";
import { startScripted } from "../support/scripted-server.ts";
import { startBuilt, startReference, type TestServer } from "../support/servers.ts";
import { steadyPort } from "../support/steady-port.ts";
import { Tmux, type TmuxOptions } from "../support/tmux.ts";
import { fakeStream, jsonSegment, keyOf, startOperator } from "./inspect/support/operator-server.ts";

let server: TestServer;
let terminal: Tmux | undefined;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "durable-streams-browse-"));
  server = await startBuilt();
});

afterEach(async () => {
  await terminal?.close();
  terminal = undefined;
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

async function put(path: string, body: string | null = null): Promise<void> {
  const headers = { "content-type": "application/json" };
  const { status } = await fetch(`${server.url}/v1/stream/${path}`, { method: "PUT", headers, body });
  expect(status).toBe(201);
}

async function send(method: "POST" | "DELETE", path: string, body: string | null = null, more = {}): Promise<void> {
  const headers = { "content-type": "application/json", ...more };
  const { ok } = await fetch(`${server.url}/v1/stream/${path}`, { method, headers, body });
  expect(ok).toBe(true);
}

async function view(args: readonly string[], options: TmuxOptions = {}, at = server.url): Promise<Tmux> {
  terminal = await Tmux.start(args, { ...options, env: { DURABLE_STREAMS_URL: at, ...options.env } });
  return terminal;
}

describe("list --watch on a terminal", () => {
  it("shows what comes and goes, filters, and opens a stream live; Escape leads back, and q leaves", async () => {
    await put("w/a", `[{"n":1}]`);
    await put("w/b");
    const list = await view(["list", "w/", "--watch", "--interval", "1s"]);
    await list.shows(/^> w\/a +application\/json +1 /m, /^ {2}w\/b +application\/json +0 /m, "● ");
    await put("w/c");
    await send("DELETE", "w/b");
    await list.shows(/^ {2}w\/c +application\/json/m, /^(?![^]*w\/b)/);
    await list.type("/");
    await list.shows("filter: ");
    await list.type("a");
    await list.shows("1 stream", /^(?![^]*w\/c)/);
    await list.press("Enter", "Enter");
    await list.shows(`{"n":1}`, "● live  1 message", "Esc back");
    await send("POST", "w/a", `[{"n":2}]`);
    await list.shows(`{"n":2}`);
    await list.press("Escape");
    await list.shows(/^> w\/a +application\/json +2 /m, "filter a");
    await list.press("q");
    expect((await list.shows("EXIT 0"))[0]).toBe("BEFORE");
    expect(await list.isOnAlternateScreen()).toBe(false);
  });

  it("shows control sequences of names as text, follows the terminal's size, and opens how a stream is kept", async () => {
    await put(`x/${encodeURIComponent("\u202ered")}`);
    const list = await view(["list", "x/", "--watch"], { env: { NO_COLOR: "1" } });
    await list.shows("> x/\\u202ered");
    await list.resize(45, 12);
    const rows = await list.shows(/^ {2}STREAM +TAIL +RATE$/m);
    expect(rows).toHaveLength(12);
    await list.type("i");
    await list.shows("░░░", "> hot log");
    await list.press("C-c");
    await list.shows("EXIT 130");
  });

  it("a stream that ends while it is looked at leads back to the list, which says why", async () => {
    await put("y/gone", "[1]");
    const list = await view(["list", "y/", "--watch"]);
    await list.shows("> y/gone");
    await list.press("Enter");
    await list.shows("● live");
    await send("DELETE", "y/gone");
    await list.shows("failed with 404", "no stream has a name");
  });

  it("a listed name that is a URL leads to no other server", async () => {
    const other = await startScripted((_request, response) => response.writeHead(200).end());
    const listed = {
      path: `${other.url}/v1/stream/x`,
      content_type: "text/plain",
      next_offset: "0",
      closed: false,
      public: false,
      created_at: "2026-01-01T00:00:00Z",
    };
    const lister = await startScripted((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ streams: [listed], next_cursor: null }));
    });
    try {
      const list = await view(["list", "--watch"], { columns: 120 }, lister.url);
      await list.shows(`> ${other.url}`);
      for (const key of ["Enter", "i"]) {
        await list.press(key);
        await list.shows("is not a stream's name: it is a URL");
      }
      expect(other.requests).toEqual([]);
    } finally {
      await Promise.all([other.stop(), lister.stop()]);
    }
  });

  it("a server without a list of streams is told on the screen that stays", async () => {
    const reference = await startReference();
    try {
      const list = await view(["list", "--watch"], {}, reference.url);
      await list.shows("lists its streams", /^EXIT [1-9]/m);
    } finally {
      await reference.stop();
    }
  });
});

describe("list --watch without a terminal's view", () => {
  it("prints an object for each stream that is there, and for each that is added, changed or removed", async () => {
    await put("p/a", "[1]");
    const child = startCli(["list", "p/", "--watch", "--json", "--interval", "1s"], {
      env: { DURABLE_STREAMS_URL: server.url },
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value));
    expect(await next()).toMatchObject({
      change: "added",
      path: "p/a",
      contentType: "application/json",
      closed: false,
    });
    await send("POST", "p/a", "[2,3]");
    expect(await next()).toMatchObject({
      change: "changed",
      path: "p/a",
      nextOffset: "0000000000000000_0000000000000003",
      previousOffset: "0000000000000000_0000000000000001",
    });
    await put("p/b");
    expect(await next()).toMatchObject({ change: "added", path: "p/b" });
    await send("POST", "p/a", null, { "stream-closed": "true" });
    expect(await next()).toMatchObject({ change: "changed", path: "p/a", closed: true });
    await send("DELETE", "p/a");
    expect(await next()).toEqual({ change: "removed", path: "p/a" });
    child.kill("SIGINT");
    expect(await once(child, "close")).toEqual([130, null]);
  });

  it("a dumb terminal gets lines", async () => {
    await put("q/a", "[1]");
    const list = await view(["list", "q/", "--watch"], { env: { TERM: "dumb" }, columns: 200 });
    await list.shows(/^added {4}q\/a +application\/json +0{16}_0{15}1 +\S+Z {2}never$/m);
    await send("POST", "q/a", "[2]");
    await list.shows(/^changed {2}q\/a +application\/json +0{16}_0{15}2/m);
    expect(await list.isOnAlternateScreen()).toBe(false);
  });

  it("a server that goes away is waited for, and what changed meanwhile is printed when it is back", async () => {
    const dataDir = await mkdtemp(join(folder, "data-"));
    let own = await startBuilt({ dataDir, port: await steadyPort() });
    const { url } = own;
    await fetch(`${url}/v1/stream/a`, { method: "PUT" });
    const child = startCli(["list", "--watch", "--json", "--interval", "1s"], { env: { DURABLE_STREAMS_URL: url } });
    try {
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      expect(String((await lines.next()).value)).toContain(`"path":"a"`);
      await own.stop();
      const said = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
      expect(String((await said.next()).value)).toContain("No answer");
      own = await startBuilt({ dataDir, port: Number(new URL(url).port) });
      await fetch(`${url}/v1/stream/b`, { method: "PUT" });
      expect(JSON.parse(String((await lines.next()).value))).toMatchObject({ change: "added", path: "b" });
    } finally {
      child.kill("SIGTERM");
      expect(await once(child, "close")).toEqual([143, null]);
      await own.stop();
    }
  });

  it("ends quietly when its reader goes away", async () => {
    await put("r/a");
    const child = startCli(["list", "r/", "--watch"], { env: { DURABLE_STREAMS_URL: server.url } });
    child.stdout.destroy();
    const stderr: string[] = [];
    child.stderr.on("data", (text: Buffer) => stderr.push(text.toString()));
    expect(await once(child, "close")).toEqual([0, null]);
    expect(stderr.join("")).toBe("");
  });
});

describe("inspect on a terminal", () => {
  it("draws the stream; a segment is checked and opened with Enter, the hot log live, and Escape leads back", async () => {
    const sealing = await startBuilt({ vars: { SEGMENT_MAX_MESSAGES: "4" } });
    try {
      const url = `${sealing.url}/v1/stream/s`;
      const headers = { "content-type": "application/json" };
      await fetch(url, { method: "PUT", headers });
      for (let n = 0; n < 9; n++) await fetch(url, { method: "POST", headers, body: `[{"n":${String(n)}}]` });
      const map = await view(["inspect", "s"], {}, sealing.url);
      await map.shows(/^█+ █+ ░+$/m, /^> hot log/m, "2 segments");
      await map.press("Left");
      await map.shows(/^> 1 .* -$/m, "not checked");
      await map.press("v");
      await map.shows(/^> 1 .* intact$/m, "every checksum holds");
      await map.press("Enter");
      await map.shows("s segment 1", `> {"n":4}`, "the segment ends here", "Esc back");
      await map.press("Escape");
      await map.shows(/^> 1 /m);
      await map.press("G");
      await map.shows(/^> hot log/m);
      await map.press("Enter");
      await map.shows(/^ {2}\{"n":8\}/m, "● live");
      await fetch(url, { method: "POST", headers, body: `[{"n":9}]` });
      await map.shows(`{"n":9}`);
      await map.press("Escape");
      await map.shows("tail 10");
      await map.resize(50, 15);
      expect(await map.shows(/^█+ █+ ░+$/m)).toHaveLength(15);
      await map.press("q");
      await map.shows("EXIT 0");
    } finally {
      await sealing.stop();
    }
  });

  it("a segment that is missing in the bucket is told and marked", async () => {
    const stream = await fakeStream(3);
    stream.objects.delete(keyOf(2, 4));
    const operator = await startOperator(stream);
    try {
      const map = await view(["inspect", "s"], {}, operator.url);
      await map.shows(/^ {2}1 +2 +4 /m);
      await map.press("Left", "Left", "v");
      await map.shows(/^> 1 .* damaged$/m, "checksums It is not in the bucket.", "╳");
    } finally {
      await operator.stop();
    }
  });

  it.each([
    ["--plain", ["--plain"], "screen-256color"],
    ["a dumb terminal", [], "dumb"],
  ])("with %s it prints, and there is no view", async (_how, flags, term) => {
    await put(`z${term}`);
    const map = await view(["inspect", `z${term}`, ...flags], { env: { TERM: term } });
    await map.shows(/^stream +http/m, /^hot log /m, "EXIT 0");
    expect(await map.isOnAlternateScreen()).toBe(false);
  });

  it("a stream that is not there is told on the screen that stays", async () => {
    const map = await view(["inspect", "nothing"]);
    await map.shows(`There is no stream "nothing"`, "EXIT 3");
  });
});

describe("inspect cat on a terminal", () => {
  const segmentFile = async (): Promise<string> => {
    const file = join(folder, "17.seg");
    const { object } = await jsonSegment(7, [`{"n":7}`, `{"n":8,"evil":"\u009b2J"}`]);
    await writeFile(file, object);
    return file;
  };

  it("shows a file's messages, each with its offset and time when it is unfolded", async () => {
    const cat = await view(["inspect", "cat", "--file", await segmentFile()]);
    await cat.shows("17.seg", `> {"n":7}`, `{"n":8,"evil":"\\u009b2J"}`, "the segment ends here", "message 1 of 2");
    await cat.press("Enter");
    await cat.shows("at 0000000000000000_0000000000000007  appended 2026-01-01T00:00:00.000Z", `│   "n": 7`);
    await cat.press("Escape");
    await cat.shows("EXIT 0");
  });

  it("--plain prints what a pipe gets", async () => {
    const file = await segmentFile();
    const { stdout } = await runCli(["inspect", "cat", "--file", file]);
    expect(stdout).toBe(`{"n":7}\n{"n":8,"evil":"\u009b2J"}\n`);
    const cat = await view(["inspect", "cat", "--file", file, "--plain"]);
    await cat.shows(/^\{"n":7\}$/m, /^\{"n":8,"evil":"\\u009b2J"\}$/m, "EXIT 0");
    expect(await cat.isOnAlternateScreen()).toBe(false);
  });
});
