import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { identifyProcess } from "../../src/local/process-identity.ts";
import { dev, PROGRAM, readyDev, runtimePidIn } from "./support/dev.ts";
import { temporaryFolder } from "./support/folders.ts";
import { processGone, run } from "./support/processes.ts";

const STOP_LIMIT_MS = 3_000;

async function restOfOutput(program: { nextLine(): Promise<string> }): Promise<string> {
  return await program.nextLine().catch(() => "");
}

describe("ready", () => {
  test("--json says url and pid in one line on stdout and nothing else", async () => {
    const server = await readyDev(await temporaryFolder());
    expect((await fetch(`${server.url}/v1/health`)).status).toBe(200);
    expect(server.pid).toBe(server.child.pid);
    server.child.kill("SIGTERM");
    expect(await restOfOutput(server)).toBe("");
    expect(await server.ended).toBe(0);
  });

  test("people read on stderr where the server and its data are, and stdout stays empty", async () => {
    const dir = path.join(await temporaryFolder(), "data");
    const program = dev(dir);
    await program.stderrMatching(/Ctrl-C stops/);
    expect(program.stderr()).toMatch(/^Durable Streams at http:\/\/127\.0\.0\.1:\d+$/m);
    expect(program.stderr()).toContain(`Data in ${dir}\n`);
    program.child.kill("SIGTERM");
    expect(await restOfOutput(program)).toBe("");
  });

  test("--var reaches the Worker", async () => {
    const server = await readyDev(await temporaryFolder(), "--var", "DEBUG_TIMING=1");
    const response = await fetch(`${server.url}/v1/stream/a`, {
      method: "PUT",
      headers: { "content-type": "text/plain" },
    });
    expect(response.headers.get("server-timing")).not.toBeNull();
    expect(server.stderr()).toBe("");
  });

  test("--var with a name that has no effect is told so, with the names that have one", async () => {
    const server = await readyDev(await temporaryFolder(), "--var", "DEBUG=1", "--var", "SEGMENT_MAX_BYTES=9");
    expect(server.stderr()).toBe(
      "Warning: --var DEBUG is not a variable that the Worker knows. " +
        "Variables with an effect: DEBUG_TIMING, SEGMENT_MAX_MESSAGES, SEGMENT_MAX_BYTES.\n",
    );
  });
});

