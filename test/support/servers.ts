// Servers for tests: the reference server in this process, and the built package as a user starts it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DurableStreamTestServer } from "@durable-streams/server";
import { BIN, environment, NODE } from "./cli.ts";

export interface TestServer {
  readonly url: string;
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Where it listens. Default: 127.0.0.1. */
  readonly host?: string;
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
export function startBuilt(options: StartOptions = {}): Promise<TestServer> {
  return startDev(options, [], {});
}

/** A server that lets in only who has a token. */
export interface GuardedServer extends TestServer {
  /** Signs tokens of its first project, `default`. */
  readonly signingSecret: string;
  /** Variables with which commands find it, and the credentials for it. */
  readonly env: Readonly<Record<string, string>>;
}

/** `durable-streams dev --auth`, with a folder for contexts and credentials of its own, which goes with the server. */
export async function startGuarded(options: StartOptions = {}): Promise<GuardedServer> {
  const configDir = await mkdtemp(join(tmpdir(), "durable-streams-config-"));
  const env = { DURABLE_STREAMS_CONFIG_DIR: configDir };
  const forget = () => rm(configDir, { recursive: true, force: true });
  const server = await startDev(options, ["--auth"], env).catch(async (error: unknown) => {
    await forget();
    throw error;
  });
  const credentials = JSON.parse(await readFile(join(configDir, "credentials.json"), "utf8")) as {
    servers: Record<string, { projects: { default: { secret: string } } }>;
  };
  const signingSecret = credentials.servers[server.url]?.projects.default.secret;
  if (signingSecret === undefined) throw new Error("dev --auth has saved no secret for its server");
  return {
    url: server.url,
    signingSecret,
    env,
    async stop() {
      await server.stop();
      await forget();
    },
  };
}

async function startDev(
  { port = 0, host, dataDir, vars = {} }: StartOptions,
  flags: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<TestServer> {
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), "durable-streams-test-")));
  const variables = Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}=${value}`]);
  const where = ["--port", String(port), ...(host === undefined ? [] : ["--host", host])];
  const args = [BIN, "dev", "--json", ...where, "--persist", folder, ...flags, ...variables];
  const server = spawn(NODE, args, { stdio: ["ignore", "pipe", "inherit"], env: environment(env) });
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
