// There is one workerd: the tests, the embedded server and wrangler must all run what users get. A second version comes
// in unnoticed when two dependencies pin different ones, and then the tests speak of another runtime than the package.
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ROOT } from "./lib/process.mjs";

const tree = resolve(process.argv[2] ?? ROOT);
let failed = false;

/** @param {string} lockfile @param {string} name */
async function copies(lockfile, name) {
  const { packages } = JSON.parse(await readFile(join(tree, lockfile), "utf8"));
  return Object.keys(packages).filter((path) => path.endsWith(`node_modules/${name}`));
}

// The first says what npm ci would install, the second what is installed.
for (const lockfile of ["package-lock.json", "node_modules/.package-lock.json"]) {
  for (const name of ["workerd", "miniflare"]) {
    const found = await copies(lockfile, name);
    if (found.length === 1) continue;
    failed = true;
    process.stdout.write(`${lockfile} has ${found.length} of ${name}, expected 1: ${found.join(", ")}\n`);
  }
}
process.exitCode = failed ? 1 : 0;
