// Gives the suite a server: the one CONFORMANCE_URL names, or else the built package, started as a user starts it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    conformanceUrl: string;
  }
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const READY_WITHIN_MS = 20_000;
const ENDED_WITHIN_MS = 5_000;

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env["CONFORMANCE_URL"];
  if (given !== undefined && given !== "") {
    project.provide("conformanceUrl", given.replace(/\/+$/, ""));
    return undefined;
  }
  const folder = await mkdtemp(join(tmpdir(), "durable-streams-conformance-"));
  const { url, stop } = await startBuiltServer(folder).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  project.provide("conformanceUrl", url);
  return async () => {
    await stop();
    await rm(folder, { recursive: true, force: true });
  };
}

async function startBuiltServer(folder: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const bin = join(root, "bin/run.js");
  await access(join(root, "dist/worker/server.js")).catch(() => {
    throw new Error("there is no built package: run `npm run build` first, or set CONFORMANCE_URL");
  });
  const server = spawn(
    join(root, "node_modules/.bin/node"),
    [bin, "dev", "--json", "--port", "0", "--persist", folder],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const stderr = text(server.stderr);
  try {
    return { url: await announcedUrl(server), stop: () => stop(server) };
  } catch (error) {
    await stop(server);
    throw new Error(`the built server did not start: ${await stderr}`, { cause: error });
  }
}

/** The URL on the one line that `dev --json` prints when it is ready. */
async function announcedUrl(server: ChildProcess & { stdout: NodeJS.ReadableStream }): Promise<string> {
  const lines = createInterface({ input: server.stdout });
  const signal = AbortSignal.timeout(READY_WITHIN_MS);
  const [line] = (await Promise.race([
    once(lines, "line", { signal }),
    once(server, "exit", { signal }).then(([code]) => Promise.reject(new Error(`it exited with ${String(code)}`))),
  ])) as [string];
  const announcement = JSON.parse(line) as { url?: unknown };
  if (typeof announcement.url !== "string") throw new Error(`no url in its first line: ${line}`);
  return announcement.url.replace(/\/+$/, "");
}

/** Asks the server to end and insists when it does not, so that no workerd outlives the run. */
async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, "exit");
  const insist = setTimeout(() => server.kill("SIGKILL"), ENDED_WITHIN_MS);
  server.kill("SIGTERM");
  await ended;
  clearTimeout(insist);
}
