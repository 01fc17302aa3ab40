import { createHash, type Hash } from "node:crypto";
import { constants, type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { JsonArrayError, JsonArraySplitter } from "../../client/json-array-splitter.ts";
import type { ContentKind } from "../../protocol/content-type.ts";
import { syncFolder } from "../atomic-file.ts";
import { unwritable } from "../checkpoint-file.ts";
import { sizeOf } from "../copying/pieces.ts";
import { damaged, readRegular, sha256 } from "./checked-file.ts";
import type { DataFileEntry } from "./stream-manifest.ts";

const EXTENSIONS: Readonly<Record<ContentKind, string>> = { json: "json", text: "txt", binary: "bin" };

const OPEN = Buffer.from("[\n");
const SEPARATOR = Buffer.from(",\n");
const CLOSE = Buffer.from("\n]\n");

export function dataFileName(generation: number, number: number, kind: ContentKind): string {
  return `${String(generation)}-${String(number).padStart(8, "0")}.${EXTENSIONS[kind]}`;
}

/**
 * A data file that is being written: of JSON an array of the messages, the very bytes of each; of all else the bytes. It
 * gets its name when it is whole and on disk.
 */
export class DataFileWriter {
  readonly #folder: string;
  readonly #name: string;
  readonly #kind: ContentKind;
  readonly #handle: FileHandle;
  readonly #hash: Hash = createHash("sha256");
  #bytes = 0;
  #positions = 0;
  /** A write failed: what is in the file is not what was hashed. */
  #isBroken = false;

  private constructor(folder: string, name: string, kind: ContentKind, handle: FileHandle) {
    this.#folder = folder;
    this.#name = name;
    this.#kind = kind;
    this.#handle = handle;
  }

  static async begin(folder: string, name: string, kind: ContentKind): Promise<DataFileWriter> {
    const draft = draftOf(folder, name);
    // What a run that was killed has left there goes, and so does a link that somebody has put there.
    await rm(draft, { force: true });
    const handle = await open(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600).catch(
      (error: unknown) => {
        throw unwritable("file", join(folder, name), error);
      },
    );
    return new DataFileWriter(folder, name, kind, handle);
  }

  get bytes(): number {
    return this.#bytes;
  }

  async add(pieces: readonly Uint8Array[]): Promise<void> {
    if (pieces.length === 0) return;
    if (this.#kind === "json") {
      const isFirst = this.#positions === 0;
      const framed = pieces.flatMap((piece, i) => [i === 0 && isFirst ? OPEN : SEPARATOR, piece]);
      await this.#write(Buffer.concat(framed));
    } else {
      await this.#write(Buffer.concat(pieces));
    }
    this.#positions += sizeOf(this.#kind, pieces);
  }

  /** Makes it durable and gives it its name. */
  async finish(): Promise<Omit<DataFileEntry, "from">> {
    try {
      return await this.#finish();
    } catch (error) {
      // On a full disk the draft would be in the way of everything else.
      await this.discard();
      throw error;
    }
  }

  async #finish(): Promise<Omit<DataFileEntry, "from">> {
    if (this.#isBroken) throw new Error("a data file was finished after a write had failed");
    if (this.#kind === "json") await this.#write(CLOSE);
    const file = join(this.#folder, this.#name);
    try {
      await this.#handle.sync();
      await this.#handle.close();
      await rename(draftOf(this.#folder, this.#name), file);
      await syncFolder(this.#folder);
    } catch (error) {
      throw unwritable("file", file, error);
    }
    return { file: this.#name, positions: this.#positions, bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }

  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(draftOf(this.#folder, this.#name), { force: true }).catch(() => undefined);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#handle.writeFile(bytes);
    } catch (error) {
      this.#isBroken = true;
      throw unwritable("file", join(this.#folder, this.#name), error);
    }
    this.#hash.update(bytes);
    this.#bytes += bytes.byteLength;
  }
}

function draftOf(folder: string, name: string): string {
  return join(folder, `.${name}.draft`);
}

/** The bytes of a data file, if they are those that were written. Throws `BACKUP_DAMAGED`. */
export async function checkDataFile(folder: string, entry: DataFileEntry): Promise<Buffer> {
  const file = join(folder, entry.file);
  const content = await readRegular(file, (size) => {
    if (size !== entry.bytes) throw damaged(file, `it has ${String(size)} bytes instead of ${String(entry.bytes)}`);
  });
  if (content === undefined) throw damaged(file, "it is missing");
  if (sha256(content) !== entry.sha256) throw damaged(file, "its SHA-256 is not what the manifest says");
  return content;
}

/** The content of a data file, checked: messages of JSON, else its bytes. Throws `BACKUP_DAMAGED`. */
export async function readDataFile(
  folder: string,
  entry: DataFileEntry,
  kind: ContentKind,
): Promise<readonly Uint8Array[]> {
  const file = join(folder, entry.file);
  const content = await checkDataFile(folder, entry);
  const pieces = kind === "json" ? messagesOf(file, content) : [content];
  const positions = sizeOf(kind, pieces);
  if (positions === entry.positions) return pieces;
  throw damaged(file, `it holds ${String(positions)} messages instead of ${String(entry.positions)}`);
}

function messagesOf(file: string, content: Uint8Array): readonly Uint8Array[] {
  const splitter = new JsonArraySplitter();
  try {
    const messages = splitter.push(content);
    if (!splitter.ended) throw new JsonArrayError("it breaks off");
    return messages;
  } catch (error) {
    throw error instanceof JsonArrayError ? damaged(file, `it is no JSON array: ${error.message}`) : error;
  }
}
