// Type-checks every project that tsconfig.json refers to; all of them, whatever the first one says.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT, inParallel, run } from "./lib/process.mjs";

const { references } = JSON.parse(await readFile(join(ROOT, "tsconfig.json"), "utf8"));
/** @type {string[]} */
const projects = references.map((/** @type {{ path: string }} */ { path }) => path);
if (projects.length === 0) throw new Error("tsconfig.json refers to no projects");

const outcomes = await inParallel(projects, 2, (project) => run(`tsc --project ${project}`));
for (const { output } of outcomes) process.stdout.write(output);
process.exitCode = outcomes.some(({ code }) => code !== 0) ? 1 : 0;
