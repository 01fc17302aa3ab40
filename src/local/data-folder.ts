import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
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
 * before locking; it leaves everything but the folder itself as it is.
 */
export async function openDataFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    // In this order, because a server that is starting beside us writes the marker before anything else.
    const names = await readdir(dir);
    const marker = await readMarker(dir);
    if (marker === undefined) requireEmpty(dir, names);
    else requireKnownFormat(dir, marker);
  } catch (error) {
    if (error instanceof LocalServerError) throw error;
    throw new LocalServerError(
      "folder_not_usable",
      `Cannot use ${dir} as the data folder: ${String(error)}.`,
      "Choose another with --persist.",
      { cause: error },
    );
  }
}

/** Marks the folder as ours and keeps it out of version control. Call it with the folder locked. */
export async function markDataFolder(dir: string): Promise<void> {
  if ((await readMarker(dir)) !== undefined) return;
  await writeFile(path.join(dir, IGNORE_FILE), "*\n");
  const marker = path.join(dir, MARKER_FILE);
  await writeFile(`${marker}.new`, `${JSON.stringify({ format: FORMAT })}\n`);
  await rename(`${marker}.new`, marker);
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
