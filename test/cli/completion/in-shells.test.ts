import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { SHELLS } from "../../../src/cli/completion/shells.ts";
import { startBuilt, type TestServer } from "../../support/servers.ts";
import { openShell, PROMPT, type ShellAtWork } from "../support/shell.ts";

/** All that a shell would take for its own, and a command that must not run. */
const ODD = `odd/it's ü日 a:b $(touch pwned)!~#*`;

let server: TestServer;
let shell: ShellAtWork | undefined;

beforeAll(async () => {
  server = await startBuilt();
  await create("plain-name", `["of plain-name"]`);
  await create("plain-other", `["of plain-other"]`);
  await create(ODD, `["of the odd one"]`);
});

afterEach(async () => {
  await shell?.close();
  shell = undefined;
});

afterAll(() => server.stop());

async function create(name: string, body: string): Promise<void> {
  const path = name.split("/").map(encodeURIComponent).join("/");
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${server.url}/v1/stream/${path}`, { method: "PUT", headers, body });
  expect(response.status).toBe(201);
}

describe.each(SHELLS)("completion in %s", (name) => {
  async function open(): Promise<ShellAtWork> {
    // A machine that is busy with something else still answers.
    shell = await openShell(name, { DURABLE_STREAMS_URL: server.url, DURABLE_STREAMS_COMPLETION_MS: "30000" });
    return shell;
  }

  it("completes commands below topics, flags, and values of flags, and the line runs", async () => {
    const { terminal } = await open();
    await shell?.complete("durable-streams subscr");
    await terminal.shows("durable-streams subscriptions");
    await terminal.press("C-u");
    await shell?.complete("durable-streams tok");
    await terminal.shows("durable-streams token");
    await shell?.complete("insp");
    await terminal.shows("durable-streams token inspect");
    await terminal.press("C-u");
    await shell?.complete("durable-streams read plain-name --form");
    await terminal.shows("durable-streams read plain-name --format");
    await shell?.complete("nd");
    await terminal.shows("durable-streams read plain-name --format ndjson");
    await terminal.press("Enter");
    await terminal.shows(`"of plain-name"`);
  });

  it("completes the value behind an equals sign", async () => {
    const { terminal } = await open();
    await shell?.complete("durable-streams read plain-name --format=nd");
    await terminal.shows("--format=ndjson");
    await terminal.press("Enter");
    await terminal.shows(`"of plain-name"`);
  });

  it("completes what names have in common, and shows those that go on", async () => {
    const { terminal } = await open();
    await shell?.complete("durable-streams read pl");
    await terminal.shows("read plain-");
    await terminal.press("Tab", "Tab");
    await terminal.shows("plain-name", "plain-other");
  });

  it("a name with spaces, quotes, colons and what a shell would run is quoted, and is that stream", async () => {
    const { terminal, home } = await open();
    await shell?.complete("durable-streams read od");
    await terminal.shows(/read odd.*pwned/);
    await terminal.press("Enter");
    await terminal.shows(`"of the odd one"`);
    await expect(access(join(home, "pwned"))).rejects.toThrow();
  });

  it("goes on inside a word that is quoted already, and past a colon in it", async () => {
    const { terminal, home } = await open();
    await shell?.complete(`durable-streams read "odd/it's ü日 a:`);
    await terminal.shows(/read .*pwned/);
    await terminal.press("Enter");
    await terminal.shows(`"of the odd one"`);
    await expect(access(join(home, "pwned"))).rejects.toThrow();
  });

  it("completes files where a file is meant, and folders where a folder is", async () => {
    const { terminal, home } = await open();
    await writeFile(join(home, "messages one.json"), `["from the file"]`);
    await mkdir(join(home, "data-folder"));
    await writeFile(join(home, "data-file"), "");
    await shell?.complete("durable-streams append plain-other --file mess");
    await terminal.shows(/--file messages.*json/);
    await terminal.press("Enter");
    await terminal.shows("1 message");
    await shell?.complete("durable-streams dev --persist data-");
    await terminal.shows("--persist data-folder");
  });

  it("a line without any answer stays as it is", async () => {
    const { terminal } = await open();
    await shell?.complete("durable-streams read nosuch");
    await shell?.complete("");
    await terminal.type("-END");
    await terminal.shows(`${PROMPT} durable-streams read nosuch-END`);
  });
});
