import { readFile } from "node:fs/promises";
import path from "node:path";
import { visibleLine } from "../client/visible-text.ts";
import { usageFailure } from "./command-failure.ts";
import { isRecord } from "./config/store.ts";
import { requireMeaning } from "./dev-variables.ts";
import { isSystemError } from "./file-error.ts";

/** What `init` writes, and `deploy` reads. */
const FILE = "durable-streams.jsonc";

const VARIABLE_NAME = /^[A-Za-z_]\w*$/;

/** What the settings file of a folder says of running a server here. */
export interface DevFile {
  readonly vars: Readonly<Record<string, string>>;
  /** A Worker of one's own, which only `deploy` makes use of. */
  readonly main: string | undefined;
}

/**
 * Reads the settings file of a folder, where it has one. Only its variables count here: everything else is about a
 * deployment, or about which server commands ask.
 */
export async function readDevFile(folder: string): Promise<DevFile> {
  const text = await readFile(path.join(folder, FILE), "utf8").catch((error: unknown) => {
    if (isSystemError(error) && error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return { vars: {}, main: undefined };
  const { parse } = await import("jsonc-parser");
  const errors: Parameters<typeof parse>[1] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  if (errors.length > 0 || !isRecord(value)) throw wrong("it is no JSON with comments, or no object");
  const { vars = {}, main } = value;
  if (!isRecord(vars)) throw wrong("its vars are no object");
  const unusable = Object.keys(vars).find((name) => !VARIABLE_NAME.test(name));
  if (unusable !== undefined) throw wrong(`${visibleLine(JSON.stringify(unusable))} in vars is no name for a variable`);
  const notText = Object.keys(vars).find((name) => typeof vars[name] !== "string");
  if (notText !== undefined) throw wrong(`vars.${notText} must be a text: write it in quotation marks`);
  return {
    vars: requireMeaning(vars as Record<string, string>, FILE),
    main: typeof main === "string" ? main : undefined,
  };
}

function wrong(why: string): Error {
  return usageFailure(`${FILE} in this folder cannot be used: ${why}.`, "Correct it there.");
}

/** One sentence on each thing of the file that a person would otherwise have to find out. */
export function devFileNotes(
  { vars, main }: DevFile,
  flags: Readonly<Record<string, string>>,
  passedOver: readonly string[],
): string[] {
  const taken = Object.keys(vars).filter((name) => !Object.hasOwn(flags, name) && !passedOver.includes(name));
  const overruled = Object.keys(vars).filter((name) => Object.hasOwn(flags, name));
  return [
    ...(taken.length === 0 ? [] : [`From durable-streams.jsonc: ${taken.join(", ")}.`]),
    ...(overruled.length === 0 ? [] : [`--var goes before durable-streams.jsonc: ${overruled.join(", ")}.`]),
    ...(passedOver.length === 0
      ? []
      : [`Not taken from durable-streams.jsonc, since dev sets them itself: ${passedOver.join(", ")}.`]),
    ...(main === undefined
      ? []
      : [`dev runs the Worker that comes with it, and not ${visibleLine(JSON.stringify(main))}.`]),
  ];
}
