import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import path from "node:path";
import * as miniflare from "miniflare";
import { expect, onTestFinished, test } from "vitest";
import { endOrphan } from "../../src/local/orphan.ts";
import { identifyProcess } from "../../src/local/process-identity.ts";
import { PortTakenError, startRuntime } from "../../src/local/runtime.ts";
import { temporaryFolder } from "./support/folders.ts";
import { STAND_IN_WORKER } from "./support/processes.ts";

test("a port that somebody takes just before the runtime does is recognised as taken", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  const { port } = other.address() as { port: number };
  const config = {
    workerFile: STAND_IN_WORKER,
    host: { bind: "127.0.0.1", inUrl: "127.0.0.1", reach: "loopback" } as const,
    port,
    persistDir: path.join(await temporaryFolder(), "data"),
    vars: {},
    edgeCache: false,
  };
  const failure: unknown = await startRuntime(miniflare, config, () => undefined).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(PortTakenError);
});

test("the runtime of a killed server is ended before its folder is used", async () => {
  const runtime = spawn("sleep", ["1000"]);
  const ended = once(runtime, "exit");
  await once(runtime, "spawn");
  const identity = await identifyProcess(runtime.pid ?? 0);
  if (identity === undefined) throw new Error("sleep is not running");
  await endOrphan(identity);
  expect(await ended).toEqual([null, "SIGKILL"]);
});

test("a process that only has the pid of a killed server's runtime is left alone", async () => {
  const stranger = spawn("sleep", ["1000"]);
  onTestFinished(() => void stranger.kill());
  await once(stranger, "spawn");
  await endOrphan({ pid: stranger.pid ?? 0, started: "long ago" });
  expect(await identifyProcess(stranger.pid ?? 0)).toBeDefined();
});
