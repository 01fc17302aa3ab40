// Builds what the package ships: the Worker as one self-contained file, the library entry beside it with its types,
// and the CLI as a bundle that is split by command so that starting one command loads only what that command needs.
import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { glob } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";

const root = new URL("../", import.meta.url);
const run = promisify(execFile);
const { version, dependencies } = JSON.parse(await readFile(new URL("package.json", root), "utf8"));

/** What every bundle has in common. */
const common = {
  absWorkingDir: fileURLToPath(root),
  bundle: true,
  define: { __VERSION__: JSON.stringify(version) },
  format: "esm",
  legalComments: "none",
  logLevel: "warning",
  sourcemap: "linked",
  target: "es2023",
};

/** workerd provides these modules itself. */
const workerRuntimeModules = ["cloudflare:*"];

async function buildWorker() {
  await Promise.all([
    build({
      ...common,
      entryPoints: { server: "src/worker/index.ts", library: "src/worker/create-stream-worker.ts" },
      outdir: "dist/worker",
      external: workerRuntimeModules,
      conditions: ["workerd", "worker"],
      platform: "neutral",
      mainFields: ["module", "main"],
    }),
    run(
      process.execPath,
      [
        "node_modules/typescript/bin/tsc",
        "--project", "tsconfig.worker.json",
        "--noEmit", "false",
        "--declaration",
        "--emitDeclarationOnly",
        "--rootDir", "src",
        "--outDir", "dist/types",
      ],
      { cwd: fileURLToPath(root) },
    ),
  ]);
}

async function buildCli() {
  const commands = [];
  for await (const file of glob("src/commands/**/*.ts", { cwd: fileURLToPath(root) })) commands.push(file);
  await build({
    ...common,
    entryPoints: [...commands, "src/cli/main.ts"],
    outbase: "src",
    outdir: "dist",
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    platform: "node",
    packages: "external",
    external: Object.keys(dependencies),
  });
}

await rm(new URL("dist", root), { recursive: true, force: true });
try {
  await Promise.all([buildWorker(), buildCli()]);
} catch (error) {
  process.stderr.write(`build failed: ${error.stdout || error.message}\n`);
  process.exitCode = 1;
}
