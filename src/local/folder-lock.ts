import { randomUUID } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { LocalServerError } from "./local-server-error.ts";
import { create, LOCK_FILE, readHolder, replace } from "./lock-file.ts";
import type { LockHolder } from "./lock-holder.ts";
import { identifyProcess, isRunning } from "./process-identity.ts";
import type { ProcessIdentity } from "./process-identity.ts";
import { endOrphan } from "./orphan.ts";

/** Keeps every other server off a data folder for as long as this process lives. */
export interface FolderLock {
  /** Adds what others should know: where this server answers, and which runtime works on the data. */
  describe(url: string, runtime: ProcessIdentity): Promise<void>;
  release(): Promise<void>;
}

/**
 * Takes the folder, also from a server that was killed.
 *
 * A lock is a file that appears complete or not at all (a hard link to a finished file) and carries a random token.
 * A lock whose holder is dead is replaced by renaming over it, and only by whoever holds the lock named after the dead
 * holder's token: so among many starters one replaces it, and one that comes late finds another token there and leaves
 * it alone. That second lock is taken by the same rules, since its holder can be killed as well.
 */
export async function lockFolder(dir: string): Promise<FolderLock> {
  const self = await identifyProcess(process.pid);
  const holder: LockHolder = {
    token: randomUUID(),
    host: hostname(),
    process: self ?? { pid: process.pid, started: "" },
  };
  const file = path.join(dir, LOCK_FILE);
  await take(file, holder);
  await removeSpentClaims(dir);
  return {
    async describe(url, runtime) {
      await replace(file, { ...holder, url, runtime });
    },
    async release() {
      if ((await readHolder(file))?.token === holder.token) await rm(file, { force: true });
    },
  };
}

async function take(file: string, holder: LockHolder): Promise<void> {
  for (;;) {
    if (await create(file, holder)) return;
    const other = await readHolder(file);
    if (other === undefined) continue; // released in the meantime
    if (await isAlive(other)) throw heldBy(file, other);
    if (await takeFromDead(file, other, holder)) return;
  }
}

/** False when the dead holder's lock is gone already: somebody else has replaced it. */
async function takeFromDead(file: string, dead: LockHolder, holder: LockHolder): Promise<boolean> {
  const claim = `${file}.${dead.token}`;
  await take(claim, holder);
  try {
    if ((await readHolder(file))?.token !== dead.token) return false;
    if (dead.runtime !== undefined) await endOrphan(dead.runtime);
    await replace(file, holder);
    return true;
  } finally {
    await rm(claim, { force: true });
  }
}

/** A server on another machine or in another container cannot be seen from here, so it counts as alive. */
async function isAlive(holder: LockHolder): Promise<boolean> {
  return holder.host !== hostname() || (await isRunning(holder.process));
}

function heldBy(file: string, holder: LockHolder): LocalServerError {
  const where = holder.url === undefined ? "that is just starting" : `at ${holder.url}`;
  const machine = holder.host === hostname() ? "" : ` on ${holder.host}`;
  const remedy =
    machine === ""
      ? "Use that server, stop it, or choose another folder with --persist."
      : `Stop that server or choose another folder with --persist; if it is gone for good, delete ${file}.`;
  return new LocalServerError(
    "folder_in_use",
    `The data folder ${path.dirname(file)} is in use by a server ${where} (pid ${holder.process.pid}${machine}).`,
    remedy,
  );
}

/** Claims on locks that are gone, left by starters that were killed. Nobody can win anything with them any more. */
async function removeSpentClaims(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!name.startsWith(`${LOCK_FILE}.`)) continue;
    await rm(path.join(dir, name), { force: true });
  }
}
