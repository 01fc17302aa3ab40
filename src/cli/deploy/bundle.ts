import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { CloudflareError } from "../../cloudflare/cloudflare-error.ts";
import { runWrangler, type WranglerOptions } from "../../cloudflare/wrangler.ts";
import { OBJECT_CLASSES, wranglerConfig } from "../../cloudflare/wrangler-config.ts";
import { CommandFailure, usageFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";

/** The script that is to go up, whole, in a folder with nothing else. */
export interface Bundle {
  /** Absolute. */
  readonly main: string;
  readonly withModules: boolean;
  /** Of all that goes up. */
  readonly sha256: string;
  /** Of the main file, as Cloudflare counts it for its limits. */
  readonly gzipBytes: number;
}

/** The Worker that comes with the package, byte for byte. In a folder of its own: wrangler must not find its neighbours. */
export async function shippedBundle(workerFile: string, folder: string): Promise<Bundle> {
  const main = path.join(folder, "worker", "server.js");
  await mkdir(path.dirname(main), { recursive: true });
  await cp(workerFile, main);
  const bytes = await readFile(main);
  return { main, withModules: false, sha256: sha256(bytes), gzipBytes: gzipSync(bytes).byteLength };
}

/**
 * A Worker of one's own, bundled by wrangler as it would for its own `deploy`; what it makes of it is what goes up. `config`
 * is the deployment's, with `main` where the source is.
 */
export async function ownBundle(
  config: Parameters<typeof wranglerConfig>[0],
  folder: string,
  wrangler: WranglerOptions,
): Promise<Bundle> {
  await readFile(config.main).catch((error: unknown) => {
    throw usageFailure(
      `The Worker ${config.main} cannot be read: ${reason(error)}.`,
      "Check main in the project file.",
    );
  });
  const configFile = path.join(folder, "build.json");
  const outdir = path.join(folder, "worker");
  await writeFile(configFile, JSON.stringify(wranglerConfig(config)));
  await runWrangler(wrangler, {
    args: ["deploy", "--dry-run", "--config", configFile, "--outdir", outdir],
    doing: `Bundling ${config.main}`,
  }).catch((error: unknown) => {
    throw error instanceof CloudflareError && error.code === "WRANGLER_FAILED" ? notBundled(config.main, error) : error;
  });
  const main = path.join(outdir, `${path.parse(config.main).name}.js`);
  const files = await uploadedFiles(outdir);
  const bytes = await readFile(main);
  const whole = files.length === 1 ? sha256(bytes) : await hashOfFiles(outdir, files);
  return { main, withModules: files.length > 1, sha256: whole, gzipBytes: gzipSync(bytes).byteLength };
}

/** Of our classes those that wrangler names as missing: it compares what the Worker exports with its bindings. */
function missingClasses({ message }: CloudflareError): readonly string[] {
  const named = /not exported in your entrypoint file: ([\w$, ]+)/.exec(message)?.[1]?.split(", ") ?? [];
  return OBJECT_CLASSES.map(({ className }) => className).filter((name) => named.includes(name));
}

function lacksClasses(main: string, missing: readonly string[], cause: Error): CommandFailure {
  const names = missing.join(", ");
  return new CommandFailure(
    {
      code: "WORKER_LACKS_CLASSES",
      message: `The Worker ${main} does not export ${names}, of which this version of durable-streams makes Durable Objects.`,
      hint: `Add this line to ${main}: export { ${names} } from "durable-streams/worker";`,
      exitCode: EXIT.failure,
    },
    { cause },
  );
}

/** Nothing was asked of Cloudflare, so trying again would not help. */
function notBundled(main: string, error: CloudflareError): CommandFailure {
  const missing = missingClasses(error);
  if (missing.length > 0) return lacksClasses(main, missing, error);
  return new CommandFailure(
    {
      code: "WORKER_NOT_BUNDLED",
      message: error.message,
      hint: error.hint.replace(/^[^\n]*\n?/, `Correct ${main}. `),
      exitCode: EXIT.failure,
    },
    { cause: error },
  );
}

/** What wrangler put there beside its map and its note. */
async function uploadedFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".map") && entry.name !== "README.md")
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
}

async function hashOfFiles(folder: string, files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\0${sha256(await readFile(path.join(folder, file)))}\n`);
  return hash.digest("hex");
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function reason(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
