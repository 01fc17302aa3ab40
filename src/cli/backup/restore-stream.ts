import { join } from "node:path";
import { grouped } from "../../client/figures.ts";
import type { RetryOptions } from "../../client/retry.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import { contentKind } from "../../protocol/content-type.ts";
import { CommandFailure } from "../command-failure.ts";
import { readBackRewritten } from "../copying/copy-failures.ts";
import { sizeOf, slice } from "../copying/pieces.ts";
import { prepareTarget } from "../copying/prepare-target.ts";
import { StreamCopy } from "../copying/stream-copy.ts";
import type { Chunk } from "../copying/stream-source.ts";
import { EXIT } from "../exit-codes.ts";
import type { BackupFolder, StreamFolder } from "./backup-folder.ts";
import { damaged, isDamage } from "./checked-file.ts";
import { checkDataFile, readDataFile } from "./data-file.ts";
import { STREAM_MANIFEST, type StreamManifest } from "./stream-manifest.ts";

export interface RestoreStreamOptions {
  readonly client: StreamClient;
  readonly url: string;
  readonly backup: BackupFolder;
  readonly folder: StreamFolder;
  readonly manifest: StreamManifest;
  /** Leave out the time to live and the expiry. */
  readonly withoutExpiry: boolean;
  /** Restore a damaged stream as far as it is whole. */
  readonly partial: boolean;
  readonly signal: AbortSignal;
  readonly retry: RetryOptions;
  readonly onProgress: (bytes: number) => void;
}

/** What a run has restored of a stream. */
export interface StreamRestore {
  readonly manifest: StreamManifest;
  /** Messages of JSON, or bytes, that this run has sent. */
  readonly newPositions: number;
  /** This run has made the stream. */
  readonly isNew: boolean;
  /** Where it was restored as far as it is whole: what is damaged, and how far that is. */
  readonly inPart?: CommandFailure | undefined;
}

/** What of a stream's backup can be restored. */
interface Sound {
  readonly manifest: StreamManifest;
  readonly damage?: CommandFailure;
}

/** Looks at all data files before anything is sent: a stream that is damaged is not to be half there. */
async function soundPart({ path }: StreamFolder, manifest: StreamManifest, signal: AbortSignal): Promise<Sound> {
  let positions = 0;
  for (const [i, entry] of manifest.files.entries()) {
    signal.throwIfAborted();
    try {
      await checkDataFile(path, entry);
    } catch (error) {
      if (!isDamage(error)) throw error;
      return {
        manifest: { ...manifest, closed: false, positions, files: manifest.files.slice(0, i) },
        damage: error,
      };
    }
    positions += entry.positions;
  }
  if (positions === manifest.positions) return { manifest };
  const counts = `its files count ${String(positions)} instead of ${String(manifest.positions)}`;
  const damage = damaged(join(path, STREAM_MANIFEST), counts);
  return { manifest: { ...manifest, closed: false, positions }, damage };
}

function amountOf(positions: number, { positions: all, contentType }: StreamManifest): string {
  const unit = contentKind(contentType) === "json" ? "messages" : "bytes";
  return `the first ${grouped(positions)} of ${grouped(all)} ${unit}`;
}

function notRestored(damage: CommandFailure, positions: number, whole: StreamManifest): CommandFailure {
  const { code, message, exitCode } = damage;
  const hint = positions === 0 ? "Nothing of it is whole." : `--partial restores ${amountOf(positions, whole)}.`;
  return new CommandFailure({ code, message, exitCode, hint });
}

function restoredInPart(damage: CommandFailure, url: string, has: string): CommandFailure {
  return new CommandFailure({
    code: "RESTORED_IN_PART",
    message: `${damage.message} ${url} has only ${has}, and was not closed.`,
    hint: "Do not take it for the whole stream. When the backup is mended, the same command goes on.",
    exitCode: EXIT.verification,
  });
}

/** The name of a restore's producer. Without the backup's id, its first data file tells which one it is: that one never changes. */
function producerOf({ id }: BackupFolder, { generation, files }: StreamManifest): string {
  return `restore-${id ?? files[0]?.sha256.slice(0, 32) ?? "nothing"}-${String(generation)}`;
}

/** The data files from a position on, each checked before anything of it is handed on. */
async function* backupChunks({ path }: StreamFolder, manifest: StreamManifest, from: number): AsyncGenerator<Chunk> {
  const kind = contentKind(manifest.contentType);
  let at = 0;
  for (const entry of manifest.files) {
    const start = at;
    at += entry.positions;
    if (at <= from) continue;
    const all = await readDataFile(path, entry, kind);
    const skipped = Math.max(0, from - start);
    const pieces = slice(kind, all, skipped, sizeOf(kind, all));
    const mark = (position: number) => ({ offset: "-1", skip: position });
    yield { pieces, from: mark(start + skipped), end: mark(at), closed: manifest.closed && at === manifest.positions };
  }
}

function expired(name: string, at: string): CommandFailure {
  return new CommandFailure({
    code: "STREAM_EXPIRED",
    message: `${JSON.stringify(name)} expired at ${at}, and would be gone at once.`,
    hint: "Restore it without its expiry: --no-expiry",
    exitCode: EXIT.conflict,
  });
}

/**
 * Restores a stream, or goes on with that; one that is damaged not at all, or with `partial` as far as it is whole. What is there already is compared with the backup, the rest is appended by an
 * idempotent producer whose name belongs to this backup, and read back. Closure comes last.
 */
export async function restoreStream(options: RestoreStreamOptions): Promise<StreamRestore> {
  const { client, url, backup, folder, manifest: whole, withoutExpiry, partial, signal, retry, onProgress } = options;
  const { contentType, ttlSeconds, expiresAt } = whole;
  if (!withoutExpiry && expiresAt !== null && Date.parse(expiresAt) <= Date.now()) {
    throw expired(whole.name, expiresAt);
  }
  const { manifest, damage } = await soundPart(folder, whole, signal);
  if (damage !== undefined && !(partial && manifest.positions > 0))
    throw notRestored(damage, manifest.positions, whole);
  const shape = {
    contentType,
    ttlSeconds: withoutExpiry ? undefined : (ttlSeconds ?? undefined),
    expiresAt: withoutExpiry ? undefined : (expiresAt ?? undefined),
    public: manifest.public ?? undefined,
  };
  const target = await prepareTarget(client, url, shape, { retry, signal });
  const words = { original: `the backup of ${JSON.stringify(manifest.name)}`, target: url };
  let reported = 0;
  const copy = new StreamCopy({
    ...{ client, url, contentType: target.contentType, kind: contentKind(contentType), signal, retry },
    producerId: producerOf(backup, manifest),
    open: ({ position }) => backupChunks(folder, manifest, position),
    words,
    onProgress: ({ sentBytes }) => {
      onProgress(sentBytes - reported);
      reported = sentBytes;
    },
  });
  const sent = (inPart?: CommandFailure): StreamRestore => {
    return { manifest, newPositions: copy.position - copy.resumedAt, isNew: target.isNew, inPart };
  };
  try {
    await copy.resume(target.isNew);
    await copy.run();
    await copy.verify();
  } catch (error) {
    // A file that was damaged since it was looked at, and what is before it may be there.
    if (!isDamage(error) || copy.sentBytes === 0) throw error;
    return sent(restoredInPart(error, url, "a part of it"));
  }
  if (damage !== undefined) return sent(restoredInPart(damage, url, amountOf(copy.position, whole)));
  if (manifest.closed) await copy.close();
  if (copy.rewritten > 0) throw readBackRewritten(words, copy.rewritten);
  return sent();
}
