import { constants } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { writeFileAtomically } from "../atomic-file.ts";
import { unwritable } from "../checkpoint-file.ts";
import { CommandFailure } from "../command-failure.ts";
import { isSystemError } from "../file-error.ts";
import { type FileLock, lockFile } from "../file-lock.ts";
import { type ConfigFolder, isOpenToOthers } from "./config-folder.ts";

/** Thousands of projects fit; more is something else. */
const FILE_MAX_BYTES = 4 * 1024 * 1024;

/** Another command holds the lock for milliseconds. */
const LOCK_PATIENCE_MS = 5_000;
const LOCK_RETRY_MS = 20;

/** The text of a file of the folder, or nothing where there is none. What others may do with it is taken away first. */
export async function readPrivateFile(folder: ConfigFolder, name: string): Promise<string | undefined> {
  const handle = await openIfThere(folder.file(name));
  if (handle === undefined) return undefined;
  try {
    await folder.check();
    await narrow(handle, folder, name);
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    // Opening a pipe would otherwise wait for somebody to write into it.
    return await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function narrow(handle: FileHandle, folder: ConfigFolder, name: string): Promise<void> {
  const file = folder.file(name);
  const found = await handle.stat();
  if (!found.isFile() || found.size > FILE_MAX_BYTES) {
    const what = found.isFile() ? `has ${String(found.size)} bytes, which is too much to be ours` : "is not a file";
    throw unusableFile(file, what);
  }
  if (!folder.narrows || !isOpenToOthers(found)) return;
  const isNarrowed = await handle.chmod(0o600).then(
    () => true,
    () => false,
  );
  folder.warn(
    isNarrowed
      ? `Others could read ${file}; now only you can (0600). If somebody else uses this machine, rotate the secrets in it.`
      : `Others can read ${file}, and that cannot be changed from here.`,
  );
}

/** A file of the folder that is left alone, because whatever it is, it is not known here. */
export function unusableFile(file: string, what: string, hint?: string): CommandFailure {
  return new CommandFailure({
    code: "CONFIG_UNUSABLE",
    message: `${file} ${what}, so it is left alone.`,
    hint: hint ?? "Repair it, move it away, or choose another folder with DURABLE_STREAMS_CONFIG_DIR.",
  });
}

/**
 * Replaces a file of the folder by what `change` makes of its text, whole or not at all, while other commands wait.
 * `undefined` leaves it as it is.
 */
export async function changePrivateFile(
  folder: ConfigFolder,
  name: string,
  change: (text: string | undefined) => string | undefined,
): Promise<void> {
  await folder.prepare();
  const file = folder.file(name);
  const lock = await patientLock(file);
  try {
    const text = change(await readPrivateFile(folder, name));
    if (text === undefined) return;
    const found = await lstat(file).catch(() => undefined);
    if (found?.isSymbolicLink()) folder.warn(`${file} was a symbolic link; a file of its own takes its place.`);
    await writeFileAtomically(file, [text]).catch((error: unknown) => {
      throw unwritable("file", file, error);
    });
  } finally {
    await lock.release();
  }
}

async function patientLock(file: string): Promise<FileLock> {
  const untilMs = performance.now() + LOCK_PATIENCE_MS;
  for (;;) {
    try {
      return await lockFile(file);
    } catch (error) {
      if (isSystemError(error)) throw unwritable("file", file, error);
      const isHeld = error instanceof CommandFailure && error.code === "FILE_IN_USE";
      if (!isHeld || performance.now() > untilMs) throw error;
      await wait(LOCK_RETRY_MS);
    }
  }
}
