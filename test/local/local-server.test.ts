import { readdir, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { startLocalServer } from "../../src/local/start-local-server.ts";
import type { LocalServer, LocalServerOptions, LogEntry } from "../../src/local/options.ts";
import { temporaryFolder } from "./support/folders.ts";
import { STAND_IN_WORKER } from "./support/processes.ts";

async function start(options: Partial<LocalServerOptions> = {}): Promise<LocalServer> {
  const persistDir = options.persistDir ?? (await temporaryFolder());
  const server = await startLocalServer({
    workerFile: STAND_IN_WORKER,
    port: 0,
    log: () => undefined,
    ...options,
    persistDir,
  });
  onTestFinished(() => server.stop());
  return server;
}

async function occupiedPort(): Promise<number> {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  const address = other.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

describe("start", () => {
  test("answers requests as soon as it is started, on the port that it names", async () => {
    const server = await start();
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    expect((await fetch(`${server.url}/v1/health`)).status).toBe(200);
  });

  test("passes variables on to the Worker", async () => {
    const server = await start({ vars: { EXAMPLE: "3" } });
    expect(await (await fetch(`${server.url}/v1/health`)).json()).toEqual({ variables: "3" });
  });

  test("listens on ::1 when asked to", async () => {
    const server = await start({ host: "::1" });
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await fetch(`${server.url}/v1/health`)).status).toBe(200);
  });

  test.each(["0.0.0.0", "::", "192.168.1.7", "example.org", "127.0.0.1.nip.io", "[::ffff:10.0.0.1]", ""])(
    "refuses to listen on %j, which is not a loopback address",
    async (host) => {
      await expect(start({ host })).rejects.toThrow(
        /Refusing to listen on ".*Use 127\.0\.0\.1, ::1 or localhost, or .*--auth\./s,
      );
    },
  );

  test("a port in use is named, with the way to choose another", async () => {
    const port = await occupiedPort();
    await expect(start({ port })).rejects.toThrow(
      `127.0.0.1:${port} is already in use by another program. Choose another port with --port, or --port 0 for a free one.`,
    );
  });

  test("a start that fails leaves the folder free", async () => {
    const persistDir = await temporaryFolder();
    await expect(start({ port: await occupiedPort(), persistDir })).rejects.toThrow("already in use");
    await start({ persistDir });
  });

  test.each(["port in use", "broken Worker"])("a start that fails (%s) leaves no folder that it made", async (why) => {
    const root = await temporaryFolder();
    const workerFile = path.join(import.meta.dirname, "fixtures", "broken-worker.js");
    const fault = why === "port in use" ? { port: await occupiedPort() } : { workerFile };
    await expect(start({ ...fault, persistDir: path.join(root, "deep", "data") })).rejects.toThrow();
    expect(await readdir(root)).toEqual([]);
  });

  test("a start that fails leaves the data of earlier ones as they are", async () => {
    const persistDir = path.join(await temporaryFolder(), "data");
    const first = await start({ persistDir });
    await first.stop();
    const before = await readdir(persistDir);
    await expect(start({ port: await occupiedPort(), persistDir })).rejects.toThrow("already in use");
    expect(await readdir(persistDir)).toEqual(before);
  });

  test("a Worker that does not compile fails the start with the runtime's own words", async () => {
    const workerFile = path.join(import.meta.dirname, "fixtures", "broken-worker.js");
    await expect(start({ workerFile })).rejects.toThrow(/The runtime did not start: .*SyntaxError/s);
  });

  test("a bundle that is missing is named", async () => {
    await expect(start({ workerFile: "/nowhere/server.js" })).rejects.toThrow("/nowhere/server.js is not there");
  });

  test("the check of the Host header cannot be configured away", async () => {
    await expect(start({ vars: { ALLOWED_HOSTS: "*" } })).rejects.toThrow("ALLOWED_HOSTS is set by the server itself");
  });
});

describe("data", () => {
  test("the folder is open to its owner only", async () => {
    const persistDir = path.join(await temporaryFolder(), "data");
    await start({ persistDir });
    expect((await stat(persistDir)).mode & 0o777).toBe(0o700);
  });

  test("streams and segments survive a restart", async () => {
    const persistDir = await temporaryFolder();
    const first = await start({ persistDir });
    await fetch(`${first.url}/v1/stream/a`, { method: "POST", body: '{"n":1}' });
    await fetch(`${first.url}/segments/a`, { method: "PUT", body: "sealed" });
    await first.stop();
    const second = await start({ persistDir });
    expect(await (await fetch(`${second.url}/v1/stream/a`)).text()).toBe('[{"n":1}]');
    expect(await (await fetch(`${second.url}/segments/a`)).text()).toBe("sealed");
  });
});

describe("log", () => {
  test.each([
    ["/log", { level: "info", message: "said by the Worker" }],
    ["/throw", { level: "error", message: "Uncaught exception: Error: the Worker threw" }],
  ])("what the Worker says on %s reaches the handler as a plain sentence", async (path, expected) => {
    const { promise, resolve } = Promise.withResolvers<LogEntry>();
    const server = await start({ log: resolve });
    await fetch(`${server.url}${path}`);
    expect(await promise).toEqual(expected);
  });
});
