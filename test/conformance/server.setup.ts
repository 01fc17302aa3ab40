// Gives the suite a server: the one CONFORMANCE_URL names, or else the built package, started as a user starts it.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { mintToken } from "../../src/cli/tokens/mint.ts";
import { startBuilt, startGuarded, type TestServer } from "../support/servers.ts";
import { steadyPort } from "../support/steady-port.ts";
import { startTokenProxy } from "./support/token-proxy.ts";

declare module "vitest" {
  interface ProvidedContext {
    conformanceUrl: string;
  }
}

/** Longer than the suite runs on any machine. */
const TOKEN_TTL_SECONDS = 6 * 3600;

/** How each project of vitest.config.ts that runs the suite starts its server. */
const STARTS: Readonly<Record<string, () => Promise<TestServer>>> = {
  conformance: () => startBuilt(),
  "conformance-sealed": startSealing,
  "conformance-auth": startBehindProxy,
};

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env["CONFORMANCE_URL"];
  if (given !== undefined && given !== "") {
    project.provide("conformanceUrl", given.replace(/\/+$/, ""));
    return undefined;
  }
  const start = STARTS[project.name];
  if (start === undefined) throw new Error(`no server is known for the project ${project.name}`);
  const server = await start();
  project.provide("conformanceUrl", server.url);
  return () => server.stop();
}

/** A server which seals so early that most of the suite's streams have history. */
async function startSealing(): Promise<TestServer> {
  const dataDir = await mkdtemp(join(tmpdir(), "durable-streams-suite-"));
  const server = await startBuilt({ dataDir, vars: { SEGMENT_MAX_MESSAGES: "3" } });
  return {
    url: server.url,
    async stop() {
      await server.stop();
      const segments = await countFiles(join(dataDir, "segments"));
      await rm(dataDir, { recursive: true, force: true });
      if (segments === 0) throw new Error("nothing was sealed: the suite did not test what it was to test");
    },
  };
}

async function countFiles(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile() && entry.parentPath.includes("blobs")).length;
}

/** A loopback address beside 127.0.0.1. macOS has no other of version 4. */
const BESIDE = process.platform === "darwin" ? "::1" : "127.0.0.2";

/**
 * A guarded server, and in front of it a proxy with a token for everything that the suite sends. They share a port, so that
 * the server goes by the proxy's name as well: it tells receivers of webhooks where to call back.
 */
async function startBehindProxy(): Promise<TestServer> {
  const port = await steadyPort();
  const server = await startGuarded({ host: BESIDE, port });
  try {
    await requireGuard(server.url);
    const request = { project: "default", scope: "write", ttlSeconds: TOKEN_TTL_SECONDS } as const;
    const { token } = await mintToken(server.signingSecret, request);
    const proxy = await startTokenProxy(server.url, token, port);
    return {
      url: proxy.url,
      async stop() {
        await proxy.stop();
        await server.stop();
        if (proxy.added === 0) throw new Error("no request went through the proxy: the suite tested no guarded server");
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Without this an open server would pass the suite as well. */
async function requireGuard(url: string): Promise<void> {
  for (const method of ["PUT", "POST", "GET", "HEAD", "DELETE"]) {
    const headers = { "content-type": "text/plain" };
    const { status } = await fetch(`${url}/v1/stream/without-a-token`, { method, headers });
    if (status !== 401)
      throw new Error(`${method} without a token was answered with ${String(status)}, and not with 401`);
  }
}
