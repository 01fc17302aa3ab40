import { visibleLine } from "../../client/visible-text.ts";
import type { Deletions } from "./delete-streams.ts";

/** Names that are shown before anything is deleted. */
const SHOWN_MAX = 5;

/** What would go: how many there are, and the first of them by name. */
export function streamsBelow(prefix: string, paths: readonly string[]): string {
  const names = paths.slice(0, SHOWN_MAX).map((path) => `  ${visibleLine(path)}\n`);
  const more = paths.length > SHOWN_MAX ? `  and ${String(paths.length - SHOWN_MAX)} more\n` : "";
  return `${streams(paths.length)} with names that begin with ${JSON.stringify(prefix)}:\n${names.join("")}${more}`.trimEnd();
}

/** What was done, in one sentence. */
export function deletionSummary(prefix: string, { deleted, alreadyGone, failed }: Deletions): string {
  const gone = alreadyGone === 0 ? "" : `; ${streams(alreadyGone)} had gone meanwhile`;
  const rest = failed === 0 ? "" : `; ${streams(failed)} could not be deleted`;
  return `Deleted ${streams(deleted)} with names that begin with ${JSON.stringify(prefix)}${gone}${rest}.`;
}

function streams(count: number): string {
  return `${String(count)} stream${count === 1 ? "" : "s"}`;
}
