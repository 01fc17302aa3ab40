import { randomUUID } from "node:crypto";
import { open, readFile, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { writeFileAtomically } from "./atomic-file.ts";
import { CommandFailure } from "./command-failure.ts";
import { EXIT } from "./exit-codes.ts";
import { isOwnMistake, isSystemError, requireFile } from "./file-error.ts";

const REASONS: Record<string, (folder: string) => readonly [reason: string, hint: string]> = {
  ENOENT: (folder) => [`the folder ${folder} does not exist`, "Create it, or choose another file."],
  ENOTDIR: (folder) => [`${folder} is not a folder`, "Choose another file."],
  EACCES: (folder) => [`this user may not write to the folder ${folder}`, "Change that, or choose another file."],
  EPERM: (folder) => [`this user may not write to the folder ${folder}`, "Change that, or choose another file."],
  EROFS: (folder) => [`the folder ${folder} is read-only`, "Choose another file."],
  ENOSPC: () => ["the disk is full", "Free some space, then run the command again."],
};

/** Says why a file cannot be written. Names the one that was asked for; the drafts that it is written by are nobody's business. */
export function unwritable(what: string, file: string, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  const folder = dirname(file);
  const [reason, hint] = REASONS[error.code]?.(folder) ?? [error.code, "Choose another file."];
  return new CommandFailure(
    {
      code: error.code,
      message: `The ${what} ${file} cannot be written: ${reason}.`,
      hint,
      exitCode: isOwnMistake(error.code) ? EXIT.usage : EXIT.failure,
    },
    { cause: error },
  );
}

/** Proves that a checkpoint can be written while nothing has been done yet that it would have to remember. */
export async function requireWritableCheckpoint(file: string): Promise<void> {
  await requireFile(file, "--checkpoint");
  await requireWritableFolder("checkpoint", file);
}

/** Proves that files can be made where this one is to be. */
export async function requireWritableFolder(what: string, file: string): Promise<void> {
  const probe = join(dirname(file), `.${basename(file)}.${randomUUID()}`);
  try {
    const handle = await open(probe, "wx", 0o600);
    await handle.close();
  } catch (error) {
    throw unwritable(what, file, error);
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

/** Replaces a checkpoint's content, whole or not at all. */
export async function writeCheckpoint(file: string, contents: readonly (Uint8Array | string)[]): Promise<void> {
  try {
    await writeFileAtomically(file, contents);
  } catch (error) {
    throw unwritable("checkpoint", file, error);
  }
}

/** What a checkpoint holds; `undefined` when there is none yet. */
export async function readCheckpoint(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** The JSON value that a text is, or `undefined` when it is none. */
export function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
