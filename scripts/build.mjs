// Builds what the package ships: the Worker as one self-contained file, the library entry beside it with its types,
// and the CLI as a bundle that is split by command so that starting one command loads only what that command needs.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { glob, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { bundledLicenses } from "./lib/bundled-licenses.mjs";
import { ROOT } from "./lib/process.mjs";

const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));

// Everything is made in a folder of its own and then takes the place of dist/ at once: a build that fails or is
// interrupted leaves the old one whole. Beside dist/, because source maps hold relative paths.
const dist = join(ROOT, "dist");
const staging = `${dist}.${process.pid}`;

/** @satisfies {import("esbuild").BuildOptions} What every bundle has in common. */
const common = {
  absWorkingDir: ROOT,
  bundle: true,
  define: { __VERSION__: JSON.stringify(version) },
  format: "esm",
  legalComments: "none",
  logLevel: "warning",
  sourcemap: "linked",
  // Names and lines for stack traces; with the sources' text the maps would outweigh the programs.
  sourcesContent: false,
  target: "es2023",
};

/** @returns {Promise<string[]>} the files that went in */
async function buildWorker() {
  const { metafile } = await build({
    ...common,
    metafile: true,
    entryPoints: { server: "src/worker/index.ts", library: "src/worker/create-stream-worker.ts" },
    outdir: join(staging, "worker"),
    // workerd provides these modules itself.
    external: ["cloudflare:*"],
    conditions: ["workerd", "worker"],
    platform: "neutral",
    mainFields: ["module", "main"],
  });
  return Object.keys(metafile.inputs);
}

/** The library's types. TypeScript leaves `.ts` in the imports of declarations, where a user's compiler may refuse it. */
async function buildTypes() {
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const types = join(staging, "types");
  const args = [tsc, "--project", "tsconfig.types.json", "--outDir", types];
  await promisify(execFile)(process.execPath, args, { cwd: ROOT });
  for (const name of await readdir(types, { recursive: true })) {
    if (!name.endsWith(".d.ts")) continue;
    const text = await readFile(join(types, name), "utf8");
    await writeFile(join(types, name), text.replaceAll(/(\b(?:from|import)\s*\(?\s*"\.{1,2}\/[^"]+)\.ts"/g, '$1.js"'));
  }
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

/** @type {import("esbuild").Plugin} */
const leanUndici = {
  name: "lean-undici",
  setup(bundler) {
    bundler.onResolve({ filter: /^undici$/ }, () => ({ path: join(ROOT, "scripts/lean-undici.mjs") }));
  },
};

/** @returns {Promise<string[]>} the files that went in */
async function buildCli() {
  const entryPoints = ["src/cli/main.ts", "src/cli/help.ts"];
  for await (const file of glob("src/{commands,cli/hooks}/**/*.ts", { cwd: ROOT })) entryPoints.push(file);
  const { metafile } = await build({
    ...common,
    metafile: true,
    entryPoints,
    outbase: "src",
    outdir: staging,
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    platform: "node",
    jsx: "automatic",
    banner: { js: commonJsGlobals },
    plugins: [leanUndici],
    // Its other form finds its own files in a way that no bundler follows.
    alias: { "jsonc-parser": "jsonc-parser/lib/esm/main.js" },
    external: [...cliExternals, ...neverLoaded],
  });
  return Object.keys(metafile.inputs);
}

/** @param {readonly string[]} inputs */
async function writeLicenses(inputs) {
  await writeFile(join(staging, "THIRD-PARTY-LICENSES.txt"), await bundledLicenses(ROOT, inputs));
}

async function replaceDist() {
  const old = `${staging}.old`;
  if (existsSync(dist)) await rename(dist, old);
  await rename(staging, dist);
  await rm(old, { recursive: true, force: true });
}

const bundles = [buildWorker(), buildCli()];
const parts = [...bundles, buildTypes()];
try {
  await Promise.all(parts);
  await writeLicenses((await Promise.all(bundles)).flat());
  await replaceDist();
} catch (error) {
  // tsc writes what is wrong to standard output.
  const { stdout, message } = /** @type {{ stdout?: string, message: string }} */ (error);
  process.stderr.write(`build failed: ${stdout ?? message}\n`);
  process.exitCode = 1;
} finally {
  await Promise.allSettled(parts);
  await rm(staging, { recursive: true, force: true });
}
