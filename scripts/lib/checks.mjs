import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT, inParallel, run } from "./process.mjs";
import { resultLine } from "./report.mjs";

/** The machine that CI gives has two cores. */
const WIDTH = 2;

/**
 * The build, as the first check: what follows looks at the built package.
 * @returns {Promise<import("./report.mjs").Result>}
 */
export const build = () => check("build", "node scripts/build.mjs");

/**
 * Every script of package.json whose name starts with `check:`, so that no check can be forgotten here.
 * @returns {Promise<import("./report.mjs").Result[]>}
 */
export async function allChecks() {
  /** @type {{ scripts: Record<string, string> }} */
  const { scripts } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const checks = Object.entries(scripts).filter(([name]) => name.startsWith("check:"));
  if (checks.length === 0) throw new Error("package.json has no check: scripts");
  return inParallel(checks, WIDTH, ([name, command]) => check(name, command));
}

/** @param {string} name @param {string} command */
async function check(name, command) {
  const { code, output, ms } = await run(command);
  const result = { name, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, ms };
  process.stdout.write(`${resultLine(result)}\n${code === 0 ? "" : `\n${output.trimEnd()}\n\n`}`);
  return result;
}
