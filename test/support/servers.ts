// Servers for tests: the reference server in this process, and the built package as a user starts it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DurableStreamTestServer } from "@durable-streams/server";
import { BIN, NODE } from "./cli.ts";

export interface TestServer {
  readonly url: string;
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Data that outlive the server. Default: memory, or a folder of its own that goes with the server. */
  readonly dataDir?: string;
  /** Variables of our Worker. */
  readonly vars?: Readonly<Record<string, string>>;
}

const READY_WITHIN_MS = 60_000;
const ENDED_WITHIN_MS = 5_000;

/** The protocol's reference server: a foreign server to our commands. */
export async function startReference({ port = 0, dataDir }: StartOptions = {}): Promise<TestServer> {
  const server = new DurableStreamTestServer({ port, ...(dataDir === undefined ? {} : { dataDir }) });
  const url = await server.start();
  return { url, stop: () => server.stop() };
}

/** `durable-streams dev`, as built. */
export async function startBuilt({ port = 0, dataDir, vars = {} }: StartOptions = {}): Promise<TestServer> {
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), "durable-streams-test-")));
  const variables = Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}=${value}`]);
  const args = [BIN, "dev", "--json", "--port", String(port), "--persist", folder, ...variables];
  const server = spawn(NODE, args, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const url = await announcedUrl(server);
    return {
      url,
      async stop() {
        await end(server);
        if (dataDir === undefined) await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await end(server);
    throw error;
  }
}

/** The URL on the one line that `dev --json` prints when it is ready. */
async function announcedUrl(server: ChildProcess): Promise<string> {
  if (server.stdout === null) throw new Error("the server's stdout is not a pipe");
  const lines = createInterface({ input: server.stdout });
  const signal = AbortSignal.timeout(READY_WITHIN_MS);
  const exited = once(server, "exit", { signal }).then(([code]: unknown[]) => {
    throw new Error(`the server ended with ${String(code)} before it was ready`);
  });
  exited.catch(() => undefined);
  const [line] = (await Promise.race([once(lines, "line", { signal }), exited])) as [string];
  const { url } = JSON.parse(line) as { url: string };
  return url.replace(/\/+$/, "");
}

/** Asks the server to end, and insists when it does not. */
async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, "exit");
  const insist = setTimeout(() => server.kill("SIGKILL"), ENDED_WITHIN_MS);
  server.kill("SIGTERM");
  await ended;
  clearTimeout(insist);
}

/** Both servers, for `describe.each`. */
export const SERVERS = [
  { name: "the reference server", start: startReference },
  { name: "the built server", start: startBuilt },
] as const;
