import { basename, join } from "node:path";
import { contentKind } from "../../protocol/content-type.ts";
import { CommandFailure } from "../command-failure.ts";
import { bytesOf } from "../copying/pieces.ts";
import { type BackupFolder, isOlder, olderThan } from "./backup-folder.ts";
import { isDamage } from "./checked-file.ts";
import { readDataFile } from "./data-file.ts";
import { folderName } from "./folder-name.ts";
import { readStreamManifest, STREAM_MANIFEST, type StreamManifest } from "./stream-manifest.ts";

/** Something that is not as it was written. */
export interface BackupFinding {
  /** Where it is known. */
  readonly stream: string | undefined;
  readonly problem: string;
}

export interface BackupVerification {
  streams: number;
  files: number;
  /** Of the messages in data files that are whole, without what a file adds to them. */
  bytes: number;
  readonly findings: BackupFinding[];
}

export interface VerifyOptions {
  readonly signal: AbortSignal;
  readonly onFinding: (finding: BackupFinding) => Promise<void>;
  readonly onProgress: (soFar: BackupVerification) => void;
}

/** Reads a whole backup, and compares it with what was written: every file, every hash, every count. */
export async function verifyBackup(folder: BackupFolder, options: VerifyOptions): Promise<BackupVerification> {
  const result: BackupVerification = { streams: 0, files: 0, bytes: 0, findings: [] };
  const find = async (stream: string | undefined, problem: string): Promise<void> => {
    const finding = { stream, problem };
    result.findings.push(finding);
    await options.onFinding(finding);
  };
  const listed = new Map(folder.listed.map((entry) => [entry.folder, entry]));
  if (folder.damage !== undefined) await find(undefined, folder.damage.message.replace(/\.$/, ""));
  for (const path of await folder.folders()) {
    options.signal.throwIfAborted();
    const entry = listed.get(basename(path));
    try {
      const manifest = await readStreamManifest(join(path, STREAM_MANIFEST));
      if (manifest === undefined) {
        // A run that was killed while it read the first file of a stream leaves a folder without a manifest.
        if (entry !== undefined) await find(entry.name, `${join(path, STREAM_MANIFEST)} is missing`);
        continue;
      }
      if (folderName(manifest.name) !== basename(path)) {
        await find(manifest.name, `${path} is not the folder of ${JSON.stringify(manifest.name)}`);
      }
      if (entry !== undefined && isOlder(manifest, entry)) {
        await find(manifest.name, `${join(path, STREAM_MANIFEST)} ${olderThan(manifest, entry)}`);
      }
      await verifyFiles(path, manifest, result, find, options);
      result.streams++;
    } catch (error) {
      if (!isDamage(error)) throw error;
      await find(entry?.name, error.message.replace(/\.$/, ""));
    }
  }
  return result;
}

async function verifyFiles(
  path: string,
  manifest: StreamManifest,
  result: BackupVerification,
  find: (stream: string, problem: string) => Promise<void>,
  { signal, onProgress }: VerifyOptions,
): Promise<void> {
  const kind = contentKind(manifest.contentType);
  let positions = 0;
  for (const entry of manifest.files) {
    signal.throwIfAborted();
    positions += entry.positions;
    try {
      result.bytes += bytesOf(await readDataFile(path, entry, kind));
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      await find(manifest.name, error.message.replace(/\.$/, ""));
    }
    result.files++;
    onProgress(result);
  }
  if (positions !== manifest.positions) {
    const counts = `${String(positions)} instead of ${String(manifest.positions)}`;
    await find(manifest.name, `the files in ${path} count ${counts}`);
  }
}
