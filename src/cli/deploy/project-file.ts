import { readFile, stat, chmod } from "node:fs/promises";
import path from "node:path";
import { applyEdits, modify, parse, printParseErrorCode, type ParseError } from "jsonc-parser";
import { writeFileAtomically } from "../atomic-file.ts";
import { CommandFailure, usageFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";
import { readPlainFile } from "../plain-file.ts";
import { settingsProblem } from "./project-settings.ts";

/** The file that says what a folder deploys. */
export const PROJECT_FILE = "durable-streams.jsonc";

/** What a deployment keeps its data in. `deploy` finds or makes it, and writes down what it found. */
interface PinnedResources {
  /** Name of the R2 bucket. Default: the Worker's name with `-segments`. */
  readonly bucket?: string;
  /** Title of the KV namespace. Default: the Worker's name with `-registry`. */
  readonly kvNamespace?: string;
  readonly kvNamespaceId?: string;
}

/** What an environment may say otherwise than the file's top level. */
export interface DeploymentSettings {
  /** Name of the Worker. Default in an environment: the file's name, a hyphen, and that of the environment. */
  readonly name?: string;
  /** Where the deployment is reached, when that is neither its workers.dev address nor its custom domain. */
  readonly url?: string;
  readonly accountId?: string;
  /** A Worker of one's own, to be bundled by wrangler; left out, the one that comes with the package. */
  readonly main?: string;
  /** Variables of the Worker; those of an environment are laid over those of the top level. */
  readonly vars?: Readonly<Record<string, string>>;
  /** A host name of a zone in the account. Cloudflare's cache works there, and not at workers.dev. */
  readonly customDomain?: string;
  /** An Analytics Engine dataset to write the operations to. */
  readonly analytics?: string;
  readonly resources?: PinnedResources;
}

export interface ProjectSettings extends DeploymentSettings {
  readonly name: string;
  readonly environments?: Readonly<Record<string, DeploymentSettings>>;
}

/** The file as it was read. */
export interface ProjectFile {
  /** Absolute. */
  readonly file: string;
  readonly text: string;
  readonly settings: ProjectSettings;
}

/** Reads and checks the file of a folder. */
export async function readProjectFile(folder: string): Promise<ProjectFile> {
  const file = path.join(folder, PROJECT_FILE);
  const text = await readProjectText(folder);
  if (text === undefined) throw noProjectFile(folder);
  return { file, text, settings: parseProjectFile(text) };
}

/** The text of a folder's file, or nothing where there is none. */
export function readProjectText(folder: string): Promise<string | undefined> {
  return readPlainFile(path.join(folder, PROJECT_FILE), (why) =>
    usageFailure(`${PROJECT_FILE} in ${folder} cannot be used: ${why}.`, "Put a file of text in its place."),
  );
}

/** All that a file may say which is about the server that the folder's commands mean, and about no Worker. */
const SERVER_SETTINGS: readonly string[] = ["url", "project", "context"];

/** Whether the file of a folder names a server only, so that nothing is deployed from there. */
export async function namesServerOnly(folder: string): Promise<boolean> {
  const text = (await readProjectText(folder)) ?? "";
  const value: unknown = parse(text, [], { allowTrailingComma: true });
  if (typeof value !== "object" || value === null) return false;
  const names = Object.keys(value);
  return names.length > 0 && names.every((name) => SERVER_SETTINGS.includes(name));
}

function noProjectFile(folder: string): CommandFailure {
  return new CommandFailure({
    code: "NO_PROJECT_FILE",
    message: `There is no ${PROJECT_FILE} in ${folder}.`,
    hint: "Make one by: durable-streams init",
    exitCode: EXIT.usage,
  });
}

/** Reads the text of the file. Refuses what it does not know: a misspelt name would otherwise do nothing, silently. */
export function parseProjectFile(text: string): ProjectSettings {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error !== undefined) {
    throw usageFailure(
      `${PROJECT_FILE} is no JSON with comments: ${printParseErrorCode(error.error)} in line ${String(lineOf(text, error.offset))}.`,
      "Correct it there.",
    );
  }
  const problem = settingsProblem(value);
  if (problem !== undefined) throw usageFailure(`${PROJECT_FILE}: ${problem}`, "Correct it there.");
  return value as ProjectSettings;
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** Values to write, by their places in the file. */
export type Pins = readonly { readonly at: readonly (string | number)[]; readonly value: string }[];

/** The text with values written into it; comments and everything else stay as they are. */
export function withPins(text: string, pins: Pins): string {
  const formattingOptions = { insertSpaces: true, tabSize: 2, eol: "\n" };
  return pins.reduce(
    (draft, { at, value }) => applyEdits(draft, modify(draft, [...at], value, { formattingOptions })),
    text,
  );
}

/** Writes values into the file, from whatever it holds by now. True when that changed it. */
export function pinInFile(file: string, pins: Pins): Promise<boolean> {
  return rewriteFile(file, (text) => withPins(text, pins));
}

/** Makes another text of what the file holds by now. True when that changed it. */
export async function rewriteFile(file: string, change: (text: string) => string): Promise<boolean> {
  const text = await readFile(file, "utf8");
  const changed = change(text);
  if (changed === text) return false;
  const { mode } = await stat(file);
  await writeFileAtomically(file, [changed]);
  await chmod(file, mode);
  return true;
}
