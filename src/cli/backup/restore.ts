import { basename, join } from "node:path";
import type { RetryOptions } from "../../client/retry.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import { contentKind } from "../../protocol/content-type.ts";
import { usageFailure } from "../command-failure.ts";
import { inParallel } from "../inspect/in-parallel.ts";
import { isOwnFailure, type NamedFailure, STREAMS_AT_ONCE } from "./backup.ts";
import type { BackupFolder } from "./backup-folder.ts";
import { damaged } from "./checked-file.ts";
import type { PrefixMap } from "./prefix-map.ts";
import { restoreStream, type StreamRestore } from "./restore-stream.ts";
import { readStreamManifest, STREAM_MANIFEST, type StreamManifest } from "./stream-manifest.ts";

/** Failures that are told one by one; of the rest only the number is. */
const TOLD_MAX = 10;

export interface RestoreOptions {
  readonly client: StreamClient;
  readonly backup: BackupFolder;
  /** Only streams whose names in the backup begin so. */
  readonly prefix: string;
  readonly map: PrefixMap;
  readonly urlOf: (name: string) => string;
  readonly withoutExpiry: boolean;
  readonly signal: AbortSignal;
  readonly retry: RetryOptions;
  readonly onProgress: (soFar: RestoreCounts) => void;
}

/** What a run has restored. */
export interface RestoreCounts {
  streams: number;
  /** Streams that were there already, whole. */
  unchanged: number;
  /** Of JSON streams, that this run has sent. */
  messages: number;
  /** Bytes of the bodies that this run has sent. */
  bytes: number;
  failed: number;
}

export interface RestoreSummary extends RestoreCounts {
  readonly failures: readonly NamedFailure[];
}

interface Kept {
  readonly path: string;
  readonly manifest: StreamManifest;
}

async function keptStreams(backup: BackupFolder, prefix: string): Promise<readonly Kept[]> {
  const kept: Kept[] = [];
  for (const path of await backup.folders()) {
    const file = join(path, STREAM_MANIFEST);
    const manifest = await readStreamManifest(file);
    if (manifest === undefined && backup.listed.some(({ folder }) => folder === basename(path))) {
      throw damaged(file, "it is missing");
    }
    if (manifest?.name.startsWith(prefix) === true) kept.push({ path, manifest });
  }
  return kept;
}

/** Restores the streams of a backup, a few at a time; what one of them refuses holds up no other. */
export async function restoreStreams(options: RestoreOptions): Promise<RestoreSummary> {
  const { client, backup, prefix, map, urlOf, withoutExpiry, signal, retry, onProgress } = options;
  const kept = await keptStreams(backup, prefix);
  if (kept.length === 0) {
    const which = prefix === "" ? "no stream" : `no stream whose name begins with ${JSON.stringify(prefix)}`;
    throw usageFailure(`The backup ${backup.path} holds ${which}.`);
  }
  map.requireDistinct(kept.map(({ manifest }) => manifest.name));
  const counts: RestoreCounts = { streams: 0, unchanged: 0, messages: 0, bytes: 0, failed: 0 };
  const failures: NamedFailure[] = [];
  const one = async ({ path, manifest }: Kept): Promise<StreamRestore | NamedFailure> => {
    const { name } = manifest;
    try {
      return await restoreStream({
        ...{
          client,
          url: urlOf(map.apply(name)),
          backup,
          folder: { name, path },
          manifest,
          withoutExpiry,
          signal,
          retry,
        },
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
  for await (const done of inParallel(each(kept), STREAMS_AT_ONCE, one)) {
    if ("error" in done) {
      counts.failed++;
      if (failures.length < TOLD_MAX) failures.push(done);
      continue;
    }
    counts.streams++;
    if (done.newPositions === 0) counts.unchanged++;
    if (contentKind(done.manifest.contentType) === "json") counts.messages += done.newPositions;
    onProgress(counts);
  }
  return { ...counts, failures };
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
