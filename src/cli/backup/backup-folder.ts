import { randomUUID } from "node:crypto";
import { lstat, mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isCount, isText, listOf, objectOf } from "../../client/answer-shape.ts";
import { syncFolder } from "../atomic-file.ts";
import { unwritable } from "../checkpoint-file.ts";
import { CommandFailure, usageFailure } from "../command-failure.ts";
import { isSystemError } from "../file-error.ts";
import { type FileLock, lockFile } from "../file-lock.ts";
import { damaged, isDamage, readChecked, writeChecked } from "./checked-file.ts";
import { folderName, isFolderName } from "./folder-name.ts";
import { makeFolder, type MadeFolder, removeMade } from "./made-folder.ts";
import { readStreamManifest, STREAM_MANIFEST, type StreamManifest, writeStreamManifest } from "./stream-manifest.ts";

const MANIFEST = "manifest.json";
const STREAMS = "streams";
/** What was damaged when a stream was begun anew. */
const ASIDE = "damaged";
const FORMAT = "durable-streams backup 1";

/** What the backup's own manifest says of a stream: that it is there, and has at least so much. */
export interface StreamEntry {
  readonly name: string;
  readonly folder: string;
  readonly generation: number;
  readonly positions: number;
}

interface BackupManifest {
  /** Random: no two backups have the same one. */
  readonly id: string;
  readonly streams: readonly StreamEntry[];
}

/** What a backup is known by whose own manifest is damaged or lost: nothing. */
const UNKNOWN = { id: undefined, streams: [] };

const IS_MANIFEST = objectOf({
  format: isText,
  id: isText,
  streams: listOf(objectOf({ name: isText, folder: isText, generation: isCount, positions: isCount })),
});

/** Folders have no other names (folder-name.ts): what a manifest says is never a way out of the backup. */
function isManifest(value: unknown): value is BackupManifest & { readonly format: string } {
  return IS_MANIFEST(value) && (value as BackupManifest).streams.every(({ folder }) => isFolderName(folder));
}

async function namesIn(folder: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return undefined;
    if (isSystemError(error) && error.code === "ENOTDIR") {
      throw usageFailure(`${JSON.stringify(folder)} is a file, and a backup is a folder.`, "Name a folder.");
    }
    throw error;
  }
}

async function isThere(file: string): Promise<boolean> {
  return (await lstat(file).catch(() => undefined)) !== undefined;
}

/** Whether a folder with these names is one of ours, or none yet. A run that was killed may have left no more than a draft. */
function isBackup(names: readonly string[]): boolean {
  return (
    names.includes(MANIFEST) || names.every((name) => name === STREAMS || name === ASIDE || name.includes(MANIFEST))
  );
}

/** Whether a stream's manifest is of a time before the backup's own one was written. */
export function isOlder(manifest: StreamManifest, { generation, positions }: StreamEntry): boolean {
  return manifest.generation === generation ? manifest.positions < positions : manifest.generation < generation;
}

/** How that is told. */
export function olderThan(manifest: StreamManifest, entry: StreamEntry): string {
  return `is older than the backup: it counts ${String(manifest.positions)} where there were ${String(entry.positions)}`;
}

/** Refuses a link in the place of a folder: what is written there would be outside of the backup. */
export async function requireNoLink(folder: string): Promise<void> {
  const found = await lstat(folder).catch(() => undefined);
  if (found?.isSymbolicLink() !== true) return;
  throw usageFailure(
    `${JSON.stringify(folder)} is a symbolic link, and a backup writes nothing outside of its folder.`,
    "Put the folder itself there. DIR may be a link.",
  );
}

/** How many damaged folders of one stream are kept: whoever has so many has another problem. */
const ASIDE_MAX = 1000;

/**
 * Moves what is there of a stream out of the way, as a whole: it is damaged, and may be the only copy of what is left of
 * it. Returns where it is now; `undefined` where there was nothing.
 */
