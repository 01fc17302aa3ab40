import type { StreamClient } from "../../../client/stream-client.ts";
import { CommandFailure } from "../../command-failure.ts";
import type { ExportEncoder } from "./encoder.ts";
import { ExportFiles } from "./export-files.ts";
import { type ExportProgress, readExportJournal, requireSameExport } from "./export-journal.ts";
import { type ExportOptions, type ExportSummary, makeEncoder, openRows } from "./export-stream.ts";
import { FIRST_MARK, type StreamRows } from "./stream-rows.ts";

/** Bytes that are written between two saves, where rows do not come in groups: what a crash costs at most. */
const SAVE_EVERY_BYTES = 8 * 1024 * 1024;

/** Why a journal is of no use any more. With consent the export begins anew. */
const STARTED_OVER = new Set(["STREAM_REPLACED", "BAD_EXPORT"]);

/** Journals of exports that consent gives up. */
const GIVEN_UP = new Set(["OTHER_EXPORT", "BAD_EXPORT"]);

export interface FileExportOptions extends ExportOptions {
  readonly file: string;
  /** Replace what is there, and start over where an earlier export cannot be continued. */
  readonly force: boolean;
  /** Called when an earlier run's rows are gone on from. */
  readonly onResume?: ((progress: ExportProgress) => void) | undefined;
  /** Called when the run ends early, with what the next one can go on from. */
  readonly onKept?: ((progress: ExportProgress) => void) | undefined;
}

export interface FileExportSummary extends ExportSummary {
  readonly file: string;
  /** How many rows an earlier run had written. */
  readonly resumedAtRow: number;
}

/** One run of an export into a file: what is read goes into the part file, and how far that got into the journal. */
class FileExport {
  readonly #files: ExportFiles;
  readonly #source: StreamRows;
  readonly #encoder: ExportEncoder;
  #progress: ExportProgress;
  #savedBytes: number;

  constructor(files: ExportFiles, source: StreamRows, encoder: ExportEncoder, progress: ExportProgress) {
    this.#files = files;
    this.#source = source;
    this.#encoder = encoder;
    this.#progress = progress;
    this.#savedBytes = progress.bytes;
  }

  /** The progress at the end of an export that is whole and durable, and only lacks its name. */
  async run({ onProgress, onKept }: FileExportOptions): Promise<ExportProgress> {
    let rows: number;
    try {
      if (this.#progress.bytes === 0) await this.#write(this.#encoder.begin(), {});
      rows = await this.#copy(onProgress);
    } catch (error) {
      // The next run need not read again what is written. Where that cannot be saved either, the first failure says more.
      await this.#save().then(
        () => onKept?.(this.#progress),
        () => undefined,
      );
      throw error;
    }
    await this.#write(this.#encoder.end(), { rows, nextOffset: this.#source.nextOffset ?? null, done: true });
    await this.#save();
    return this.#progress;
  }

  /** How many rows there are in all, with those that the encoder keeps for its end. */
  async #copy(onProgress: ExportOptions["onProgress"]): Promise<number> {
    let { rows } = this.#progress;
    const { end } = this.#source;
    for await (const batch of this.#source.batches()) {
      rows += batch.length;
      for (const encoded of this.#encoder.encode(batch)) {
        await this.#write(encoded.bytes, {
          read: this.#source.markAt(encoded.end),
          rows: this.#progress.rows + encoded.rows,
          encoder: this.#encoder.state,
        });
        onProgress?.({ rows: this.#progress.rows, bytes: this.#progress.bytes, position: encoded.end, end });
        const unsavedBytes = this.#progress.bytes - this.#savedBytes;
        if (this.#encoder.hasGroups || unsavedBytes >= SAVE_EVERY_BYTES) await this.#save();
      }
    }
    return rows;
  }

  /** Bytes and what they mean become true together: what fails half-way is as if it had not been tried. */
  async #write(bytes: Uint8Array, meaning: Partial<ExportProgress>): Promise<void> {
    await this.#files.write(bytes, this.#progress.bytes);
    this.#progress = { ...this.#progress, ...meaning, bytes: this.#progress.bytes + bytes.byteLength };
  }

