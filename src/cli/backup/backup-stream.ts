import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { StreamDescription } from "../../client/operations.ts";
import type { RetryOptions } from "../../client/retry.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import { sameContentType } from "../../protocol/content-type.ts";
import { CommandFailure } from "../command-failure.ts";
import { unwritable } from "../checkpoint-file.ts";
import { bytesOf, sizeOf } from "../copying/pieces.ts";
import { type Chunk, STREAM_START, type StreamMark, StreamSource } from "../copying/stream-source.ts";
import { EXIT } from "../exit-codes.ts";
import { readManifestOf, requireNoLink, setAside, type StreamFolder, writeManifestOf } from "./backup-folder.ts";
import { damaged, isDamage } from "./checked-file.ts";
import { checkDataFile, dataFileName, DataFileWriter } from "./data-file.ts";
import { ProbeHash } from "./probe-hash.ts";
import { type DataFileEntry, STREAM_MANIFEST, type StreamManifest, type TailProbe } from "./stream-manifest.ts";

/** A data file is ended when it is longer: what a kill costs at most, and what a restore has in memory at a time. */
const FILE_BYTES = 16 * 1024 * 1024;

export interface BackupStreamOptions {
  readonly client: StreamClient;
  readonly url: string;
  readonly folder: StreamFolder;
  /** Begin anew where the stream is no longer the one that was backed up, or what was backed up is damaged. */
  readonly anew: boolean;
  /** Asks whether it is readable without a token; `null` where that is not known. */
  readonly isPublic: () => Promise<boolean | null>;
  readonly signal: AbortSignal;
  readonly retry: RetryOptions;
  readonly onProgress: (bytes: number) => void;
}

/** What a run has added to the backup of a stream. */
export interface StreamBackup {
  readonly manifest: StreamManifest;
  /** Messages of JSON, or bytes. */
  readonly newPositions: number;
  readonly newBytes: number;
  readonly newFiles: number;
  /** An older creation of the name was given up for this one. */
  readonly begunAnew: boolean;
  /** Where what was damaged is kept now. */
  readonly aside?: string | undefined;
}

class Replaced extends CommandFailure {}

function replaced(url: string, why: string): Replaced {
  return new Replaced({
    code: "STREAM_REPLACED",
    message: `${url} is not the stream that was backed up here: ${why}.`,
    hint: "Back it up into another folder, or give up what is here of the earlier one with --anew.",
    exitCode: EXIT.conflict,
  });
}

const RECREATED = "it was deleted and created again";

/** Adds what is new of a stream to its backup: from where the last run ended to the stream's end at this moment. */
export async function backupStream(options: BackupStreamOptions): Promise<StreamBackup> {
  const { client, url, folder, anew, signal } = options;
  const { manifest: known, damage } = await stateOf(folder, { withFiles: anew, signal });
  if (damage !== undefined && !anew) throw withHint(damage, folder);
  const description = await client.describe(url, signal);
  await requireNoLink(folder.path);
  const aside = damage === undefined ? undefined : await setAside(folder);
  await mkdir(folder.path, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw unwritable("folder", folder.path, error);
  });
  const goesOn = known !== undefined && damage === undefined;
  try {
    const begun = goesOn ? known : await fresh(options, description, await nextGeneration(folder, known, aside));
    const done = await new StreamRun(options, description, begun).run(goesOn);
    return { ...done, aside };
  } catch (error) {
    if (!anew || !goesOn || !(error instanceof Replaced)) throw error;
    const run = new StreamRun(options, description, await fresh(options, description, known.generation + 1));
    const done = await run.run(false);
    await removeOthers(folder, done.manifest.files);
    return { ...done, begunAnew: true };
  }
}

interface StreamState {
  readonly manifest: StreamManifest | undefined;
  readonly damage: CommandFailure | undefined;
}

