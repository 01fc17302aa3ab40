// The commands that there are, by the manifest that the package ships, each with its row of the table.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { TABLE } from "../table.ts";
import type { Row } from "./row.ts";

interface ManifestFlag {
  readonly name: string;
  readonly type: "boolean" | "option";
  readonly helpGroup?: string;
}

interface ManifestCommand {
  readonly strict: boolean;
  readonly args: Readonly<Record<string, { readonly required?: boolean }>>;
  readonly flags: Readonly<Record<string, ManifestFlag>>;
  readonly summary?: string;
  readonly description?: string;
  readonly examples?: readonly string[];
}

/** A command with all that the tests know of it. */
export interface Command extends ManifestCommand {
  /** As oclif keeps it: `inspect:cat`. */
  readonly id: string;
  /** As it is typed: `inspect cat`. */
  readonly name: string;
  readonly words: readonly string[];
  readonly row: Row;
}

const manifest = JSON.parse(
  readFileSync(fileURLToPath(new URL("../../../../oclif.manifest.json", import.meta.url)), "utf8"),
) as { readonly commands: Readonly<Record<string, ManifestCommand>> };

const IDS = Object.keys(manifest.commands);

/** What keeps the table from being whole, a sentence each. */
export function gaps(): readonly string[] {
  const missing = IDS.filter((id) => TABLE[id] === undefined).map(
    (id) =>
      `The command "${id}" has no row: add one to test/cli/every-command/table.ts (see Row in support/row.ts for what it says).`,
  );
  const left = Object.keys(TABLE).filter((id) => !IDS.includes(id));
  return [...missing, ...left.map((id) => `There is no command "${id}" any more: remove its row.`), ...flagGaps()];
}

/** Flags with a value that a row says nothing of, and those it tells of that are not there. */
function flagGaps(): readonly string[] {
  return COMMANDS.flatMap(({ id, flags, row }) => {
    const own = Object.values(flags).filter(({ type, helpGroup }) => type === "option" && helpGroup !== "GLOBAL");
    const there = own.map(({ name }) => `--${name}`);
    const told = [...Object.keys(row.refuses ?? {}), ...(row.takesAnything ?? [])];
    return [
      ...there
        .filter((flag) => !told.includes(flag))
        .map(
          (flag) => `${flag} of "${id}" is not in its row: add a value that it refuses, or name it in takesAnything.`,
        ),
      ...told
        .filter((flag) => !there.includes(flag))
        .map((flag) => `"${id}" has no flag ${flag}: take it from its row.`),
    ];
  });
}

/** Those that have a row; that all have one is a test of its own. */
export const COMMANDS: readonly Command[] = IDS.flatMap((id) => {
  const [command, row] = [manifest.commands[id], TABLE[id]];
  if (command === undefined || row === undefined) return [];
  return [{ ...command, id, name: id.replaceAll(":", " "), words: id.split(":"), row }];
});

/** Whether it takes `--url`, `--context` and the others of a command that finds a server. */
export function findsServer({ flags }: Command): boolean {
  return flags["context"] !== undefined;
}

/** Whether it asks a server for what its row says. */
export function asksServer({ row: { asks } }: Command): boolean {
  return asks === "streams" || asks === "operator" || asks === "health";
}

/** For `it.each`: the name of each, and the command itself. */
export function named(commands: readonly Command[]): readonly (readonly [string, Command])[] {
  return commands.map((command) => [command.name, command] as const);
}
