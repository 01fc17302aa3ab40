// Whether `npm ci` will accept the lockfile, known before a fresh clone finds out. A lockfile can lack the optional
// packages of other platforms, when a registry did not have them while it was written, and then `npm ci` refuses it.
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ROOT } from "./lib/process.mjs";

/** @typedef {Record<string, string>} Ranges */
/** @typedef {{ dependencies?: Ranges, devDependencies?: Ranges, optionalDependencies?: Ranges }} Package */

const tree = resolve(process.argv[2] ?? ROOT);
const readJson = async (/** @type {string} */ name) => JSON.parse(await readFile(join(tree, name), "utf8"));

/** @type {Package} */
const manifest = await readJson("package.json");
/** @type {{ packages: Record<string, Package> }} */
const { packages } = await readJson("package-lock.json");

/**
 * Whether a package at that path finds another by Node's rule: the nearest node_modules on the way up.
 * @param {string} path @param {string} name
 */
function finds(path, name) {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf("node_modules/") - 1))) {
    if (`${at}${at === "" ? "" : "/"}node_modules/${name}` in packages) return true;
    if (at === "") return false;
  }
}

const missing = Object.entries(packages).flatMap(([path, { dependencies, devDependencies, optionalDependencies }]) => {
  const names = Object.keys({ ...dependencies, ...(path === "" ? devDependencies : {}), ...optionalDependencies });
  return names
    .filter((name) => !finds(path, name))
    .map((name) => `${path === "" ? "the package" : path} needs ${name}, which the lockfile lacks`);
});

const root = packages[""];
const stale = /** @type {const} */ (["dependencies", "devDependencies", "optionalDependencies"])
  .filter((kind) => JSON.stringify(manifest[kind] ?? {}) !== JSON.stringify(root?.[kind] ?? {}))
  .map((kind) => `package.json and the lockfile differ in their ${kind}; run \`npm install\``);

const problems = [...stale, ...missing];
process.stdout.write(problems.map((problem) => `${problem}\n`).join(""));
process.exitCode = problems.length > 0 ? 1 : 0;
