import type { Position } from "../../../protocol/offset.ts";
import type { CutRow } from "./rows.ts";
import type { StreamIdentity } from "../../copying/stream-identity.ts";

export const EXPORT_FORMATS = ["ndjson", "raw", "parquet"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Bytes that follow what was encoded before. With them the output holds all rows before `end`, and nothing of later ones. */
export interface EncodedRows {
  readonly bytes: Uint8Array;
  /** How many rows these are. */
  readonly rows: number;
  readonly end: Position;
}

/** What a later run needs to go on encoding after a part of the output; a JSON value. */
export type EncoderState = readonly unknown[];

/** Turns rows into the bytes of an export, from its first byte to its last. The same rows always give the same bytes. */
export interface ExportEncoder {
  /** What precedes all rows. Only asked for where the output begins. */
  begin(): Uint8Array;
  /** What can be written by now. Rows may be kept until they fill a group. */
  encode(rows: readonly CutRow[]): Iterable<EncodedRows>;
  /** Everything that is still missing. */
  end(): Uint8Array;
  /** Whether rows are kept until they fill a group. What comes then is worth saving, however small it is. */
  readonly hasGroups: boolean;
  /** How to go on after the bytes that were handed out last. */
  readonly state: EncoderState;
}

/** What is exported, as it stands in the export itself. */
export interface ExportSource extends StreamIdentity {
  readonly url: string;
}
