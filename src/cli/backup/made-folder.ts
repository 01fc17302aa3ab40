import { mkdir, readdir, rmdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { unwritable } from "../checkpoint-file.ts";

/** A folder that has to be there, and the first of those above it that was made for that; `undefined` where none was. */
export interface MadeFolder {
  readonly path: string;
  readonly first: string | undefined;
}

export async function makeFolder(path: string): Promise<MadeFolder> {
  const whole = resolve(path);
  try {
    // What is backed up is nobody else's business.
    const first = await mkdir(whole, { recursive: true, mode: 0o700 });
    return { path: whole, first: first === undefined ? undefined : resolve(first) };
  } catch (error) {
    throw unwritable("folder", path, error);
  }
}

/** Removes what was made, as far as it is empty, with the empty folders in it: what else is there now is somebody's. */
export async function removeMade({ path, first }: MadeFolder): Promise<void> {
  if (first === undefined) return;
  for (const name of await readdir(path).catch(() => [])) await rmdir(join(path, name)).catch(() => undefined);
  try {
    for (let folder = path; ; folder = dirname(folder)) {
      await rmdir(folder);
      if (folder === first) return;
    }
  } catch {
    // It is not empty.
  }
}
