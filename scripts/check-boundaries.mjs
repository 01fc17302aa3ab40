// The boundary check: runs dependency-cruiser and then proves that it looked. An argument names another tree to look at;
// the tests plant some.
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { blindSpots, violations } from "./lib/boundary-report.mjs";
import { ROOT, run } from "./lib/process.mjs";

const tree = resolve(process.argv[2] ?? ROOT);

/** The source files that are on disk, by room; a file beside the rooms stands for a room of its own. */
async function sourceFiles() {
  const files = new Map();
  for (const entry of await readdir(join(tree, "src"), { withFileTypes: true })) {
    const inside = entry.isDirectory() ? await readdir(join(tree, "src", entry.name), { recursive: true }) : [""];
    const sources = inside.filter((name) => name === "" || /\.tsx?$/.test(name));
    files.set(
      entry.name,
      sources.map((name) => join("src", entry.name, name)),
    );
  }
  return files;
}

/** @returns {Promise<import("dependency-cruiser").ICruiseResult>} */
async function cruise() {
  const present = new Set(await readdir(tree));
  const folders = ["src", "bin", "scripts", "test", "bench"].filter((folder) => present.has(folder));
  const config = join(ROOT, ".dependency-cruiser.mjs");
  const command = `depcruise --config "${config}" --output-type json ${folders.join(" ")}`;
  const { stdout, output } = await run(command, { cwd: tree });
  if (!stdout.startsWith("{")) throw new Error(`dependency-cruiser did not answer:\n${output}`);
  return JSON.parse(stdout);
}

const files = await sourceFiles();
const result = await cruise();
const problems = [...violations(result), ...blindSpots(files, result)];
const counts = [...files].map(([room, sources]) => `${room} ${sources.length}`);
process.stdout.write([...problems, `modules seen: ${counts.join(", ")}`, ""].join("\n"));
process.exitCode = problems.length > 0 ? 1 : 0;
