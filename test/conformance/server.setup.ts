// Gives the suite a server: the one CONFORMANCE_URL names, or else the built package, started as a user starts it.
import type { TestProject } from "vitest/node";
import { startBuilt } from "../support/servers.ts";

declare module "vitest" {
  interface ProvidedContext {
    conformanceUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env["CONFORMANCE_URL"];
  if (given !== undefined && given !== "") {
    project.provide("conformanceUrl", given.replace(/\/+$/, ""));
    return undefined;
  }
  const server = await startBuilt();
  project.provide("conformanceUrl", server.url);
  return () => server.stop();
}