describe("refusals", () => {
  test.each([
    [
      ["DEBUG_TIMING=yes"],
      "Error: --var DEBUG_TIMING=yes has no meaning.\nSet it to 1, or to 0, which is the default.\n",
    ],
    [["A=1", "B=2", "A=1"], "Error: --var A is given more than once.\nLeave out all but one.\n"],
  ])("--var %j: exit code 2", async (pairs, says) => {
    const program = dev(await temporaryFolder(), ...pairs.flatMap((pair) => ["--var", pair]));
    expect(await program.ended).toBe(2);
    expect(program.stderr()).toBe(says);
  });

  test("a data folder that is a file: exit code 2", async () => {
    const file = path.join(await temporaryFolder(), "file");
    await writeFile(file, "mine");
    const program = dev(file);
    expect(await program.ended).toBe(2);
    expect(program.stderr()).toBe(
      `Error: ${file} is no folder, and the data need one.\nChoose another with --persist.\n`,
    );
  });

  test("a port in use: exit code 5, the address, and how to choose another", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    const program = dev(await temporaryFolder(), "--port", String(port));
    expect(await program.ended).toBe(5);
    expect(program.stderr()).toBe(
      `Error: 127.0.0.1:${port} is already in use by another program.\nChoose another port with --port, or --port 0 for a free one.\n`,
    );
  });

  test("a port in use by another server of ours: exit code 5, and how to use that one", async () => {
    const { url } = await readyDev(await temporaryFolder());
    const { host, port } = new URL(url);
    const program = dev(await temporaryFolder(), "--port", port);
    expect(await program.ended).toBe(5);
    expect(program.stderr()).toBe(
      `Error: ${host} is already in use by another durable-streams server.\nUse that server with --url ${url}, or choose another port with --port, or --port 0 for a free one.\n`,
    );
  });

  test("a folder in use: exit code 5, and one JSON object with --json", async () => {
    const dir = await temporaryFolder();
    const first = await readyDev(dir);
    const second = dev(dir, "--json");
    const { error } = JSON.parse(await second.nextLine()) as { error: { code: string; message: string } };
    expect(error.code).toBe("FOLDER_IN_USE");
    expect(error.message).toContain(`${dir} is in use by a server at ${first.url} (pid ${first.pid})`);
    expect(await second.ended).toBe(5);
  });

  test.each([
    [["--host", "0.0.0.0"], 'Refusing to listen on "0.0.0.0"'],
    [["--var", "DEBUG_TIMING"], '--var "DEBUG_TIMING" is not a NAME=VALUE pair'],
    [["--var", "SEGMENT_MAX_MESSAGES=lots"], 'SEGMENT_MAX_MESSAGES is "lots"; it must be a whole number from 1 to'],
    [["--var", "SEGMENT_MAX_BYTES=0"], 'SEGMENT_MAX_BYTES is "0"; it must be a whole number from 1 to'],
    [["--var", "SEGMENT_MAX_BYTES=99999999999"], "SEGMENT_MAX_BYTES"],
    [["--var", "ALLOWED_HOSTS=*"], "ALLOWED_HOSTS is set by the server itself"],
    [["--port", "70000"], "70000"],
  ])("%j: exit code 2 and a reason", async (flags, reason) => {
    const program = dev(await temporaryFolder(), ...flags);
    expect(await program.ended).toBe(2);
    expect(program.stderr()).toContain(reason);
  });
});

describe("end", () => {
  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s ends it in order within 3 s with a live reader connected",
    async (signal) => {
      const server = await readyDev(await temporaryFolder());
      const stream = `${server.url}/v1/stream/a`;
      await fetch(stream, { method: "PUT", headers: { "content-type": "application/json" }, body: "[1]" });
      const reader = (await fetch(`${stream}?offset=-1&live=sse`)).body?.getReader();
      await reader?.read();
      const begin = performance.now();
      server.child.kill(signal);
      expect(await server.ended).toBe(0);
      expect(performance.now() - begin).toBeLessThan(STOP_LIMIT_MS);
      expect(await identifyProcess(server.runtimePid)).toBeUndefined();
      await reader?.cancel().catch(() => undefined);
    },
  );

  test("a Ctrl-C that the terminal sends to the runtime as well is no crash", async () => {
    const dir = await temporaryFolder();
    const program = run([PROGRAM, "dev", "--port", "0", "--persist", dir], { detached: true });
    await program.stderrMatching(/Ctrl-C stops/);
    process.kill(-(program.child.pid ?? Number.NaN), "SIGINT");
    expect(await program.ended).toBe(0);
    expect(program.stderr()).not.toContain("Error");
  });

  test("a signal while it starts ends it in order as well", async () => {
    const dir = await temporaryFolder();
    const program = dev(path.join(dir, "data"), "--verbose");
    await program.stderrMatching(/Starting/);
    program.child.kill("SIGTERM");
    expect(await program.ended).toBe(0);
  });

  test("SIGKILL leaves no runtime behind", async () => {
    const server = await readyDev(await temporaryFolder());
    server.child.kill("SIGKILL");
    await processGone(server.runtimePid);
  });

  test("a runtime that dies is said so, with exit code 1", async () => {
    const dir = await temporaryFolder();
    const server = await readyDev(dir);
    process.kill(await runtimePidIn(dir), "SIGKILL");
    expect(JSON.parse(await server.nextLine())).toMatchObject({ error: { code: "RUNTIME_DIED" } });
    expect(await server.ended).toBe(1);
  });
});
