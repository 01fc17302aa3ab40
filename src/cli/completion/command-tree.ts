import { readFile } from "node:fs/promises";
import path from "node:path";

/** A flag as `oclif.manifest.json` has it, as far as completion goes. */
export interface FlagEntry {
  readonly name: string;
  readonly char?: string;
  readonly type: "boolean" | "option";
  readonly summary?: string;
  readonly description?: string;
  readonly options?: readonly string[];
  readonly multiple?: boolean;
  readonly exclusive?: readonly string[];
  readonly helpValue?: string;
  readonly helpGroup?: string;
  readonly hidden?: boolean;
}

export interface ArgumentEntry {
  readonly name: string;
  readonly options?: readonly string[];
}

export interface CommandEntry {
  /** With colons between topics. */
  readonly id: string;
  readonly summary?: string;
  readonly args: Readonly<Record<string, ArgumentEntry>>;
  readonly flags: Readonly<Record<string, FlagEntry>>;
  /** False: the last argument may be given several times. */
  readonly strict: boolean;
  readonly hidden?: boolean;
}

/** All commands and topics, by ids with colons. */
export interface CommandTree {
  readonly commands: ReadonlyMap<string, CommandEntry>;
  /** What each topic is about. */
  readonly topics: ReadonlyMap<string, string>;
}

interface Manifest {
  readonly commands: Readonly<Record<string, CommandEntry>>;
}

interface PackageFile {
  readonly oclif: { readonly topics: Readonly<Record<string, { readonly description: string }>> };
}

/** Reads what the package says of its commands: two files, and none of the commands themselves. */
export async function loadCommandTree(packageRoot: string): Promise<CommandTree> {
  const [manifest, packageFile] = await Promise.all([
    parsed<Manifest>(path.join(packageRoot, "oclif.manifest.json")),
    parsed<PackageFile>(path.join(packageRoot, "package.json")),
  ]);
  const topics = Object.entries(packageFile.oclif.topics).map(([id, { description }]) => [id, description] as const);
  const shown = Object.entries(manifest.commands).filter(([, command]) => command.hidden !== true);
  return { commands: new Map(shown), topics: new Map(topics) };
}

async function parsed<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, "utf8")) as T;
}
