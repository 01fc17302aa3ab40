import { isCount, isFlag, isText, listOf, nullable, objectOf } from "../../client/answer-shape.ts";
import type { StreamMark } from "../copying/stream-source.ts";
import { damaged, readChecked, writeChecked } from "./checked-file.ts";

export const STREAM_MANIFEST = "stream.json";

const FORMAT = "durable-streams backup of a stream 1";

/** A data file. It never changes. */
export interface DataFileEntry {
  readonly file: string;
  /** Messages of JSON, bytes otherwise. */
  readonly positions: number;
  /** Of the file. */
  readonly bytes: number;
  readonly sha256: string;
  /** Where the source was read for it. */
  readonly from: StreamMark;
}

/** What tells whether a stream is still the one that was backed up, where its server does not say. */
export interface TailProbe {
  /** The offset where the last answer with content was read. */
  readonly offset: string;
  /** So many positions that follow it ... */
  readonly positions: number;
  /** ... have this hash. */
  readonly sha256: string;
}

/** What a backup holds of a stream. Written after the files that it speaks of. */
export interface StreamManifest {
  readonly name: string;
  /** The URL that it was read from. */
  readonly source: string;
  readonly contentType: string;
  readonly closed: boolean;
  readonly ttlSeconds: number | null;
  readonly expiresAt: string | null;
  /** Readable without a token; `null` where the server did not say. */
  readonly public: boolean | null;
  /** Which creation of the name it was; `null` where the server does not tell them apart. */
  readonly incarnation: string | null;
  /** How often this backup of the stream was begun anew. */
  readonly generation: number;
  /** In all files together: messages of JSON, bytes otherwise. */
  readonly positions: number;
  /** Where the next run reads on. */
  readonly end: StreamMark;
  readonly probe: TailProbe | null;
  readonly files: readonly DataFileEntry[];
}

const MARK = objectOf({ offset: isText, skip: isCount });

const IS_MANIFEST = objectOf({
  format: isText,
  name: isText,
  source: isText,
  contentType: isText,
  closed: isFlag,
  ttlSeconds: nullable(isCount),
  expiresAt: nullable(isText),
  public: nullable(isFlag),
  incarnation: nullable(isText),
  generation: isCount,
  positions: isCount,
  end: MARK,
  probe: nullable(objectOf({ offset: isText, positions: isCount, sha256: isText })),
  files: listOf(objectOf({ file: isText, positions: isCount, bytes: isCount, sha256: isText, from: MARK })),
});

/** Data files have no other names: what a manifest says is never a way out of its folder. */
const DATA_FILE = /^\d+-\d{8}\.(?:json|txt|bin)$/;

function isManifest(value: unknown): value is StreamManifest & { readonly format: string } {
  return IS_MANIFEST(value);
}

/** `undefined` when there is none yet. */
export async function readStreamManifest(file: string): Promise<StreamManifest | undefined> {
  const value = await readChecked(file);
  if (value === undefined) return undefined;
  if (!isManifest(value) || value.format !== FORMAT || !value.files.every(({ file: name }) => DATA_FILE.test(name))) {
    throw damaged(file, "it is no manifest of a stream that this version knows");
  }
  const { format: _format, ...manifest } = value;
  return manifest;
}

export async function writeStreamManifest(file: string, manifest: StreamManifest): Promise<void> {
  await writeChecked(file, { format: FORMAT, ...manifest });
}
