import { mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { LOCK_FILE } from "./lock-file.ts";
import { LocalServerError, systemErrorCode } from "./local-server-error.ts";

/** Goes up when older programs could no longer read the folder. */
const FORMAT = 1;
const MARKER_FILE = "durable-streams.json";
const IGNORE_FILE = ".gitignore";

/** Where each kind of data lies. The names are part of the folder's format. */
export interface DataPaths {
  /** The streams: one SQLite database each. */
  readonly objects: string;
  /** The R2 bucket with sealed segments. */
  readonly segments: string;
  /** The KV namespace with projects. */
  readonly registry: string;
  /** Answers kept by the Cache API. */
  readonly cache: string;
  /** What the runtime creates besides and we do not use. */
  readonly scratch: string;
}

export function dataPaths(dir: string): DataPaths {
  return {
    objects: path.join(dir, "objects"),
    segments: path.join(dir, "segments"),
    registry: path.join(dir, "registry"),
    cache: path.join(dir, "cache"),
    scratch: path.join(dir, "scratch"),
  };
}

/**
 * Makes the folder, open to this user only, or makes sure that it is one of ours in a format that we know. Call it
 * before locking; it leaves everything but the folder itself as it is. Answers the folders that it made.
 */
export async function openDataFolder(dir: string): Promise<readonly string[]> {
  try {
    const made = await makeFolder(dir);
    // In this order, because a server that is starting beside us writes the marker before anything else.
    const names = await readdir(dir);
    const marker = await readMarker(dir);
    if (marker === undefined) requireEmpty(dir, names);
    else requireKnownFormat(dir, marker);
    return made;
  } catch (error) {
    if (error instanceof LocalServerError) throw error;
    throw new LocalServerError(
      "folder_not_usable",
      `Cannot use ${dir} as the data folder: ${error instanceof Error ? error.message : String(error)}.`,
      "Choose another with --persist.",
      { cause: error },
    );
  }
}

/** Marks the folder as ours and keeps it out of version control. Call it with the folder locked. False: it was marked. */
export async function markDataFolder(dir: string): Promise<boolean> {
  if ((await readMarker(dir)) !== undefined) return false;
  await writeFile(path.join(dir, IGNORE_FILE), "*\n");
  const marker = path.join(dir, MARKER_FILE);
  await writeFile(`${marker}.new`, `${JSON.stringify({ format: FORMAT })}\n`);
  await rename(`${marker}.new`, marker);
  return true;
}

/** Empties a folder that this very start has made and marked, but for its lock. Call it with the folder locked. */
export async function emptyDataFolder(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!name.startsWith(LOCK_FILE)) await rm(path.join(dir, name), { recursive: true, force: true });
  }
}

/** Takes back the folders that `openDataFolder` made, as far as they are empty. */
export async function removeMade(made: readonly string[]): Promise<void> {
  for (const folder of made.toReversed()) await rmdir(folder).catch(() => undefined);
}

/**
 * Makes the folder and those above it, and answers which, the outermost first. Not by Node's `recursive`: that tries for
 * ever where the parent is there but nothing can be made in it, as in /proc.
 */
async function makeFolder(dir: string): Promise<string[]> {
  const parent = path.dirname(dir);
  const made = (await isFolder(parent)) || parent === dir ? [] : await makeFolder(parent);
  try {
    await mkdir(dir, { mode: 0o700 });
    return [...made, dir];
  } catch (error) {
    if (await isFolder(dir)) return made;
    await removeMade(made);
    if (systemErrorCode(error) === "EEXIST") {
      throw new LocalServerError(
        "folder_is_file",
        `${dir} is no folder, and the data need one.`,
        "Choose another with --persist.",
      );
    }
    if (systemErrorCode(error) !== "ENOENT") throw error;
    throw new Error(`nothing can be created in ${parent}`, { cause: error });
  }
}

async function isFolder(dir: string): Promise<boolean> {
  try {
    return (await stat(dir)).isDirectory();
  } catch {
    return false;
  }
}

async function readMarker(dir: string): Promise<string | undefined> {
  try {
    return await readFile(path.join(dir, MARKER_FILE), "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Keeps us from filling somebody's project folder. What a start that was cut short leaves behind counts as empty. */
function requireEmpty(dir: string, names: readonly string[]): void {
  const ours = [LOCK_FILE, MARKER_FILE, IGNORE_FILE];
  const stranger = names.find((name) => !ours.some((own) => name.startsWith(own)));
  if (stranger === undefined) return;
  throw new LocalServerError(
    "folder_not_ours",
    `${dir} holds other files (such as "${stranger}") and no ${MARKER_FILE}, so it is not a data folder of durable-streams.`,
    "Choose a new or an empty folder with --persist.",
  );
}

function requireKnownFormat(dir: string, marker: string): void {
  const format = /"format"\s*:\s*(\d+)/.exec(marker)?.[1];
  if (format === String(FORMAT)) return;
  if (format === undefined) {
    throw new LocalServerError(
      "folder_not_usable",
      `${path.join(dir, MARKER_FILE)} does not say in which format the data are.`,
      "Restore that file or choose another folder with --persist.",
    );
  }
  throw new LocalServerError(
    "folder_too_new",
    `The data in ${dir} have format ${format} and this program knows format ${FORMAT}.`,
    "Use a newer durable-streams, or choose another folder with --persist.",
  );
}