  async #save(): Promise<void> {
    await this.#files.save(this.#progress);
    this.#savedBytes = this.#progress.bytes;
  }
}

function fresh(url: string, { to }: FileExportOptions, { identity, end }: StreamRows): ExportProgress {
  return {
    stream: url,
    to,
    contentType: identity.contentType,
    incarnation: identity.incarnation ?? null,
    end: end ?? null,
    read: FIRST_MARK,
    rows: 0,
    bytes: 0,
    encoder: [],
    nextOffset: null,
    done: false,
  };
}

/** Reads and writes what is missing. `known` is where an earlier run of the same export got. */
async function complete(
  client: StreamClient,
  url: string,
  { files, options, known }: { files: ExportFiles; options: FileExportOptions; known: ExportProgress | undefined },
): Promise<ExportProgress> {
  const { to, signal, onResume, onKept } = options;
  const opening = openRows(client, url, to, {
    signal,
    from: known?.read,
    end: known?.end ?? undefined,
    expected:
      known === undefined ? undefined : { contentType: known.contentType, incarnation: known.incarnation ?? undefined },
  });
  const source = await opening.catch((error: unknown) => {
    if (known !== undefined) onKept?.(known);
    throw error;
  });
  const progress = known ?? fresh(url, options, source);
  if (known === undefined) await files.begin(progress);
  else {
    await files.resume(progress.bytes);
    if (progress.rows > 0) onResume?.(progress);
  }
  const resumed = progress.bytes === 0 ? undefined : { state: progress.encoder, bytes: progress.bytes };
  const encoder = await makeEncoder(to, { url, ...source.identity }, resumed);
  return new FileExport(files, source, encoder, progress).run(options);
}

interface Found {
  /** Where an earlier run of this very export got; `undefined` where this one begins from nothing. */
  readonly known: ExportProgress | undefined;
  /** What lies beside the file is an export's, if not this one's. */
  readonly hasJournal: boolean;
}

async function continued(files: ExportFiles, url: string, { to, force }: FileExportOptions): Promise<Found> {
  try {
    const known = await readExportJournal(files.journalFile);
    if (known !== undefined) requireSameExport(files.journalFile, known, { stream: url, to });
    return { known, hasJournal: known !== undefined };
  } catch (error) {
    const mayGiveUp = force && error instanceof CommandFailure && GIVEN_UP.has(error.code);
    if (!mayGiveUp) throw error;
    return { known: undefined, hasJournal: true };
  }
}

/**
 * Exports a stream into a file, from its start to its end at the first run. A run that ends early, by whatever, is
 * continued by the next one with the same arguments. The file gets its name only when it is whole.
 */
export async function exportToFile(
  client: StreamClient,
  url: string,
  options: FileExportOptions,
): Promise<FileExportSummary> {
  const { file, force } = options;
  const files = await ExportFiles.claim(file, force);
  try {
    const { known, hasJournal } = await continued(files, url, options);
    if (known?.done !== true) await files.requireFree(hasJournal);
    const attempt = (from: ExportProgress | undefined) => complete(client, url, { files, options, known: from });
    const finish = (): Promise<ExportProgress> =>
      attempt(known).catch((error: unknown) => {
        const mayStartOver = force && known !== undefined && error instanceof CommandFailure;
        if (mayStartOver && STARTED_OVER.has(error.code)) return attempt(undefined);
        throw error;
      });
    const progress = known?.done === true ? known : await finish();
    await files.publish(progress.bytes);
    const { contentType, rows, bytes, nextOffset } = progress;
    return { file, contentType, rows, bytes, nextOffset: nextOffset ?? undefined, resumedAtRow: known?.rows ?? 0 };
  } finally {
    await files.release();
  }
}
