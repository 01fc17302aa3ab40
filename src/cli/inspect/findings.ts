/** Everything a verification can find. Scripts match on these codes. */
export type FindingCode =
  | "SEGMENT_MISSING"
  | "SEGMENT_CORRUPT"
  | "OTHER_STREAM"
  | "MANIFEST_MISMATCH"
  | "SIZE_MISMATCH"
  | "GAP"
  | "OVERLAP"
  | "TOTALS_MISMATCH"
  | "ORPHAN_OBJECT"
  | "NOT_A_SEGMENT"
  | "FILE_UNREADABLE";

/** One thing that is wrong, and where. */
export interface Finding {
  readonly code: FindingCode;
  /** The segment's. */
  readonly number?: number;
  /** Of the object in the bucket. */
  readonly key?: string;
  readonly file?: string;
  /** A sentence. */
  readonly message: string;
}

/** What a file was found to be. What it holds is told where it is intact. */
export interface FileVerdict {
  readonly file: string;
  readonly ok: boolean;
  readonly stream?: string;
  readonly incarnation?: string;
  readonly contentType?: string;
  readonly start?: string;
  readonly end?: string;
  readonly messages?: number;
  readonly bytes?: number;
}

/** What a verification looked at and what it found. */
export interface Verification {
  readonly ok: boolean;
  /** Those that were checked, damaged ones included. */
  readonly segments: number;
  readonly messages: number;
  /** Of payload. */
  readonly bytes: number;
  readonly findings: readonly Finding[];
  /** Of a fork, the streams that hold what it inherits. That is theirs, and was not checked. */
  readonly inheritedFrom?: readonly string[];
  /** Keys of the objects that were removed, when that was asked for. */
  readonly swept?: readonly string[];
  /** A verdict for each, where files were checked and no stream. */
  readonly files?: readonly FileVerdict[];
}