/** What there is of a stream, and what of that is damaged. Its data files are only read for somebody who would begin anew. */
async function stateOf(
  folder: StreamFolder,
  { withFiles, signal }: { readonly withFiles: boolean; readonly signal: AbortSignal },
): Promise<StreamState> {
  let manifest: StreamManifest | undefined;
  try {
    manifest = await readManifestOf(folder);
    // Begun at the start again it would pass for whole, whatever the stream on the server has become.
    if (manifest === undefined && folder.listed !== undefined) {
      throw damaged(join(folder.path, STREAM_MANIFEST), "it is missing");
    }
    for (const entry of withFiles ? (manifest?.files ?? []) : []) {
      signal.throwIfAborted();
      await checkDataFile(folder.path, entry);
    }
    return { manifest, damage: undefined };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { manifest, damage: error };
  }
}

function withHint({ code, message, exitCode }: CommandFailure, { name }: StreamFolder): CommandFailure {
  const hint = `Keep what is here aside, and read ${JSON.stringify(name)} from its start, with --anew.`;
  return new CommandFailure({ code, message, exitCode, hint });
}

/** What is begun anew is told from all that was here before, even where no manifest says any more how often that was. */
async function nextGeneration(
  { listed }: StreamFolder,
  known: StreamManifest | undefined,
  aside: string | undefined,
): Promise<number> {
  const files = aside === undefined ? [] : await readdir(aside).catch(() => []);
  // Nobody begins anew a billion times: a name with such a number is none of ours.
  const used = files.map((file) => Number(/^(\d{1,9})-\d{8}\./.exec(file)?.[1] ?? 0));
  return Math.max(0, listed?.generation ?? 0, known?.generation ?? 0, ...used) + 1;
}

async function fresh(
  { url, folder, isPublic }: BackupStreamOptions,
  { contentType, ttlSeconds, expiresAt }: StreamDescription,
  generation: number,
): Promise<StreamManifest> {
  return {
    name: folder.name,
    source: url,
    contentType,
    closed: false,
    ttlSeconds: ttlSeconds ?? null,
    expiresAt: expiresAt ?? null,
    public: await isPublic(),
    incarnation: null,
    generation,
    positions: 0,
    end: STREAM_START,
    probe: null,
    files: [],
  };
}

/** What was left of the creation that was given up. */
async function removeOthers({ path }: StreamFolder, files: readonly DataFileEntry[]): Promise<void> {
  const kept = new Set(files.map(({ file }) => file));
  for (const name of await readdir(path)) {
    if (/^\d+-\d{8}\./.test(name) && !kept.has(name)) await rm(join(path, name), { force: true });
  }
}

/** One run over one stream. */
class StreamRun {
  readonly #options: BackupStreamOptions;
  readonly #tail: string;
  readonly #source: StreamSource;
  readonly #before: StreamManifest;
  #manifest: StreamManifest;
  #file: { readonly writer: DataFileWriter; readonly from: StreamMark } | undefined;
  #end: StreamMark;
  #closed = false;
  #probe: ProbeHash | undefined;
  #lastProbe: TailProbe | null;
  #newBytes = 0;

