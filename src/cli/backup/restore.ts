import { basename, join } from "node:path";
import type { RetryOptions } from "../../client/retry.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import { contentKind } from "../../protocol/content-type.ts";
import { usageFailure } from "../command-failure.ts";
import { inParallel } from "../inspect/in-parallel.ts";
import { isOwnFailure, type NamedFailure, STREAMS_AT_ONCE } from "./backup.ts";
import { type BackupFolder, isOlder, olderThan } from "./backup-folder.ts";
import { damaged, damagedAs, isDamage } from "./checked-file.ts";
import { folderName } from "./folder-name.ts";
import type { PrefixMap } from "./prefix-map.ts";
import { restoreStream, type StreamRestore } from "./restore-stream.ts";
import { readStreamManifest, STREAM_MANIFEST, type StreamManifest } from "./stream-manifest.ts";

export interface RestoreOptions {
  readonly client: StreamClient;
  readonly backup: BackupFolder;
  /** Only streams whose names in the backup begin so. */
  readonly prefix: string;
  readonly map: PrefixMap;
  readonly urlOf: (name: string) => string;
  readonly withoutExpiry: boolean;
  /** Restore damaged streams as far as they are whole. */
  readonly partial: boolean;
  readonly signal: AbortSignal;
  readonly retry: RetryOptions;
  readonly onProgress: (soFar: RestoreCounts) => void;
}

/** What a run has restored. */
export interface RestoreCounts {
  /** Restored whole. */
  streams: number;
  /** Streams that were there already, whole. */
  unchanged: number;
  /** Of JSON streams, that this run has sent. */
  messages: number;
  /** Bytes of the messages that this run has sent. */
  bytes: number;
  /** Not restored, or not whole. */
  failed: number;
}

export interface RestoreSummary extends RestoreCounts {
  /** All of them: after a disaster each one counts. That of the backup's own manifest comes first, under the backup's path. */
  readonly failures: readonly NamedFailure[];
}

interface Kept {
  readonly path: string;
  readonly manifest: StreamManifest;
}

interface Contents {
  readonly kept: readonly Kept[];
  /** What cannot be restored, whatever the server says. */
  readonly failures: readonly NamedFailure[];
}

/** The streams whose manifests are what was written, and what is wrong with the others. */
async function contentsOf(backup: BackupFolder, prefix: string): Promise<Contents> {
  const kept = new Map<string, Kept>();
  const failures: NamedFailure[] = [];
  const lost: NamedFailure[] = [];
  const listed = new Map(backup.listed.map((entry) => [entry.folder, entry]));
  for (const path of await backup.folders()) {
    const folder = basename(path);
    const entry = listed.get(folder);
    const file = join(path, STREAM_MANIFEST);
    try {
      const manifest = await readStreamManifest(file);
      if (manifest === undefined) {
        if (entry !== undefined) lost.push({ name: entry.name, error: damaged(file, "it is missing") });
        continue;
      }
      const { name } = manifest;
      if (!name.startsWith(prefix)) continue;
      if (entry !== undefined && isOlder(manifest, entry)) throw damagedAs(file, olderThan(manifest, entry));
      const other = kept.get(name);
      // Of a folder and a copy of it, the one that has the name that backup gives is meant.
      const isMeant = other === undefined || folderName(name) === folder;
      if (other !== undefined) {
        const second = damaged(isMeant ? other.path : path, `it is a second folder of ${JSON.stringify(name)}`);
        failures.push({ name: basename(isMeant ? other.path : path), error: second });
      }
      if (isMeant) kept.set(name, { path, manifest });
    } catch (error) {
      if (!isDamage(error)) throw error;
      failures.push({ name: entry?.name ?? folder, error });
    }
  }
  // A folder that was given another name is not lost.
  const all = [...failures, ...lost.filter(({ name }) => !kept.has(name))];
  // Whose a folder is that no manifest tells of is not known, and it may be one of those that were asked for.
  const names = new Set(backup.listed.map(({ name }) => name));
  const asked = all.filter(({ name }) => name.startsWith(prefix) || !names.has(name));
  return { kept: [...kept.values()], failures: asked };
}

/** Restores the streams of a backup, a few at a time; what one of them refuses, or is damaged of it, holds up no other. */
export async function restoreStreams(options: RestoreOptions): Promise<RestoreSummary> {
  const { client, backup, prefix, map, urlOf, withoutExpiry, partial, signal, retry, onProgress } = options;
  const { kept, failures: damages } = await contentsOf(backup, prefix);
  const failures = [...(backup.damage === undefined ? [] : [{ name: backup.path, error: backup.damage }]), ...damages];
  if (kept.length === 0 && failures.length === 0) {
    const which = prefix === "" ? "no stream" : `no stream whose name begins with ${JSON.stringify(prefix)}`;
    throw usageFailure(`The backup ${backup.path} holds ${which}.`);
  }
  map.requireDistinct(kept.map(({ manifest }) => manifest.name));
  const counts: RestoreCounts = { streams: 0, unchanged: 0, messages: 0, bytes: 0, failed: damages.length };
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
          partial,
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
      failures.push(done);
      continue;
    }
    if (done.inPart === undefined) {
      counts.streams++;
      if (done.newPositions === 0 && !done.isNew) counts.unchanged++;
    } else {
      counts.failed++;
      failures.push({ name: done.manifest.name, error: done.inPart });
    }
    if (contentKind(done.manifest.contentType) === "json") counts.messages += done.newPositions;
    onProgress(counts);
  }
  return { ...counts, failures };
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
