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
const { version } = JSON.parse(await readFile(new URL("package.json", root), "utf8"));

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

/**
 * The CLI is bundled with what every command needs (oclif, undici, the SSE parser): that is about a third off the time to
 * start. Only what is large and seldom needed stays outside and is loaded by the one command that uses it.
 */
const cliExternals = ["ink", "miniflare", "react"];

/** oclif asks for these only when it transpiles a plugin's sources, which never happens in a built package. */
const neverLoaded = ["ts-node", "tsx", "typescript"];

/** What CommonJS packages expect to find around them, for those that are bundled into ES modules. */
const commonJsGlobals = [
  `import { createRequire as __createRequire } from "node:module";`,
  `const require = __createRequire(import.meta.url);`,
  `const __filename = import.meta.filename;`,
  `const __dirname = import.meta.dirname;`,
].join(" ");

async function buildCli() {
  const entryPoints = ["src/cli/main.ts"];
  for await (const file of glob("src/{commands,cli/hooks}/**/*.ts", { cwd: fileURLToPath(root) })) entryPoints.push(file);
  await build({
    ...common,
    entryPoints,
    outbase: "src",
    outdir: "dist",
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    platform: "node",
    jsx: "automatic",
    banner: { js: commonJsGlobals },
    external: [...cliExternals, ...neverLoaded],
  });
}

await rm(new URL("dist", root), { recursive: true, force: true });
try {
  await Promise.all([buildWorker(), buildCli()]);
} catch (error) {
  process.stderr.write(`build failed: ${error.stdout || error.message}\n`);
  process.exitCode = 1;
}
