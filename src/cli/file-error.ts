import type { ErrorReport } from "./report.ts";
import { EXIT } from "./exit-codes.ts";

/** A failure of the file system that names the path it is about. */
interface FileError extends Error {
  readonly code: string;
  readonly path: string;
}

export function isFileError(error: unknown): error is FileError {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    "path" in error &&
    typeof error.path === "string" &&
    "syscall" in error
  );
}

const WORDS: Record<string, readonly [message: string, hint: string]> = {
  ENOENT: ["does not exist", "Check the path."],
  EISDIR: ["is a folder, not a file", "Name a file."],
  ENOTDIR: ["has a file where a folder should be", "Check the path."],
  EACCES: ["may not be read or written by this user", "Check its permissions."],
  EPERM: ["may not be read or written by this user", "Check its permissions."],
  ENOSPC: ["does not fit: the disk is full", "Free some space, then run the command again."],
};

/** The everyday failures of files, in words. A missing file is a thing not found. */
export function reportFileError(error: FileError): ErrorReport {
  const [message, hint] = WORDS[error.code] ?? [`failed: ${error.message}`, undefined];
  return {
    code: error.code,
    message: `The file ${error.path} ${message}.`,
    hint,
    exitCode: error.code === "ENOENT" ? EXIT.notFound : EXIT.failure,
    unexpected: false,
  };
}
