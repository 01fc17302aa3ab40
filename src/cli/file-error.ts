import { access, constants, stat } from "node:fs/promises";
import { type CommandFailure, usageFailure } from "./command-failure.ts";
import type { ErrorReport } from "./report.ts";
import { EXIT } from "./exit-codes.ts";

/** A failure of the file system that names the path it is about. */
interface FileError extends Error {
  readonly code: string;
  readonly path: string;
}

/** A failure of a system call. That of an open file does not name the file. */
export function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && "code" in error && typeof error.code === "string" && "syscall" in error;
}

export function isFileError(error: unknown): error is FileError {
  return isSystemError(error) && "path" in error && typeof error.path === "string";
}

const WORDS: Record<string, readonly [message: string, hint: string]> = {
  ENOENT: ["does not exist", "Check the path."],
  EISDIR: ["is a folder, not a file", "Name a file."],
  ENOTDIR: ["has a file where a folder should be", "Check the path."],
  EACCES: ["may not be read or written by this user", "Check its permissions."],
  EPERM: ["may not be read or written by this user", "Check its permissions."],
  ENOSPC: ["does not fit: the disk is full", "Free some space, then run the command again."],
};

/** Failures that another path or other permissions would mend: whoever named the file can do something about them. */
export function isOwnMistake(code: string): boolean {
  return ["ENOENT", "EISDIR", "ENOTDIR", "EACCES", "EPERM", "EROFS", "ENAMETOOLONG", "ELOOP"].includes(code);
}

/** Refuses a name that names nothing, such as that of a variable which is not set. */
export function requireFileName(file: string | undefined, flag: string): void {
  if (file === "") throw usageFailure(`${flag} names no file: it is empty.`, "Name a file, or leave it out.");
}

/** Refuses a path that is there and is no file, or may not be read. One that is not there yet is for the caller. */
export async function requireFile(file: string, flag: string): Promise<void> {
  const found = await stat(file).catch((error: unknown) => {
    if (isFileError(error) && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
    throw error;
  });
  if (found === undefined) return;
  const name = JSON.stringify(file);
  if (found.isDirectory()) throw usageFailure(`${name} is a folder, and ${flag} needs a file.`);
  if (flag === "--checkpoint" && !found.isFile()) throw notAFile(file, flag);
  await access(file, constants.R_OK);
}

export function notAFile(file: string, flag: string): CommandFailure {
  return usageFailure(`${JSON.stringify(file)} is a device or a pipe, and ${flag} needs a file.`);
}

/** Proves that a file to be read is there, before anything is sent. */
export async function requireInputFile(file: string, flag: string): Promise<void> {
  await requireFile(file, flag);
  await access(file, constants.R_OK);
}

/** The everyday failures of files, in words. */
export function reportFileError(error: FileError): ErrorReport {
  const [message, hint] = WORDS[error.code] ?? [`failed: ${error.message}`, undefined];
  return {
    code: error.code,
    message: `The file ${error.path} ${message}.`,
    hint,
    exitCode: isOwnMistake(error.code) ? EXIT.usage : EXIT.failure,
    unexpected: false,
  };
}
