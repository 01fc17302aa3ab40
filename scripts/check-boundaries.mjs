// The boundary check: runs dependency-cruiser and then proves that it looked. A glob that matches nothing, or a folder
// that no rule knows, would otherwise pass for ever. An argument names another tree to look at; the tests plant some.
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ROOT, run } from "./lib/process.mjs";
import { ROOMS } from "./rooms.mjs";

const tree = resolve(process.argv[2] ?? ROOT);

/** @returns {Promise<Map<string, string[]>>} the source files that are on disk, by room */
async function sourceFiles() {
  const files = new Map();
  for (const entry of await readdir(join(tree, "src"), { withFileTypes: true })) {
    const inside = entry.isDirectory() ? await readdir(join(tree, "src", entry.name), { recursive: true }) : [""];
    const sources = inside.filter((name) => name === "" || /\.tsx?$/.test(name));
    files.set(entry.name, sources.map((name) => join("src", entry.name, name)));
  }
  return files;
}

/** @returns {Promise<import("dependency-cruiser").ICruiseResult>} */
async function cruise() {
  const present = new Set(await readdir(tree));
  const folders = ["src", "bin", "scripts", "test", "bench"].filter((folder) => present.has(folder));
  const config = join(ROOT, ".dependency-cruiser.mjs");
  const { stdout, output } = await run(`depcruise --config "${config}" --output-type json ${folders.join(" ")}`, {
    cwd: tree,
  });
  if (!stdout.startsWith("{")) throw new Error(`dependency-cruiser did not answer:\n${output}`);
  return JSON.parse(stdout);
}

/** @param {import("dependency-cruiser").ICruiseResult} result */
function violations({ summary }) {
  return summary.violations.map(({ rule, from, to, cycle }) => {
    const way = cycle === undefined ? (to === from ? [] : [to]) : cycle.map(({ name }) => name);
    return `${rule.name}: ${[from, ...way].join(" → ")}`;
  });
}

/**
 * @param {Map<string, string[]>} files
 * @param {import("dependency-cruiser").ICruiseResult} result
 */
function blindSpots(files, result) {
  const seen = new Set(result.modules.map(({ source }) => source));
  const problems = files.size === 0 ? ["there is nothing in src/"] : [];
  for (const [room, sources] of files) {
    const unseen = sources.filter((file) => !seen.has(file));
    if (!Object.hasOwn(ROOMS, room)) problems.push(`unknown-room: no rule knows src/${room}; see scripts/rooms.mjs`);
    if (sources.length === 0) problems.push(`empty-room: src/${room} has no modules`);
    if (unseen.length > 0) problems.push(`unseen-modules: src/${room}: ${unseen.join(", ")}`);
  }
  if (result.summary.totalDependenciesCruised === undefined || result.summary.totalDependenciesCruised === 0)
    problems.push("no-imports: not one import was seen");
  return problems;
}

const files = await sourceFiles();
const result = await cruise();
const problems = [...violations(result), ...blindSpots(files, result)];
const counts = [...files].map(([room, sources]) => `${room} ${sources.length}`);
process.stdout.write([...problems, `modules seen: ${counts.join(", ")}`, ""].join("\n"));
process.exitCode = problems.length > 0 ? 1 : 0;