  constructor(options: BackupStreamOptions, description: StreamDescription, manifest: StreamManifest) {
    const { client, url, signal, retry } = options;
    this.#options = options;
    this.#tail = description.nextOffset;
    this.#before = manifest;
    this.#manifest = manifest;
    this.#end = manifest.end;
    this.#lastProbe = manifest.probe;
    if (!sameContentType(manifest.contentType, description.contentType)) {
      const types = `its content type is ${description.contentType}, and was ${manifest.contentType}`;
      throw replaced(url, types);
    }
    this.#source = new StreamSource(client, url, {
      contentType: description.contentType,
      incarnation: manifest.incarnation ?? undefined,
      ...{ signal, retry },
      replaced: () => replaced(url, RECREATED),
    });
    const { ttlSeconds, expiresAt } = description;
    this.#manifest = { ...manifest, ttlSeconds: ttlSeconds ?? null, expiresAt: expiresAt ?? null };
  }

  async run(isKnown: boolean): Promise<StreamBackup> {
    const { url } = this.#options;
    if (isKnown) await this.#requireSame();
    try {
      for await (const chunk of this.#source.chunks(this.#end)) {
        await this.#take(chunk);
        // What is appended meanwhile is for the next run: there would be no end of it. Offsets are compared as text.
        if (this.#end.skip === 0 && this.#end.offset >= this.#tail) break;
      }
    } catch (error) {
      // What is read need not be read again. Where that cannot be saved either, the first failure says more.
      if (!(error instanceof Replaced)) await this.#commit().catch(() => undefined);
      await this.#file?.writer.discard();
      throw error;
    }
    if (this.#end.offset < this.#tail) throw replaced(url, "its end cannot be reached");
    await this.#commit();
    const { positions, files } = this.#manifest;
    return {
      manifest: this.#manifest,
      newPositions: positions - this.#before.positions,
      newBytes: this.#newBytes,
      newFiles: files.length - this.#before.files.length,
      begunAnew: false,
    };
  }

  /** Where the server does not say which creation it is, the end of what was read tells. */
  async #requireSame(): Promise<void> {
    const { url } = this.#options;
    const { source, incarnation, probe, end } = this.#before;
    if (end.offset !== "-1" && this.#tail < end.offset) throw replaced(url, "it is shorter");
    if (incarnation !== null) return;
    // Of two servers whose streams look alike, only these offsets are the ones that were given.
    if (source !== url) throw replaced(url, `that was ${source}, and its server does not tell creations apart`);
    if (probe === null) return;
    const hash = new ProbeHash(this.#source.kind, probe.offset);
    for await (const { pieces } of this.#source.chunks({ offset: probe.offset, skip: 0 })) {
      hash.add(pieces, probe.positions);
      if (hash.positions >= probe.positions) break;
    }
    if (hash.result()?.sha256 !== probe.sha256) throw replaced(url, RECREATED);
  }

  async #take({ pieces, from, end, closed }: Chunk): Promise<void> {
    const { kind } = this.#source;
    const { folder, onProgress } = this.#options;
    if (pieces.length > 0) {
      this.#file ??= {
        writer: await DataFileWriter.begin(
          folder.path,
          dataFileName(this.#manifest.generation, this.#manifest.files.length + 1, kind),
          kind,
        ),
        from,
      };
      await this.#file.writer.add(pieces);
      const bytes = bytesOf(pieces);
      this.#newBytes += bytes;
      this.#noteProbe(from, pieces);
      onProgress(bytes);
    }
    this.#manifest = { ...this.#manifest, positions: this.#manifest.positions + sizeOf(kind, pieces) };
    this.#end = end;
    this.#closed = closed;
    if (this.#file !== undefined && this.#file.writer.bytes >= FILE_BYTES) await this.#commit();
  }

  /** Only an answer that was read from its beginning can be read again to the same end. */
  #noteProbe({ offset, skip }: StreamMark, pieces: readonly Uint8Array[]): void {
    if (skip === 0) this.#probe = new ProbeHash(this.#source.kind, offset);
    this.#probe?.add(pieces);
    this.#lastProbe = this.#probe?.result() ?? this.#lastProbe;
  }

  /** The file first, then the manifest that speaks of it. */
  async #commit(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    const entry = file === undefined ? undefined : { ...(await file.writer.finish()), from: file.from };
    const { incarnation } = this.#source.identity;
    this.#manifest = {
      ...this.#manifest,
      closed: this.#closed,
      incarnation: incarnation ?? null,
      end: this.#end,
      probe: incarnation === undefined ? this.#lastProbe : null,
      files: entry === undefined ? this.#manifest.files : [...this.#manifest.files, entry],
    };
    if (JSON.stringify(this.#manifest) === JSON.stringify(this.#before)) return;
    await writeManifestOf(this.#options.folder, this.#manifest);
  }
}
