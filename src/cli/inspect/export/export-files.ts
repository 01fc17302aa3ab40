import { constants, type FileHandle, link, lstat, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "../../atomic-file.ts";
import { requireWritableFolder, unwritable } from "../../checkpoint-file.ts";
import { usageFailure } from "../../command-failure.ts";
import { isSystemError, notAFile, requireFile } from "../../file-error.ts";
import { type FileLock, lockFile } from "../../file-lock.ts";
import { badExport, type ExportProgress, writeExportJournal } from "./export-journal.ts";

/** Of the file itself: a link has a size of its own, and is there wherever it leads. */
async function sizeOf(file: string): Promise<number | undefined> {
  const found = await lstat(file).catch((error: unknown) => {
    if (isSystemError(error) && error.code === "ENOENT") return undefined;
    throw error;
  });
  return found?.size;
}

function existing(file: string): Error {
  return usageFailure(`${JSON.stringify(file)} is there already.`, "Choose another file, or replace it with --force.");
}

/** Consent to replacing FILE is none to touching what happens to lie beside it. */
function notOurs(part: string): Error {
  return usageFailure(
    `${JSON.stringify(part)} is there already, and no export has left it there.`,
    "An export needs that name for what is not finished: move the file away, or choose another --file.",
  );
}

/** Opens a file that must not be there. */
const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
/** Opens a file that must be there, and no link to one. */
const OWN = constants.O_RDWR | constants.O_NOFOLLOW;

/**
 * The files of one export: the part that grows, the journal that says how much of it counts, and at the end the file that
 * was asked for. That one appears whole, and never in the place of another without consent.
 */
export class ExportFiles {
  readonly #file: string;
  readonly #mayReplace: boolean;
  readonly #lock: FileLock;
  #part: FileHandle | undefined;
  /** What has the part file's name was left by an export. */
  #isPartOurs = false;

  private constructor(file: string, mayReplace: boolean, lock: FileLock) {
    this.#file = file;
    this.#mayReplace = mayReplace;
    this.#lock = lock;
  }

  /** Keeps other commands off the file. Nothing else is written yet. */
  static async claim(file: string, mayReplace: boolean): Promise<ExportFiles> {
    await requireFile(file, "--file");
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile() === false) throw notAFile(file, "--file");
    await requireWritableFolder("file", file);
    return new ExportFiles(file, mayReplace, await lockFile(file));
  }

  get partFile(): string {
    return `${this.#file}.part`;
  }

  get journalFile(): string {
    return `${this.#file}.export`;
  }

  /** Refuses what is there and not this export's, before anything is asked of the server. */
  async requireFree(hasJournal: boolean): Promise<void> {
    if (!this.#mayReplace && (await sizeOf(this.#file)) !== undefined) throw existing(this.#file);
    // A part file without a journal is somebody else's.
    this.#isPartOurs = hasJournal;
    if (!hasJournal && (await sizeOf(this.partFile)) !== undefined) throw notOurs(this.partFile);
  }

  /** Begins from nothing. */
  async begin(progress: ExportProgress): Promise<void> {
    // The journal comes first: a part file without one is somebody else's.
    await writeExportJournal(this.journalFile, progress);
    await this.#openNew();
  }

  /** Goes on after so many bytes of the part file, and forgets what is behind them. */
  async resume(bytes: number): Promise<void> {
    const size = (await sizeOf(this.partFile)) ?? 0;
    if (size < bytes) {
      throw badExport(
        this.journalFile,
        `${this.partFile} has ${String(size)} bytes, and should have ${String(bytes)} at least`,
      );
    }
    if (bytes === 0) {
      await this.#openNew();
      return;
    }
    await this.#openOwn();
    await this.#writing((part) => part.truncate(bytes));
  }

  /** Writes bytes at a place of the part file. */
  async write(bytes: Uint8Array, at: number): Promise<void> {
    await this.#writing(async (part) => {
      for (let done = 0; done < bytes.byteLength;) {
        done += (await part.write(bytes, done, bytes.byteLength - done, at + done)).bytesWritten;
      }
    });
  }

  /** Makes what was written durable, and only then says so in the journal. */
  async save(progress: ExportProgress): Promise<void> {
    await this.#writing((part) => part.sync());
    await writeExportJournal(this.journalFile, progress);
  }

  /** Gives a part file that is whole its name. A run that was killed right after may have done so already. */
  async publish(bytes: number): Promise<void> {
    await this.#close();
    if ((await sizeOf(this.partFile)) === bytes) await this.#name();
    else if ((await sizeOf(this.#file)) !== bytes) {
      throw badExport(this.journalFile, `${this.partFile} should have ${String(bytes)} bytes`);
    }
    await syncFolder(dirname(this.#file));
    await rm(this.partFile, { force: true });
    await rm(this.journalFile, { force: true });
  }

  async release(): Promise<void> {
    await this.#close();
    await this.#lock.release();
  }

  async #name(): Promise<void> {
    if (this.#mayReplace) {
      await rename(this.partFile, this.#file);
      return;
    }
    const [part, named] = await Promise.all([stat(this.partFile), stat(this.#file).catch(() => undefined)]);
    if (named?.ino === part.ino && named.dev === part.dev) return;
    // Unlike a renamed file, a link never takes the place of another.
    await link(this.partFile, this.#file).catch((error: unknown) => {
      throw isSystemError(error) && error.code === "EEXIST" ? existing(this.#file) : error;
    });
  }

  /** What an export has left under this name is of no use any more; where it is a link, the link goes. */
  async #openNew(): Promise<void> {
    if (this.#isPartOurs) await rm(this.partFile, { force: true });
    await this.#close();
    this.#part = await open(this.partFile, NEW).catch(async (error: unknown) => {
      if (!isSystemError(error) || error.code !== "EEXIST") throw unwritable("file", this.partFile, error);
      // Somebody was faster; with a journal beside it, the next run would take it for ours.
      await rm(this.journalFile, { force: true });
      throw notOurs(this.partFile);
    });
    this.#isPartOurs = true;
  }

  async #openOwn(): Promise<void> {
    await this.#close();
    this.#part = await open(this.partFile, OWN).catch((error: unknown) => {
      if (isSystemError(error) && error.code === "ELOOP")
        throw badExport(this.journalFile, `${this.partFile} is a link`);
      throw unwritable("file", this.partFile, error);
    });
  }

  async #close(): Promise<void> {
    const part = this.#part;
    this.#part = undefined;
    await part?.close();
  }

  async #writing(work: (part: FileHandle) => Promise<unknown>): Promise<void> {
    if (this.#part === undefined) throw new Error("an export was written to before it was begun");
    try {
      await work(this.#part);
    } catch (error) {
      throw unwritable("file", this.partFile, error);
    }
  }
}
