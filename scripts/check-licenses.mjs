// The licences of everything that npm installs with the package, on every platform, as the lockfile has them. Those of
// bundled packages are judged, and their texts gathered, by the build.
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { mayBeInstalled } from "./lib/license-policy.mjs";
import { ROOT } from "./lib/process.mjs";

const tree = resolve(process.argv[2] ?? ROOT);
/** @type {{ packages: Record<string, { dev?: boolean, license?: unknown }> }} */
const { packages } = JSON.parse(await readFile(join(tree, "package-lock.json"), "utf8"));

const installed = Object.entries(packages).filter(([path, { dev }]) => path !== "" && dev !== true);
const problems = installed.flatMap(([path, { license }]) => {
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  if (mayBeInstalled(name, license)) return [];
  return [
    `${path} has the licence ${JSON.stringify(license ?? null)}, which scripts/lib/license-policy.mjs does not allow`,
  ];
});
if (installed.length === 0) problems.push("the lockfile names no package that is installed with ours");
process.stdout.write([...problems, `${installed.length} packages looked at`, ""].join("\n"));
process.exitCode = problems.length > 0 ? 1 : 0;
