import { access } from "node:fs/promises";
import path from "node:path";
import { parseLoopbackHost, resolveHost } from "./address.ts";
import { emptyDataFolder, markDataFolder, openDataFolder, removeMade } from "./data-folder.ts";
import { requireAnswer } from "./first-answer.ts";
import { lockFolder } from "./folder-lock.ts";
import { hasSecrets, openSecrets } from "./folder-secrets.ts";
import { launch } from "./launch.ts";
import { LocalServerError } from "./local-server-error.ts";
import { DEFAULT_HOST, DEFAULT_PERSIST_DIR, DEFAULT_PORT, logToStderr } from "./options.ts";
import { identifyProcess } from "./process-identity.ts";
import { stopwatch } from "./stopwatch.ts";
import type { FolderLock } from "./folder-lock.ts";
import type { Access, LocalServer, LocalServerOptions } from "./options.ts";
import type { Runtime } from "./runtime.ts";

/** What is no variable of one's own: the server sets it, or it is the name of a binding. */
export const RESERVED_VARIABLES: readonly string[] = [
  "ALLOWED_HOSTS",
  "AUTH",
  "OPERATOR_API",
  "OPERATOR_SECRET",
  "STREAMS",
  "PROJECTS",
  "DIRECTORY",
  "SUBSCRIPTIONS",
  "R2",
  "REGISTRY",
];

/**
 * Runs the Worker on workerd, with its data in one folder, and answers once it answers requests. Only with `auth` others
 * than this machine may be let in: an open server refuses to listen on anything but loopback.
 * @throws LocalServerError, with nothing left running, and the folder free or, if this start has made it, gone.
 */
export async function startLocalServer(options: LocalServerOptions): Promise<LocalServer> {
  const clock = stopwatch();
  const { host: wantedHost = DEFAULT_HOST, auth = false } = options;
  const host = auth ? await resolveHost(wantedHost) : parseLoopbackHost(wantedHost);
  const workerFile = await requireWorker(options.workerFile);
  const vars = requireFreeNames(options.vars ?? {});
  const persistDir = path.resolve(options.persistDir ?? DEFAULT_PERSIST_DIR);
  const importing = clock.measure("importMs", () => import("miniflare"));
  // Should the preparation fail, nobody waits for the import any more.
  importing.catch(() => undefined);
  const folder = await clock.measure("prepareMs", () => openAndLock(persistDir));
  const { lock } = folder;
  let runtime: Runtime | undefined;
  try {
    const access = await accessTo(persistDir, auth);
    const operatorSecret = access.kind === "guarded" ? access.operatorSecret : undefined;
    const edgeCache = options.edgeCache ?? false;
    const config = { workerFile, host, persistDir, vars, edgeCache, operatorSecret };
    const log = options.log ?? logToStderr;
    const port = options.port ?? DEFAULT_PORT;
    const launched = await clock.measure("runtimeMs", () => launch(config, port, importing, log));
    runtime = launched.runtime;
    const url = `http://${host.inUrl}:${launched.port}`;
    await clock.measure("firstAnswerMs", () => requireAnswer(url));
    await lock.describe(url, (await identifyProcess(runtime.pid)) ?? { pid: runtime.pid, started: "" });
    return toLocalServer({ url, persistDir, access, reach: host.reach, startTimings: clock.read() }, runtime, lock);
  } catch (error) {
    await runtime?.stop();
    await folder.giveBack();
    throw error;
  }
}

function toLocalServer(
  facts: Pick<LocalServer, "url" | "persistDir" | "access" | "reach" | "startTimings">,
  runtime: Runtime,
  lock: FolderLock,
): LocalServer {
  let stopped: Promise<void> | undefined;
  return {
    ...facts,
    pid: process.pid,
    runtimePid: runtime.pid,
    died: runtime.died.then(async (death) => {
      // Nobody may be waiting for this promise, so it must not fail.
      await lock.release().catch(() => undefined);
      return death;
    }),
    stop: () => (stopped ??= runtime.stop().then(() => lock.release())),
  };
}

async function accessTo(persistDir: string, auth: boolean): Promise<Access> {
  if (auth) return { kind: "guarded", ...(await openSecrets(persistDir)) };
  if (!(await hasSecrets(persistDir))) return { kind: "open" };
  throw new LocalServerError(
    "folder_guarded",
    `The data in ${persistDir} are those of a guarded server, and without --auth everybody on this machine could read and change them, and so could any page in a browser on it.`,
    "Start it with --auth, or take another folder (--persist DIR).",
  );
}

interface OpenFolder {
  readonly lock: FolderLock;
  /** Ends a start that failed: frees the folder, and removes it if that start has made it. */
  giveBack(): Promise<void>;
}

async function openAndLock(dir: string): Promise<OpenFolder> {
  const made = await openDataFolder(dir);
  const lock = await lockFolder(dir).catch(async (error: unknown) => {
    await removeMade(made);
    throw error;
  });
  const giveBack = async (isNew: boolean): Promise<void> => {
    if (isNew) await emptyDataFolder(dir);
    await lock.release();
    await removeMade(made);
  };
  try {
    // Whoever marked it before us may have left data in it.
    const marked = await markDataFolder(dir);
    return { lock, giveBack: () => giveBack(marked && made.includes(dir)) };
  } catch (error) {
    await giveBack(false);
    throw error;
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
  const taken = RESERVED_VARIABLES.find((name) => name in vars);
  if (taken === undefined) return vars;
  throw new LocalServerError("variable_reserved", `${taken} is set by the server itself.`, "Leave it out.");
}
