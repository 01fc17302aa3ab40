import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { isSystemError } from "./file-error.ts";

/** More is not ours. */
const FILE_MAX_BYTES = 1024 * 1024;

/**
 * The text of a file that whoever made the folder put there, or nothing where there is none. A pipe would be waited for
 * without end, and a file of more than 1 MiB is none of ours: `refusal` makes an error of the reason.
 */
export async function readPlainFile(file: string, refusal: (why: string) => Error): Promise<string | undefined> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    if (isSystemError(error) && error.code === "ENOENT") return undefined;
    throw error;
  });
  if (handle === undefined) return undefined;
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw refusal("it is not a file");
    if (found.size > FILE_MAX_BYTES) throw refusal(`it has ${String(found.size)} bytes, which is too much to be ours`);
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}
