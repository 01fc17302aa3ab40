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
import { readDataFile } from "./data-file.ts";
import type { StreamManifest } from "./stream-manifest.ts";

export interface RestoreStreamOptions {
  readonly client: StreamClient;
  readonly url: string;
  readonly backup: BackupFolder;
  readonly folder: StreamFolder;
  readonly manifest: StreamManifest;
  /** Leave out the time to live and the expiry. */
  readonly withoutExpiry: boolean;
  readonly signal: AbortSignal;
  readonly retry: RetryOptions;
  readonly onProgress: (bytes: number) => void;
}

/** What a run has restored of a stream. */
export interface StreamRestore {
  readonly manifest: StreamManifest;
  /** Messages of JSON, or bytes, that this run has sent. */
  readonly newPositions: number;
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
 * Restores a stream, or goes on with that: what is there already is compared with the backup, the rest is appended by an
 * idempotent producer whose name belongs to this backup, and read back. Closure comes last.
 */
export async function restoreStream(options: RestoreStreamOptions): Promise<StreamRestore> {
  const { client, url, backup, folder, manifest, withoutExpiry, signal, retry, onProgress } = options;
  const { contentType, ttlSeconds, expiresAt, generation } = manifest;
  if (!withoutExpiry && expiresAt !== null && Date.parse(expiresAt) <= Date.now()) {
    throw expired(manifest.name, expiresAt);
  }
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
    producerId: `restore-${backup.id}-${String(generation)}`,
    open: ({ position }) => backupChunks(folder, manifest, position),
    words,
    onProgress: ({ sentBytes }) => {
      onProgress(sentBytes - reported);
      reported = sentBytes;
    },
  });
  await copy.resume(target.isNew);
  await copy.run();
  await copy.verify();
  if (manifest.closed) await copy.close();
  if (copy.rewritten > 0) throw readBackRewritten(words, copy.rewritten);
  return { manifest, newPositions: copy.position - copy.resumedAt };
}
