import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Replaces a file so that after a crash or a power cut there is either the old content or the new one, whole: written
 * beside it, synced, renamed over it, and the folder synced. Only one process may write a file at a time.
 */
export async function writeFileAtomically(file: string, contents: readonly (Uint8Array | string)[]): Promise<void> {
  const draft = join(dirname(file), `.${basename(file)}.draft`);
  // What a crash has left there goes, and so does a link that somebody has put there: nothing is written through it.
  await rm(draft, { force: true });
  const handle = await open(draft, "wx", 0o600);
  try {
    for (const content of contents) await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  await syncFolder(dirname(file));
}

/** The rename itself is only durable once the folder is; some systems cannot open folders, and need not. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  try {
    await handle?.sync();
  } catch {
    // Not every file system syncs folders.
  } finally {
    await handle?.close();
  }
}
