import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { BIN, NODE } from "../support/cli.ts";
import { startScripted } from "../support/scripted-server.ts";
import { startBuilt, startReference, type TestServer } from "../support/servers.ts";
import { steadyPort } from "../support/steady-port.ts";
import { Tmux, type TmuxOptions } from "../support/tmux.ts";

let server: TestServer;
let terminal: Tmux | undefined;
let count = 0;

beforeAll(async () => {
  server = await startReference();
});

afterEach(async () => {
  await terminal?.close();
  terminal = undefined;
});

afterAll(() => server.stop());

async function create(messages: readonly unknown[], at = server.url): Promise<string> {
  const name = `s${String(count++)}`;
  const body = messages.length === 0 ? null : JSON.stringify(messages);
  const response = await fetch(`${at}/v1/stream/${name}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body,
  });
  expect(response.status).toBe(201);
  return name;
}

async function append(name: string, messages: readonly unknown[], at = server.url): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${at}/v1/stream/${name}`, { method: "POST", headers, body: JSON.stringify(messages) });
  expect(response.ok).toBe(true);
}

async function tail(args: readonly string[], options: TmuxOptions = {}, at = server.url): Promise<Tmux> {
  terminal = await Tmux.start(["tail", ...args], { ...options, env: { DURABLE_STREAMS_URL: at, ...options.env } });
  return terminal;
}

function numbered(length: number): readonly unknown[] {
  return Array.from({ length }, (_, n) => ({ n }));
}

const LEAVES_ALTERNATE_SCREEN = "\u001b[?1049l";

