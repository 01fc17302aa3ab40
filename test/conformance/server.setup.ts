// Gives the suite a server: the one CONFORMANCE_URL names, or else the built package, started as a user starts it.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startBuilt } from "../support/servers.ts";

declare module "vitest" {
  interface ProvidedContext {
    conformanceUrl: string;
  }
}

/** The project that runs the suite on a server which seals so early that most of its streams have history. */
const SEALED = "conformance-sealed";
const SEALED_VARIABLES = { SEGMENT_MAX_MESSAGES: "3" };

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env["CONFORMANCE_URL"];
  if (given !== undefined && given !== "") {
    project.provide("conformanceUrl", given.replace(/\/+$/, ""));
    return undefined;
  }
  const dataDir = await mkdtemp(join(tmpdir(), "durable-streams-suite-"));
  const isSealed = project.name === SEALED;
  const server = await startBuilt({ dataDir, vars: isSealed ? SEALED_VARIABLES : {} });
  project.provide("conformanceUrl", server.url);
  return async () => {
    await server.stop();
    const segments = await countFiles(join(dataDir, "segments"));
    await rm(dataDir, { recursive: true, force: true });
    if (isSealed && segments === 0) throw new Error("nothing was sealed: the suite did not test what it was to test");
  };
}

async function countFiles(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile() && entry.parentPath.includes("blobs")).length;
}
