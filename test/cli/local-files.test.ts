import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PrintedLines, runCli, startCli, type RunResult } from "../support/cli.ts";
import { startScripted, type ScriptedServer } from "../support/scripted-server.ts";

let server: ScriptedServer;
let folder: string;

const HEAD = { "content-type": "application/json", "stream-next-offset": "1" };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "durable-streams-files-"));
  server = await startScripted((_request, response) => {
    response.writeHead(200, { ...HEAD, "stream-up-to-date": "true" }).end("[1]");
  });
});

afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const run = (args: readonly string[]): Promise<RunResult> => runCli([...args, "--url", server.url], { input: "1\n" });

function event(n: number): string {
  return `event: data\ndata: [${String(n)}]\n\nevent: control\ndata: {"streamNextOffset":"${String(n)}","upToDate":true}\n\n`;
}

describe("local files", () => {
  it.each([
    ["tail", ["tail", "s", "--from-start", "--exit-at-tail"]],
    ["append", ["append", "s"]],
  ])(
    "%s: a checkpoint that cannot be written is refused before anything is asked of the server",
    async (_name, args) => {
      const missing = await run([...args, "--checkpoint", "/nonexist/x"]);
      expect(missing).toMatchObject({
        code: 2,
        stdout: "",
        stderr:
          "Error: The checkpoint /nonexist/x cannot be written: the folder /nonexist does not exist.\nCreate it, or choose another file.\n",
      });
      const isFolder = await run([...args, "--checkpoint", folder]);
      expect(isFolder).toMatchObject({
        code: 2,
        stdout: "",
        stderr: `Error: ${JSON.stringify(folder)} is a folder, and --checkpoint needs a file.\n`,
      });
      await writeFile(join(folder, "file"), "");
      const below = await run([...args, "--checkpoint", join(folder, "file", "x")]);
      expect(below).toMatchObject({ code: 2, stdout: "" });
      expect(below.stderr).toContain(`${join(folder, "file")} is not a folder`);
      expect(server.requests).toEqual([]);
    },
  );

  it.each([
    ["append", ["append", "s"]],
    ["create", ["create", "s"]],
  ])("%s: --file names a file that is there, or nothing is sent", async (_name, args) => {
    expect(await run([...args, "--file", folder])).toMatchObject({
      code: 2,
      stderr: `Error: ${JSON.stringify(folder)} is a folder, and --file needs a file.\n`,
    });
    expect((await run([...args, "--file", join(folder, "none")])).code).toBe(2);
    expect(server.requests).toEqual([]);
  });

  it("tail: a checkpoint that can no longer be saved ends the run at once", async () => {
    let live: ServerResponse | undefined;
    const own = await startScripted((request, response) => {
      if (request.url?.includes("live=") !== true) {
        response.writeHead(200, { ...HEAD, "stream-up-to-date": "true" }).end("[1]");
        return;
      }
      response.writeHead(200, { ...HEAD, "content-type": "text/event-stream" });
      response.write(event(1));
      live = response;
    });
    const gone = join(folder, "gone");
    await mkdir(gone);
    const checkpoint = join(gone, "position");
    const child = startCli(["tail", "s", "--from-start", "--checkpoint", checkpoint, "--url", own.url]);
    let stderr = "";
    child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
    const closed = once(child, "close");
    await new PrintedLines(child).atLeast(1);
    while (live === undefined) await new Promise((resolve) => setImmediate(resolve));
    await rm(gone, { recursive: true });
    live.write(event(2));
    expect(await closed).toEqual([2, null]);
    expect(stderr).toBe(
      `Error: The checkpoint ${checkpoint} cannot be written: the folder ${gone} does not exist.\nCreate it, or choose another file.\n`,
    );
    await own.stop();
  });
});