export async function setAside({ path }: StreamFolder): Promise<string | undefined> {
  const aside = join(dirname(dirname(path)), ASIDE);
  await requireNoLink(aside);
  await mkdir(aside, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw unwritable("folder", aside, error);
  });
  for (let i = 1; i <= ASIDE_MAX; i++) {
    const place = join(aside, `${basename(path)}.${String(i)}`);
    if (await isThere(place)) continue;
    try {
      await rename(path, place);
    } catch (error) {
      if (isSystemError(error) && error.code === "ENOENT") return undefined;
      throw unwritable("folder", place, error);
    }
    await syncFolder(aside);
    await syncFolder(dirname(path));
    return place;
  }
  throw usageFailure(`${aside} is full: it has ${String(ASIDE_MAX)} folders of this stream.`, "Move it elsewhere.");
}

/** A stream's folder in a backup. */
export interface StreamFolder {
  readonly name: string;
  readonly path: string;
  /** What the backup's own manifest says of the stream, if it was there before. */
  readonly listed?: StreamEntry | undefined;
}

/** A stream whose manifest is not what was written. */
export interface StreamDamage {
  readonly folder: string;
  /** Its folder's where the backup's own manifest does not list it. */
  readonly name: string;
  readonly error: Error;
}

/** What a run that adds to a backup holds of it. */
interface Claim {
  readonly lock: FileLock;
  readonly made: MadeFolder;
  /** There was no backup before this run. */
  readonly isNew: boolean;
}

/** A backup: a folder with a manifest, and a folder for each stream (docs/backup.md). */
export class BackupFolder {
  readonly path: string;
  /** `undefined` where the backup's own manifest is damaged. */
  readonly id: string | undefined;
  /** As the last run that ended left it. */
  readonly listed: readonly StreamEntry[];
  /** What is wrong with the backup's own manifest: then nothing says which streams there have to be. */
  readonly damage: CommandFailure | undefined;
  readonly #claim: Claim | undefined;
  /** No stream is in it, as its manifest was written last. */
  #isEmpty = false;

  private constructor(
    path: string,
    { id, streams }: BackupManifest | typeof UNKNOWN,
    { claim, damage }: { readonly claim?: Claim; readonly damage?: CommandFailure } = {},
  ) {
    this.path = path;
    this.id = id;
    this.listed = streams;
    this.damage = damage;
    this.#claim = claim;
  }

  /** Opens a backup to add to it, or makes one; no other command can add to it until it is released. */
  static async claim(path: string): Promise<BackupFolder> {
    if (!isBackup((await namesIn(path)) ?? [])) {
      throw usageFailure(
        `${JSON.stringify(path)} is not empty, and no backup.`,
        "Name an empty folder, or one that is not there yet.",
      );
    }
    await requireNoLink(join(path, STREAMS));
    const made = await makeFolder(join(path, STREAMS));
    const lock = await lockFile(join(path, MANIFEST)).catch(async (error: unknown) => {
      await removeMade(made);
      throw unwritable("file", join(path, MANIFEST), error);
    });
    try {
      const manifest = await readManifest(path).catch((error: unknown) => {
        throw isDamage(error) ? withoutManifest(error) : error;
      });
      const isNew = manifest === undefined;
      const claim = { lock, made, isNew };
      const claimed = new BackupFolder(path, manifest ?? { id: randomUUID(), streams: [] }, { claim });
      if (isNew) await claimed.#write([]);
      return claimed;
    } catch (error) {
      await lock.release();
      await removeMade(made);
      throw error;
    }
  }

