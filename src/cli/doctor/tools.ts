import { readFile } from "node:fs/promises";
import path from "node:path";
import { locateWrangler } from "../../cloudflare/wrangler.ts";
import { isRecord } from "../config/store.ts";
import { type Check, failed, ok } from "./check.ts";

/** The Node that runs this, and the wrangler that comes with the package. */
export function toolChecks(packageRoot: string): readonly Check[] {
  return [
    { name: "node", look: () => nodeFinding(packageRoot) },
    {
      name: "wrangler",
      async look() {
        const { program, version } = await locateWrangler(packageRoot);
        return ok(`wrangler ${version}, ${program}.`);
      },
    },
  ];
}

async function nodeFinding(packageRoot: string) {
  const manifest: unknown = JSON.parse(await readFile(path.join(packageRoot, "package.json"), "utf8"));
  const engines = isRecord(manifest) ? manifest["engines"] : undefined;
  const wanted = isRecord(engines) ? String(engines["node"]) : "";
  const { version, execPath } = process;
  const which = `Node ${version.slice(1)}, ${execPath}`;
  if (isAtLeast(version, wanted)) return ok(`${which}.`);
  return failed(`${which}, and durable-streams needs ${wanted}.`, "npx -p node@24 durable-streams doctor");
}

/** Whether a version such as `v22.12.0` is in a range such as `>=22.12`. */
export function isAtLeast(version: string, range: string): boolean {
  const [have, want] = [version, range].map((text) => text.replace(/^\D+/, "").split(".").map(Number));
  for (const [at, least] of (want ?? []).entries()) {
    const part = have?.[at] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}
