import { access } from "node:fs/promises";
import path from "node:path";
import { allowedHosts, findPort, parseLoopbackHost, portInUse } from "./address.ts";
import { markDataFolder, openDataFolder } from "./data-folder.ts";
import { requireAnswer } from "./first-answer.ts";
import { lockFolder } from "./folder-lock.ts";
import { LocalServerError } from "./local-server-error.ts";
import { DEFAULT_HOST, DEFAULT_PERSIST_DIR, DEFAULT_PORT, logToStderr } from "./options.ts";
import { identifyProcess } from "./process-identity.ts";
import { startRuntime } from "./runtime.ts";
import type { LoopbackHost } from "./address.ts";
import type { FolderLock } from "./folder-lock.ts";
import type { LocalServer, LocalServerOptions, LogEntry } from "./options.ts";
import type { MiniflareModule, Runtime } from "./runtime.ts";

/** How often a free port is chosen anew when somebody else is quicker to bind it. */
const PORT_ATTEMPTS = 5;

const RUNTIME_REMEDY =
  "workerd needs a 64-bit Linux (glibc 2.35 or newer), macOS 13.5 or newer, or Windows. Reinstall the dependencies if its binary is missing.";

/**
 * Runs the Worker on workerd, with its data in one folder, and answers once it answers requests.
 * @throws LocalServerError, with nothing left running and the folder free.
 */
export async function startLocalServer(options: LocalServerOptions): Promise<LocalServer> {
  const begin = performance.now();
  const host = parseLoopbackHost(options.host ?? DEFAULT_HOST);
  const workerFile = await requireWorker(options.workerFile);
  const vars = requireFreeNames(options.vars ?? {});
  const persistDir = path.resolve(options.persistDir ?? DEFAULT_PERSIST_DIR);
  const clock = stopwatch();
  const importing = clock.measure("importMs", () => import("miniflare"));
  // Should the preparation fail, nobody waits for the import any more.
  importing.catch(() => undefined);
  const lock = await clock.measure("prepareMs", () => openAndLock(persistDir));
  let runtime: Runtime | undefined;
  try {
    const config = { workerFile, host, persistDir, vars };
    const log = options.log ?? logToStderr;
    const port = options.port ?? DEFAULT_PORT;
    const launched = await clock.measure("runtimeMs", () => launch(config, port, importing, log));
    runtime = launched.runtime;
    const url = `http://${host.inUrl}:${launched.port}`;
    await clock.measure("firstAnswerMs", () => requireAnswer(url));
    await lock.describe(url, (await identifyProcess(runtime.pid)) ?? { pid: runtime.pid, started: "" });
    const startTimings = { ...clock.read(), totalMs: performance.now() - begin };
    return toLocalServer({ url, persistDir, startTimings }, runtime, lock);
  } catch (error) {
    await runtime?.stop();
    await lock.release();
    throw error;
  }
}

function toLocalServer(
  facts: Pick<LocalServer, "url" | "persistDir" | "startTimings">,
  runtime: Runtime,
  lock: FolderLock,
): LocalServer {
  let stopped: Promise<void> | undefined;
  return {
    ...facts,
    pid: process.pid,
    runtimePid: runtime.pid,
    died: runtime.died.then(async (death) => {
      await lock.release();
      return death;
    }),
    stop: () => (stopped ??= runtime.stop().then(() => lock.release())),
  };
}

async function openAndLock(dir: string): Promise<FolderLock> {
  await openDataFolder(dir);
  const lock = await lockFolder(dir);
  try {
    await markDataFolder(dir);
    return lock;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

interface LaunchConfig {
  readonly workerFile: string;
  readonly host: LoopbackHost;
  readonly persistDir: string;
  readonly vars: Readonly<Record<string, string>>;
}

/** The port has to be known beforehand, also when any will do, because the Worker checks it in the Host header. */
async function launch(
  config: LaunchConfig,
  wantedPort: number,
  importing: Promise<MiniflareModule>,
  log: (entry: LogEntry) => void,
): Promise<{ runtime: Runtime; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await findPort(config.host, wantedPort);
    const vars = { ...config.vars, ALLOWED_HOSTS: allowedHosts(config.host, port) };
    const said: string[] = [];
    const listen = (entry: LogEntry): void => {
      if (!starting) log(entry);
      else said.push(entry.message);
    };
    let starting = true;
    try {
      const runtime = await startRuntime(await importing, { ...config, port, vars }, listen);
      starting = false;
      return { runtime, port };
    } catch (error) {
      if (said.some((message) => message.includes("Address already in use"))) {
        if (wantedPort === 0 && attempt < PORT_ATTEMPTS) continue;
        throw portInUse(config.host, port, error);
      }
      const reason = said.length > 0 ? said.join("\n") : String(error);
      throw new LocalServerError("runtime_failed", `The runtime did not start: ${reason}`, RUNTIME_REMEDY, {
        cause: error,
      });
    }
  }
}

async function requireWorker(file: string): Promise<string> {
  const workerFile = path.resolve(file);
  try {
    await access(workerFile);
    return workerFile;
  } catch (error) {
    throw new LocalServerError(
      "worker_missing",
      `The server's bundle ${workerFile} is not there.`,
      "In a clone of the repository build it with: npm run build",
      { cause: error },
    );
  }
}

function requireFreeNames(vars: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const taken = ["ALLOWED_HOSTS", "STREAMS", "R2", "REGISTRY"].find((name) => name in vars);
  if (taken === undefined) return vars;
  throw new LocalServerError("variable_reserved", `${taken} is set by the server itself.`, "Leave it out.");
}

type Measure = "prepareMs" | "importMs" | "runtimeMs" | "firstAnswerMs";

function stopwatch(): {
  measure<T>(name: Measure, work: () => Promise<T>): Promise<T>;
  read(): Record<Measure, number>;
} {
  const times: Record<Measure, number> = { prepareMs: 0, importMs: 0, runtimeMs: 0, firstAnswerMs: 0 };
  return {
    async measure(name, work) {
      const begin = performance.now();
      try {
        return await work();
      } finally {
        times[name] = performance.now() - begin;
      }
    },
    read: () => times,
  };
}
