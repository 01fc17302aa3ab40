import type { KeyFacts, ProjectFacts } from "../../client/projects.ts";
import { visibleLine } from "../../client/visible-text.ts";
import { type Lines, linesOf } from "../table.ts";

const NAME_WIDTH = 24;
const KEYS_WIDTH = 4;
const GAP = "  ";

export const PROJECTS_HEADING = row("PROJECT", "KEYS", "CREATED", "CORS ORIGINS");

/** A project as a line of a table. */
export function projectRow({ name, keys, createdAtMs, corsOrigins }: ProjectFacts): string {
  return row(name, String(keys.length), time(createdAtMs), corsOrigins.join(" "));
}

function row(name: string, keys: string, created: string, origins: string): string {
  const cells = [name.padEnd(NAME_WIDTH), keys.padStart(KEYS_WIDTH), created.padEnd(time(0).length), origins];
  return `${visibleLine(cells.join(GAP).trimEnd())}\n`;
}

/** A project at length. `more` is what is known of it besides. */
export function projectLines(project: ProjectFacts, more: Lines = []): string {
  const { name, createdAtMs, corsOrigins, bodyMaxBytes, readersMax, streamsMax, keys } = project;
  return linesOf([
    ["project", name],
    ["created", time(createdAtMs)],
    ["CORS origins", corsOrigins.length === 0 ? "none" : corsOrigins.join(", ")],
    ["bodies", bodyMaxBytes === undefined ? undefined : `at most ${String(bodyMaxBytes)} bytes`],
    ["readers", readersMax === undefined ? undefined : `at most ${String(readersMax)} of a stream`],
    ["streams", streamsMax === undefined ? undefined : `at most ${String(streamsMax)}`],
    ...keys.map((key, at) => [at === 0 ? "keys" : "", keyText(key)] as const),
    ...more,
  ]);
}

function keyText({ kid, state, createdAtMs, retiresAtMs }: KeyFacts): string {
  if (state === "active") return `${kid}  signs, since ${time(createdAtMs)}`;
  return `${kid}  is accepted until ${retiresAtMs === undefined ? "it is retired" : time(retiresAtMs)}`;
}

/** To the second, in UTC. */
export function time(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
