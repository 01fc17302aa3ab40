import path from "node:path";
import { shortened } from "../../client/shortened.ts";
import { visibleLine } from "../../client/visible-text.ts";
import { isProjectName } from "../../protocol/path.ts";
import { type CommandFailure, usageFailure } from "../command-failure.ts";
import { readPlainFile } from "../plain-file.ts";
import { isContextName } from "./contexts.ts";
import { isRecord } from "./store.ts";

/** What a folder says of the server that its commands mean. */
const DIRECTORY_FILE = "durable-streams.jsonc";

/** Where somebody wants a command to go. What is left out is not said. */
export interface Wish {
  readonly url?: string | undefined;
  readonly project?: string | undefined;
  readonly context?: string | undefined;
}

/**
 * What `durable-streams.jsonc` in a folder says of server, project and context. Whoever wrote the folder wrote that, so
 * nothing of it is believed: values are checked before anything is done with them or shown. Other settings are for
 * other commands.
 */
export async function readDirectoryFile(folder: string): Promise<Wish> {
  const text = await readPlainFile(path.join(folder, DIRECTORY_FILE), wrong);
  if (text === undefined) return {};
  const value = await parseJsonc(text);
  if (!isRecord(value)) throw wrong("it is no JSON with comments, or no object");
  const project = optionalText(value, "project");
  if (project !== undefined && !isProjectName(project))
    throw wrong(`its project ${shown(project)} is no project's name`);
  const context = optionalText(value, "context");
  if (context !== undefined && !isContextName(context))
    throw wrong(`its context ${shown(context)} is no context's name`);
  return { url: serverUrl(optionalText(value, "url")), project, context };
}

/** The parser is loaded only where there is such a file. Deep nesting ends its recursion: that is no file of ours either. */
async function parseJsonc(text: string): Promise<unknown> {
  const { parse } = await import("jsonc-parser");
  const errors: unknown[] = [];
  try {
    const value: unknown = parse(text, errors as never[], { allowTrailingComma: true });
    return errors.length === 0 ? value : undefined;
  } catch {
    return undefined;
  }
}

function optionalText(value: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const found = Object.hasOwn(value, name) ? value[name] : undefined;
  if (found === undefined || typeof found === "string") return found;
  throw wrong(`its ${name} is no text`);
}

/** As it is written everywhere else, in visible ASCII. */
function serverUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:")
    throw wrong(`its url ${shown(text)} is no http or https URL`);
  if (url.username !== "" || url.password !== "")
    throw wrong("its url carries credentials, which everybody can read there");
  return url.href.replace(/\/+$/, "");
}

function shown(text: string): string {
  return visibleLine(JSON.stringify(shortened(text)));
}

function wrong(why: string): CommandFailure {
  return usageFailure(
    `${DIRECTORY_FILE} in this folder cannot be used: ${why}.`,
    "Correct it, or name the server by --url, --context or the environment: then it is not read.",
  );
}
