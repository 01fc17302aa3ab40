import { connect } from "node:net";
import { once } from "node:events";
import { onTestFinished, test, expect, describe } from "vitest";
import { identifyProcess } from "../../src/local/process-identity.ts";
import { startLocalServer } from "../../src/local/start-local-server.ts";
import { temporaryFolder } from "./support/folders.ts";
import { processGone, serve, STAND_IN_WORKER } from "./support/processes.ts";

const STOP_LIMIT_MS = 3_000;

/** A live reader that has received something, so that its connection stands. */
async function openReader(url: string): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const response = await fetch(`${url}/v1/stream/a?live=sse`);
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error("no body");
  await reader.read();
  return reader;
}

async function readToEnd(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await reader.read()).done);
}

/** A client that connects and says nothing. */
async function openSocket(url: string): Promise<void> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
}

describe("stop", () => {
  test("ends the runtime within 3 s with readers and idle sockets open", async () => {
    const server = await startLocalServer({
      workerFile: STAND_IN_WORKER,
      port: 0,
      persistDir: await temporaryFolder(),
    });
    const readers = await Promise.all(Array.from({ length: 20 }, () => openReader(server.url)));
    await openSocket(server.url);
    const begin = performance.now();
    await server.stop();
    expect(performance.now() - begin).toBeLessThan(STOP_LIMIT_MS);
    expect(await identifyProcess(server.runtimePid)).toBeUndefined();
    await Promise.all(readers.map((reader) => expect(readToEnd(reader)).rejects.toThrow()));
  });

  test("may be called twice", async () => {
    const server = await startLocalServer({
      workerFile: STAND_IN_WORKER,
      port: 0,
      persistDir: await temporaryFolder(),
    });
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
  });

  test("leaves the process nothing to wait for", async () => {
    const server = await serve(await temporaryFolder());
    server.child.stdin.write("stop\n");
    expect(JSON.parse(await server.nextLine())).toEqual({ stopped: true });
    expect(await server.ended).toBe(0);
  });

  test("leaves signals to the program that uses the library", async () => {
    const before = process.listeners("SIGTERM").length;
    const server = await startLocalServer({
      workerFile: STAND_IN_WORKER,
      port: 0,
      persistDir: await temporaryFolder(),
    });
    onTestFinished(() => server.stop());
    expect(process.listeners("SIGTERM").length).toBe(before);
  });
});

describe("no runtime is left behind", () => {
  test.each(["SIGKILL", "SIGTERM", "SIGHUP"] as const)("when the server's process ends by %s", async (signal) => {
    const server = await serve(await temporaryFolder());
    const reader = await openReader(server.url);
    server.child.kill(signal);
    expect(await server.ended).toBe(signal);
    await processGone(server.runtimePid);
    await expect(readToEnd(reader)).rejects.toThrow();
  });
});

describe("a runtime that dies", () => {
  test("is reported, not restarted, and the folder is free", async () => {
    const persistDir = await temporaryFolder();
    const server = await startLocalServer({ workerFile: STAND_IN_WORKER, port: 0, persistDir });
    process.kill(server.runtimePid, "SIGKILL");
    expect(await server.died).toEqual({ exitCode: null, signal: "SIGKILL", tooManyFiles: false });
    await expect(fetch(`${server.url}/v1/health`)).rejects.toThrow();
    const next = await startLocalServer({ workerFile: STAND_IN_WORKER, port: 0, persistDir });
    await next.stop();
  });
});
