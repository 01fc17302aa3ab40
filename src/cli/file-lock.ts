import { randomUUID } from "node:crypto";
import { constants, copyFile, link, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { identifyProcess, isRunning, type ProcessIdentity } from "../local/process-identity.ts";
import { CommandFailure } from "./command-failure.ts";
import { EXIT } from "./exit-codes.ts";

interface Holder {
  /** Unique to this holding. */
  readonly token: string;
  readonly process: ProcessIdentity;
}

export interface FileLock {
  release(): Promise<void>;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

async function readHolder(lock: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(lock, "utf8")) as Partial<Holder>;
    if (isHolder(holder)) return { token: holder.token, process: holder.process };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
  }
  throw inUse(lock, "its lock cannot be read");
}

/** Names of locks, and of the drafts and claims that taking one leaves behind where a process is killed in it. */
const LOCK_NAME = /\.lock(?:\.[0-9a-f-]{36}(?:\.dead|\.claim)?)?$/;

/** What processes that were killed have left of their locks. */
export interface LockLeftovers {
  /** Claims: nobody can take over the locks that they are about. */
  readonly claims: readonly string[];
  /** Locks, which the next command takes over, and drafts. They stop nobody. */
  readonly spent: readonly string[];
}

/** Looks for them in a folder. What is not known for a lock of ours is none. */
export async function lockLeftovers(folder: string): Promise<LockLeftovers> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  });
  const dead: string[] = [];
  for (const name of names.filter((each) => LOCK_NAME.test(each))) {
    const file = join(folder, name);
    const holder = await readHolder(file).catch(() => undefined);
    if (isHolder(holder) && !(await isRunning(holder.process))) dead.push(file);
  }
  const isClaim = (file: string): boolean => file.endsWith(".claim");
  return { claims: dead.filter(isClaim), spent: dead.filter((file) => !isClaim(file)) };
}

/** Other programs have files of such names, too; and files are named after the token, so it has to be one of ours. */
function isHolder(value: Partial<Holder> | undefined): value is Holder {
  return /^[0-9a-f-]{36}$/.test(String(value?.token)) && typeof value?.process?.pid === "number";
}

/** Removes them, and no lock that somebody has taken in the meantime. */
export async function removeLeftovers({ claims, spent }: LockLeftovers): Promise<void> {
  for (const file of claims) await rm(file, { force: true });
  for (const file of spent) {
    // Only one can take a lock over at a time; then it is given back.
    if (file.endsWith(".lock")) await (await lockFile(file.slice(0, -".lock".length))).release();
    else await rm(file, { force: true });
  }
}

function inUse(lock: string, why: string): CommandFailure {
  return new CommandFailure({
    code: "FILE_IN_USE",
    message: `The file ${lock.replace(/\.lock$/, "")} is in use: ${why}.`,
    hint: `Wait for the other command, or use another file. If there is none, delete ${lock}.`,
    exitCode: EXIT.conflict,
  });
}

/**
 * A hard link appears whole or not at all, and never over another: of many who try, one succeeds. So does one with a copy,
 * where there are no hard links, whatever the file system says of one (EPERM, EACCES, ENOSYS); but somebody may see a part of it, and who is killed just then leaves a lock that cannot
 * be read and has to be deleted by hand.
 */
async function placeExclusively(draft: string, lock: string): Promise<boolean> {
  const place = async (): Promise<void> => {
    try {
      await link(draft, lock);
    } catch (error) {
      if (hasCode(error, "EEXIST")) throw error;
      await copyFile(draft, lock, constants.COPYFILE_EXCL);
    }
  };
  try {
    await place();
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

/**
 * Keeps other commands off a file for as long as this process lives. The lock of a process that was killed is taken over;
 * only who first makes a claim named after the dead lock may do so, so that two cannot take it at once.
 */
export async function lockFile(file: string): Promise<FileLock> {
  const lock = `${file}.lock`;
  const token = randomUUID();
  const self = (await identifyProcess(process.pid)) ?? { pid: process.pid, started: "" };
  const draft = `${lock}.${token}`;
  await writeFile(draft, JSON.stringify({ token, process: self } satisfies Holder), { mode: 0o600 });
  try {
    while (!(await placeExclusively(draft, lock))) {
      const holder = await readHolder(lock);
      if (holder === undefined) continue;
      // Over a network a link may have been made though its answer was lost.
      if (holder.token === token) break;
      if (await isRunning(holder.process)) throw inUse(lock, `by process ${String(holder.process.pid)}`);
      const claim = `${lock}.${holder.token}.claim`;
      if (!(await placeExclusively(draft, claim))) throw inUse(lock, "another command is just taking it over");
      try {
        if ((await readHolder(lock))?.token !== holder.token) continue;
        await rename(lock, draft + ".dead");
        await rm(`${draft}.dead`, { force: true });
      } finally {
        await rm(claim, { force: true });
      }
    }
  } finally {
    await rm(draft, { force: true });
  }
  return {
    async release() {
      if ((await readHolder(lock))?.token === token) await rm(lock, { force: true });
    },
  };
}
