// Reads what dependency-cruiser found, and whether it found all there is to find.
import { ROOMS } from "../rooms.mjs";

/** @typedef {Pick<import("dependency-cruiser").ICruiseResult, "modules" | "summary">} CruiseResult */

/**
 * Each broken rule with the imports that break it.
 * @param {CruiseResult} result
 */
export function violations({ summary }) {
  return summary.violations.map(({ rule, from, to, cycle }) => {
    const way = cycle === undefined ? (to === from ? [] : [to]) : cycle.map(({ name }) => name);
    return `${rule.name}: ${[from, ...way].join(" → ")}`;
  });
}

/**
 * Where the check did not look: a glob that matches nothing, or a folder that no rule knows, would pass for ever.
 * @param {ReadonlyMap<string, readonly string[]>} files  the source files on disk, by room
 * @param {CruiseResult} result
 */
export function blindSpots(files, { modules, summary }) {
  const seen = new Set(modules.map(({ source }) => source));
  const problems = [];
  for (const [room, sources] of files) {
    const unseen = sources.filter((file) => !seen.has(file));
    if (!Object.hasOwn(ROOMS, room)) problems.push(`unknown-room: no rule knows src/${room}; see scripts/rooms.mjs`);
    if (sources.length === 0) problems.push(`empty-room: src/${room} has no modules`);
    if (unseen.length > 0) problems.push(`unseen-modules: ${unseen.join(", ")}`);
  }
  if ((summary.totalDependenciesCruised ?? 0) === 0) problems.push("no-imports: not one import was seen");
  return problems;
}
