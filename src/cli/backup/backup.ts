import { isClientError } from "../../client/errors/client-error.ts";
import { StreamGoneError } from "../../client/errors/stream-gone-error.ts";
import { StreamNotFoundError } from "../../client/errors/stream-not-found-error.ts";
import type { RetryOptions } from "../../client/retry.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import { contentKind } from "../../protocol/content-type.ts";
import { CommandFailure } from "../command-failure.ts";
import { inParallel } from "../inspect/in-parallel.ts";
import type { BackupFolder } from "./backup-folder.ts";
import { backupStream, type StreamBackup } from "./backup-stream.ts";
import { isDamage } from "./checked-file.ts";
import { folderName } from "./folder-name.ts";

/** Streams that are worked on at a time. */
export const STREAMS_AT_ONCE = 4;

/** Failures that are told one by one; of the rest only the number is. */
const TOLD_MAX = 10;

/** A stream to be worked on, and what became of it. */
export interface NamedFailure {
  readonly name: string;
  readonly error: Error;
}

export interface BackupOptions {
  readonly client: StreamClient;
  readonly folder: BackupFolder;
  readonly urlOf: (name: string) => string;
  readonly anew: boolean;
  readonly isPublic: (name: string) => Promise<boolean | null>;
  readonly signal: AbortSignal;
  readonly retry: RetryOptions;
  readonly onProgress: (soFar: BackupCounts) => void;
  /** A stream was begun anew: `aside` is where its damaged files are now. */
  readonly onAnew: (name: string, aside: string | undefined) => void;
}

/** What a run has added. */
export interface BackupCounts {
  streams: number;
  /** Streams that had nothing new. */
  unchanged: number;
  /** Of JSON streams. */
  messages: number;
  /** Of the messages, as they came, without what a data file adds to them. */
  bytes: number;
  files: number;
  /** Listed, and deleted before they were read. */
  gone: number;
  failed: number;
}

export interface BackupSummary extends BackupCounts {
  /** Of those that failed, streams that this run was not about, and whose manifests in the folder are damaged. */
  readonly damaged: number;
  /** The first ones of those that failed. */
  readonly failures: readonly NamedFailure[];
}

/**
 * Whether a failure is one stream's own. A server that cannot be reached, a disk that is full and an interruption are
 * everybody's, and end the run.
 */
export function isOwnFailure(error: unknown): error is Error {
  return (isClientError(error) && !error.retryable) || (error instanceof CommandFailure && OWN.has(error.code));
}

const OWN: ReadonlySet<string> = new Set([
  "STREAM_REPLACED",
  "BACKUP_DAMAGED",
  "TARGET_NOT_EMPTY",
  "TARGET_DIFFERS",
  "TARGET_HAS_OTHER_WRITER",
  "TARGET_CLOSED",
  "TARGET_IS_OF_ANOTHER_TYPE",
  "STREAM_EXPIRED",
  "COPY_DIFFERS",
  "COPY_REWRITTEN",
  "USAGE",
]);

/** Backs up streams, a few at a time, and finishes the folder; what one of them refuses holds up no other. */
export async function backupStreams(names: AsyncIterable<string>, options: BackupOptions): Promise<BackupSummary> {
  const { folder } = options;
  const summary = await addStreams(names, options).catch(async (error: unknown) => {
    // Where that fails as well, the first failure says more.
    await folder.finish().catch(() => undefined);
    throw error;
  });
  const { damagedFolders, failures, failed, ...counts } = summary;
  const others = (await folder.finish()).filter((damage) => !damagedFolders.has(damage.folder));
  return {
    ...counts,
    failed: failed + others.length,
    damaged: others.length,
    failures: [...failures, ...others].slice(0, TOLD_MAX),
  };
}

interface Added extends BackupCounts {
  readonly failures: readonly NamedFailure[];
  readonly damagedFolders: ReadonlySet<string>;
}

async function addStreams(names: AsyncIterable<string>, options: BackupOptions): Promise<Added> {
  const { client, folder, urlOf, anew, isPublic, signal, retry, onProgress, onAnew } = options;
  const counts: BackupCounts = { streams: 0, unchanged: 0, messages: 0, bytes: 0, files: 0, gone: 0, failed: 0 };
  const failures: NamedFailure[] = [];
  const damagedFolders = new Set<string>();
  const one = async (name: string): Promise<StreamBackup | NamedFailure> => {
    try {
      return await backupStream({
        ...{ client, url: urlOf(name), folder: folder.streamFolder(name), anew, signal, retry },
        isPublic: () => isPublic(name),
        onProgress: (bytes) => {
          counts.bytes += bytes;
          onProgress(counts);
        },
      });
    } catch (error) {
      if (isOwnFailure(error)) return { name, error };
      throw error;
    }
  };
  for await (const done of inParallel(names, STREAMS_AT_ONCE, one)) {
    if ("error" in done) {
      if (done.error instanceof StreamNotFoundError || done.error instanceof StreamGoneError) counts.gone++;
      else counts.failed++;
      if (isDamage(done.error)) damagedFolders.add(folderName(done.name));
      if (failures.length < TOLD_MAX) failures.push(done);
      continue;
    }
    const { manifest, newPositions, newFiles, begunAnew, aside } = done;
    counts.streams++;
    counts.files += newFiles;
    if (contentKind(manifest.contentType) === "json") counts.messages += newPositions;
    if (newPositions === 0) counts.unchanged++;
    if (begunAnew || aside !== undefined) onAnew(manifest.name, aside);
    onProgress(counts);
  }
  return { ...counts, failures, damagedFolders };
}