  /**
   * Opens a backup to read it. Others may add to it meanwhile: what is there does not change. Where its own manifest is
   * damaged or lost, the streams are there all the same: that is its `damage`.
   */
  static async open(path: string): Promise<BackupFolder> {
    try {
      const manifest = await readManifest(path);
      if (manifest !== undefined) return new BackupFolder(path, manifest);
    } catch (error) {
      if (!isDamage(error)) throw error;
      return new BackupFolder(path, UNKNOWN, { damage: error });
    }
    await namesIn(path);
    const lost = new BackupFolder(path, UNKNOWN, { damage: damaged(join(path, MANIFEST), "it is missing") });
    for (const folder of await lost.folders()) {
      if (await isThere(join(folder, STREAM_MANIFEST))) return lost;
    }
    throw usageFailure(`There is no backup in ${JSON.stringify(path)}.`, "Name the folder that backup wrote to.");
  }

  streamFolder(name: string): StreamFolder {
    const folder = folderName(name);
    const listed = this.listed.find((entry) => entry.folder === folder);
    return { name, path: join(this.path, STREAMS, folder), listed };
  }

  /** Every folder of a stream, those of a run that was killed included. */
  async folders(): Promise<readonly string[]> {
    const found = (await namesIn(join(this.path, STREAMS))) ?? [];
    const all = new Set([...this.listed.map(({ folder }) => folder), ...found.filter((name) => !name.startsWith("."))]);
    return [...all].sort().map((name) => join(this.path, STREAMS, name));
  }

  /**
   * Writes the manifest anew, from those of the streams. What is lost or damaged of a stream stays listed, so that it is
   * noticed; the damage is returned.
   */
  async finish(): Promise<readonly StreamDamage[]> {
    const entries: StreamEntry[] = [];
    const damages: StreamDamage[] = [];
    const listed = new Map(this.listed.map((entry) => [entry.folder, entry]));
    for (const path of await this.folders()) {
      const folder = basename(path);
      const before = listed.get(folder);
      const manifest = await readStreamManifest(join(path, STREAM_MANIFEST)).catch((error: unknown) => {
        if (!isDamage(error)) throw error;
        damages.push({ folder, name: before?.name ?? folder, error });
        return undefined;
      });
      const isLost = before !== undefined && (manifest === undefined || isOlder(manifest, before));
      if (isLost) entries.push(before);
      else if (manifest !== undefined) {
        const { name, generation, positions } = manifest;
        entries.push({ name, folder, generation, positions });
      }
    }
    await this.#write(entries);
    return damages;
  }

  /** Lets others add to it. Where the run that began it has failed and no stream is in it, it goes again. */
  async release({ hasFailed }: { readonly hasFailed: boolean }): Promise<void> {
    if (this.#claim === undefined) return;
    const { lock, made, isNew } = this.#claim;
    const goes = hasFailed && isNew && this.#isEmpty;
    if (goes) await rm(join(this.path, MANIFEST), { force: true }).catch(() => undefined);
    await lock.release();
    if (goes) await removeMade(made);
  }

  async #write(streams: readonly StreamEntry[]): Promise<void> {
    await writeChecked(join(this.path, MANIFEST), { format: FORMAT, id: this.id, streams });
    this.#isEmpty = streams.length === 0;
  }
}

function withoutManifest({ code, message, exitCode }: CommandFailure): CommandFailure {
  const hint =
    "What backup verify finds in the streams is whole all the same. Move this file away, and backup writes it anew.";
  return new CommandFailure({ code, message, exitCode, hint });
}

async function readManifest(path: string): Promise<BackupManifest | undefined> {
  const file = join(path, MANIFEST);
  const value = await readChecked(file);
  if (value === undefined) return undefined;
  if (!isManifest(value) || value.format !== FORMAT) {
    throw damaged(file, "it is no manifest of a backup that this version knows");
  }
  return value;
}

export function readManifestOf({ path }: StreamFolder): Promise<StreamManifest | undefined> {
  return readStreamManifest(join(path, STREAM_MANIFEST));
}

export async function writeManifestOf({ path }: StreamFolder, manifest: StreamManifest): Promise<void> {
  await writeStreamManifest(join(path, STREAM_MANIFEST), manifest);
}