describe("the live view in a terminal", () => {
  it("shows messages as they come and their control sequences as pictures; q leaves the screen as it was", async () => {
    const name = await create([{ n: 1 }]);
    const view = await tail([name, "--from-start"]);
    await view.shows(`{"n":1}`, "● live  1 message");
    expect(await view.isOnAlternateScreen()).toBe(true);
    await append(name, [{ n: 2, evil: "\u009b2J\u202e" }]);
    const rows = await view.shows(`{"n":2,"evil":"\\u009b2J\\u202e"}`);
    expect(rows[0]).toContain(name);
    expect(rows.at(-1)).toContain("q leave");
    await view.press("q");
    const left = await view.shows("EXIT 0", "2 messages seen. Go on with: --offset");
    expect(left[0]).toBe("BEFORE");
    expect(await view.isOnAlternateScreen()).toBe(false);
  });

  it("is not torn by the trace of requests, which comes when it is left; a file gets it at once", async () => {
    const name = await create(numbered(3));
    const env = { DURABLE_STREAMS_DEBUG: "api" };
    const folder = await mkdtemp(join(tmpdir(), "durable-streams-view-"));
    try {
      const view = await tail([name, "--from-start"], { env, rows: 50, columns: 120 });
      await view.shows(`{"n":2}`, "● live");
      const written = join(folder, "written");
      await view.record(written);
      // A jump asks anew.
      await view.type("s");
      await view.shows("browsing");
      await view.press("q");
      await view.shows("EXIT 0", /^> GET \S+offset=/m, /^< 200 in /m);
      // A file, too, can only be looked at.
      let recorded = "";
      while (!recorded.includes("EXIT 0")) recorded = await readFile(written, "utf8");
      const [before, after, ...more] = recorded.split(LEAVES_ALTERNATE_SCREEN);
      expect(more).toEqual([]);
      expect(before).toContain("browsing");
      expect(before).not.toContain("> GET http");
      expect(after).toContain("> GET http");
      await view.close();
      terminal = undefined;

      const file = join(folder, "trace");
      const words = ["sh", "-c", 'exec "$0" "$@" 2>"$TRACE"', NODE, BIN, "tail", name, "--from-start"];
      const options = { env: { ...env, TRACE: file, DURABLE_STREAMS_URL: server.url } };
      terminal = await Tmux.run(words, options);
      await terminal.shows(`{"n":2}`, "● live");
      expect(await readFile(file, "utf8")).toMatch(/^> GET \S+offset=/m);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("pauses, counts what arrives, unfolds, searches and filters", async () => {
    const name = await create(numbered(30));
    const view = await tail([name, "--from-start"]);
    await view.shows(`{"n":29}`);
    await view.press("Space");
    await view.shows("paused, 0 new");
    await append(name, [{ n: 30 }, { n: 31 }]);
    const rows = await view.shows("paused, 2 new");
    expect(rows.join("\n")).not.toContain(`{"n":30}`);
    await view.type("/:17");
    await view.shows(`> {"n":17}`, "1 match");
    await view.press("Enter", "Enter");
    await view.shows(`│   "n": 17`);
    await view.press("Escape");
    // Together with what follows at once, Escape is another key.
    await view.shows(/^(?![^]*Esc clear)/);
    await view.type("f");
    await view.shows("filter:");
    await view.type(".n ~ 3");
    await view.shows(`{"n":13}`, `{"n":23}`, "3 messages at hand");
    await view.press("Enter");
    await view.type("G");
    await view.shows(`{"n":30}`, `{"n":31}`, "filter .n ~ 3");
  });

  it("jumps to the start and to an offset; one that the server refuses can be mended, and nothing is lost by it", async () => {
    const name = await create(numbered(3));
    const view = await tail([name]);
    await view.shows("waiting for messages");
    await view.type("s");
    await view.shows(`> {"n":0}`, `{"n":2}`, "browsing");
    await view.type("o");
    await view.type("no offset");
    await view.press("Enter");
    await view.shows(`Following ${name} failed with 400`, "offset: no offset▏", "● live", `> {"n":0}`, `{"n":2}`);
    await append(name, [{ n: 3 }]);
    await view.shows(`{"n":3}`);
    await view.press("C-u");
    await view.type("-1");
    await view.press("Enter");
    await view.shows(`> {"n":0}`, `{"n":3}`, /^(?![^]*offset:)/);
  });

  it("saves a message to a file, and never over another", async () => {
    const folder = await mkdtemp(join(tmpdir(), "durable-streams-view-"));
    try {
      const view = await tail([await create([{ n: 1 }]), "--from-start"], { columns: 120 });
      await view.shows(`{"n":1}`);
      const file = join(folder, "m");
      for (const answer of ["Saved 7 B", "is there already"]) {
        await view.type("w");
        await view.shows("save as:");
        await view.press("C-u");
        await view.type(file);
        await view.press("Enter");
        await view.shows(answer);
      }
      expect(await readFile(file, "utf8")).toBe(`{"n":1}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("follows the terminal's size, and says when it is too small", async () => {
    const view = await tail([await create(numbered(50)), "--from-start"], { columns: 120, rows: 40 });
    await view.shows(`{"n":49}`, `{"n":13}`);
    await view.resize(40, 12);
    const rows = await view.shows(/^ {2}\{"n":41\}\n(.*\n){8}● live/m);
    expect(rows).toHaveLength(12);
    await view.resize(30, 8);
    await view.shows("needs 40");
    await view.resize(80, 24);
    await view.shows(`{"n":29}`, `{"n":49}`, "q leave");
  });

  it("shows several streams mixed and alone, and without colours tells as much", async () => {
    const [first, second] = [await create([{ n: 1 }]), await create([{ n: 2 }])];
    const view = await tail([first, second, "--from-start"], { env: { NO_COLOR: "1" } });
    await view.shows(` 0 all  ● 1 ${first}  ● 2 ${second}`, `${first} {"n":1}`, `${second} {"n":2}`);
    await view.type("2");
    const rows = await view.shows(/^ {2}\{"n":2\}/m);
    expect(rows.join("\n")).not.toContain(`{"n":1}`);
  });

  it("is told of a stream that is not there and of nothing else, while the others have not answered", async () => {
    const silent = await startScripted((request, response) => {
      if (request.url?.endsWith("/missing") === true) response.writeHead(404).end();
    });
    try {
      const view = await tail(["one", "missing", "two"], {}, silent.url);
      const rows = (await view.shows("EXIT 3", `There is no stream "missing"`)).join("\n");
      expect(rows).not.toContain("Trying again");
      expect(rows).not.toContain("destroyed");
    } finally {
      await silent.stop();
    }
  });

  it("waits for a server that has gone, and goes on where it stood when that is back", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "durable-streams-view-"));
    let own = await startBuilt({ dataDir, port: await steadyPort() });
    const { url } = own;
    try {
      const name = await create([{ n: 1 }], url);
      const view = await tail([name, "--from-start"], {}, url);
      await view.shows(`{"n":1}`, "● live");
      await own.stop();
      await view.shows("× waiting", "Trying again in");
      own = await startBuilt({ dataDir, port: Number(new URL(url).port) });
      await append(name, [{ n: 2 }], url);
      await view.shows(`{"n":1}`, `{"n":2}`, "● live  2 messages", "1 reconnect");
    } finally {
      await own.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it.each([
    ["Ctrl-C", (view: Tmux) => view.press("C-c"), 130],
    ["SIGTERM", (view: Tmux) => view.signal("SIGTERM"), 143],
  ])("%s gives the terminal back", async (_how, end, code) => {
    const view = await tail([await create([])]);
    await view.shows("waiting for messages", "● live");
    await end(view);
    await view.shows(`EXIT ${String(code)}`);
    expect(await view.isOnAlternateScreen()).toBe(false);
  });

  it.each([
    ["--plain", ["--plain"], "screen-256color"],
    ["a dumb terminal", [], "dumb"],
  ])("with %s lines are printed, and there is no view", async (_how, flags, term) => {
    const view = await tail([await create([{ n: 1 }]), "--from-start", ...flags], { env: { TERM: term } });
    const rows = await view.shows(/^\{"n":1\}$/m);
    expect(rows[0]).toBe("BEFORE");
    expect(await view.isOnAlternateScreen()).toBe(false);
  });
});
