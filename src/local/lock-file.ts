import { link, open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { LocalServerError, systemErrorCode } from "./local-server-error.ts";
import { formatHolder, parseHolder } from "./lock-holder.ts";
import type { LockHolder } from "./lock-holder.ts";

export const LOCK_FILE = "server.lock";

/** Makes the lock, complete or not at all. False when the file is there already. */
export async function create(file: string, holder: LockHolder): Promise<boolean> {
  const draft = await writeDraft(file, holder);
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "EEXIST") return false;
    throw new LocalServerError(
      "folder_not_usable",
      `Cannot create ${file}: ${String(error)}.`,
      "The data folder must be writable and on a file system with hard links; choose another with --persist.",
      { cause: error },
    );
  } finally {
    await rm(draft, { force: true });
  }
}

/** Puts this lock in the place of the one that is there; nobody sees anything in between. */
export async function replace(file: string, holder: LockHolder): Promise<void> {
  await rename(await writeDraft(file, holder), file);
}

/** Written through to the disk, so that a power cut cannot leave an empty lock that nobody can read. */
async function writeDraft(file: string, holder: LockHolder): Promise<string> {
  const draft = path.join(path.dirname(file), `${LOCK_FILE}-draft-${holder.token}`);
  const handle = await open(draft, "w", 0o600);
  try {
    await handle.writeFile(formatHolder(holder));
    await handle.sync();
  } finally {
    await handle.close();
  }
  return draft;
}

/** Undefined when there is no lock. */
export async function readHolder(file: string): Promise<LockHolder | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  const holder = parseHolder(text);
  if (holder !== undefined) return holder;
  throw new LocalServerError(
    "folder_in_use",
    `${file} is damaged, so it cannot be told whether another server uses this folder.`,
    "If none does, delete that file.",
  );
}
