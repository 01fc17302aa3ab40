import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Readable } from "node:stream";
import type { Target } from "../types.ts";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const STOP_PATIENCE_MS = 5_000;
const LOG_CHARACTERS = 4_000;

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** A server in a process of its own. */
export interface RunningServer extends Target {
  stop(): Promise<void>;
}

/** The arguments that make Node a server of this name with its data in `folder`. */
function serverArguments(
  name: string,
  workerFile: string | undefined,
  folder: string,
  vars: Readonly<Record<string, string>>,
): string[] {
  if (workerFile !== undefined) {
    // Only what counts readers looks at the cache.
    return [join(ROOT, "bench/servers/worker.ts"), workerFile, folder, name === "readers" ? "yes" : "no"];
  }
  switch (name) {
    case "limit":
      return [join(ROOT, "bench/servers/worker.ts"), join(ROOT, "bench/servers/limit-worker.mjs"), folder];
    case "ref":
      return [join(ROOT, "bench/servers/reference.ts"), folder];
    default:
      return [
        ...[join(ROOT, "bin/run.js"), "dev", "--json", "--port", "0", "--persist", folder],
        ...(name === "guarded" ? ["--auth"] : []),
        ...Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}=${value}`]),
      ];
  }
}

/**
 * Starts a server; with `workerFile` it is that Worker, otherwise one of those that the bench knows by name. `vars` are for
 * ours.
 */
export async function startServer(
  name: string,
  workerFile: string | undefined,
  data: string,
  vars: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const folder = join(data, name);
  await mkdir(folder, { recursive: true });
  const child = spawn(process.execPath, serverArguments(name, workerFile, folder, vars), {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    // A guarded server saves credentials, and the user's own are none of its business.
    env: { ...process.env, DURABLE_STREAMS_CONFIG_DIR: join(data, "config") },
  });
  // However the bench itself ends, no server is left behind.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  return { name, url: await announcedUrl(name, child), stop: () => stop(child) };
}

/** Waits for the line of JSON with which a server says that it answers; the reference logs on the same stream. */
async function announcedUrl(name: string, child: Child): Promise<string> {
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log = (log + text).slice(-LOG_CHARACTERS)));
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("{")) continue;
    child.stdout.resume();
    return (JSON.parse(line) as { url: string }).url;
  }
  throw new Error(`the server "${name}" ended before it was ready: ${log}`);
}

async function stop(child: Child): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_PATIENCE_MS);
  await exited;
  clearTimeout(timer);
}
