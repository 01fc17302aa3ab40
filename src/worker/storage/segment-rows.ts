import type { Position } from "../../protocol/offset.ts";
import { CHECKSUM_BYTES, coveringBlocks } from "../../protocol/segment/blocks.ts";
import { decodeSizes, encodeSizes } from "../../protocol/sizes.ts";
import type { LogEnd } from "./log-rows.ts";
import type { SegmentSlice, StoredRun } from "./stored-run.ts";
import type { Tables } from "./tables.ts";

/** What goes, or went, into a segment. */
export interface SegmentFacts extends LogEnd {
  readonly start: Position;
  /** Counts a stream's segments from 0. */
  readonly number: number;
  readonly messages: number;
  /** Bytes of payload. */
  readonly bytes: number;
}

/** A segment that is being made, and how that goes. */
export interface SegmentIntent extends SegmentFacts {
  /** Part of the object's key. */
  readonly nonce: string;
  /** Attempts that failed. */
  readonly attempts: number;
  readonly nextAttemptAtMs: number;
  readonly lastError: string | undefined;
}

/** What only the finished object tells. */
export interface SealedObject {
  readonly objectBytes: number;
  readonly sizes: readonly number[];
  readonly checksums: Uint8Array;
}

/** A row of the table as it is shown to people. */
export interface ListedSegment extends SegmentIntent {
  readonly sealedAtMs: number | undefined;
  readonly objectBytes: number | undefined;
}

interface Row extends Record<string, SqlStorageValue> {
  start: number;
  number: number;
  positions: number;
  messages: number;
  bytes: number;
  nonce: string;
  stream_seq: string | null;
  at_ms: number;
  tally: number;
  attempts: number;
  next_attempt_at_ms: number;
  last_error: string | null;
  sealed_at_ms: number | null;
  object_bytes: number | null;
}

interface RunRow extends Record<string, SqlStorageValue> {
  start: number;
  positions: number;
  bytes: number;
  nonce: string;
  sizes: ArrayBuffer | null;
  checksums: ArrayBuffer;
}

const COLUMNS =
  "start, number, positions, messages, bytes, nonce, stream_seq, at_ms, tally, attempts, next_attempt_at_ms, last_error, sealed_at_ms, object_bytes";

/** The stream's segments: those that are sealed, and at most one that is being made. */
export class SegmentRows {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;

  constructor(sql: SqlStorage, tables: Tables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  /** Whether objects of this stream may lie in R2. */
  get mayHaveObjects(): boolean {
    return this.#one("true LIMIT 1") !== undefined;
  }

  /** The newest sealed segment. */
  last(): SegmentFacts | undefined {
    return this.#one("sealed_at_ms IS NOT NULL ORDER BY start DESC LIMIT 1");
  }

  /** The segment that is being made. */
  intent(): SegmentIntent | undefined {
    const newest = this.#one("true ORDER BY start DESC LIMIT 1");
    return newest?.sealedAtMs === undefined ? newest : undefined;
  }

  /** Sealed and intended segments from the one that holds `position` on, or the first one after it. */
  list(position: Position, limit: number): ListedSegment[] {
    if (!this.#tables.has("segment")) return [];
    const rows = this.#sql.exec<Row>(
      `SELECT ${COLUMNS} FROM segment WHERE start + positions > ? AND ${FROM_HOLDER} ORDER BY start LIMIT ?`,
      position,
      position,
      limit,
    );
    return rows.toArray().map(toListed);
  }

  /** The sealed segments from the one that holds `position` on. */
  *from(position: Position, stream: string, incarnation: string): Generator<StoredRun> {
    const rows = this.#sql.exec<RunRow>(
      `SELECT start, positions, bytes, nonce, sizes, checksums FROM segment
       WHERE sealed_at_ms IS NOT NULL AND ${FROM_HOLDER} ORDER BY start`,
      position,
    );
    for (const row of rows) {
      yield {
        start: row.start,
        positions: row.positions,
        bytes: row.bytes,
        sizes: () => decodeSizes(row.sizes === null ? null : new Uint8Array(row.sizes), row.bytes),
        piece: (from, to) => ({ kind: "segment", slice: toSlice(row, stream, incarnation, from, to) }),
      };
    }
  }

  /** Writes down that a segment is about to be made. */
  intend(facts: SegmentFacts, nonce: string): SegmentIntent {
    this.#tables.ensure("segment");
    this.#sql.exec(
      `INSERT INTO segment (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, NULL, NULL, NULL)`,
      facts.start,
      facts.number,
      facts.tail - facts.start,
      facts.messages,
      facts.bytes,
      nonce,
      facts.lastStreamSeq ?? null,
      facts.appendedAtMs,
      facts.tally,
    );
    return { ...facts, nonce, attempts: 0, nextAttemptAtMs: 0, lastError: undefined };
  }

  /** Writes down that an attempt failed, why, and when the next one is due. */
  setFailed(start: Position, attempts: number, nextAttemptAtMs: number, error: string): void {
    this.#sql.exec(
      "UPDATE segment SET attempts = ?, next_attempt_at_ms = ?, last_error = ? WHERE start = ?",
      attempts,
      nextAttemptAtMs,
      error,
      start,
    );
  }

  /** Makes an intent a segment: from here on its object is where readers are sent. */
  setSealed(start: Position, object: SealedObject, nowMs: number): void {
    this.#sql.exec(
      "UPDATE segment SET sealed_at_ms = ?, object_bytes = ?, sizes = ?, checksums = ? WHERE start = ?",
      nowMs,
      object.objectBytes,
      encodeSizes(object.sizes),
      object.checksums,
      start,
    );
  }

  #one(where: string): ListedSegment | undefined {
    if (!this.#tables.has("segment")) return undefined;
    const [row] = this.#sql.exec<Row>(`SELECT ${COLUMNS} FROM segment WHERE ${where}`).toArray();
    return row === undefined ? undefined : toListed(row);
  }
}

/** From the newest row that begins at or before a position; the parameter is the position. */
const FROM_HOLDER = "start >= coalesce((SELECT start FROM segment WHERE start <= ? ORDER BY start DESC LIMIT 1), 0)";

function toListed(row: Row): ListedSegment {
  return {
    start: row.start,
    number: row.number,
    tail: row.start + row.positions,
    messages: row.messages,
    bytes: row.bytes,
    nonce: row.nonce,
    lastStreamSeq: row.stream_seq ?? undefined,
    appendedAtMs: row.at_ms,
    tally: row.tally,
    attempts: row.attempts,
    nextAttemptAtMs: row.next_attempt_at_ms,
    lastError: row.last_error ?? undefined,
    sealedAtMs: row.sealed_at_ms ?? undefined,
    objectBytes: row.object_bytes ?? undefined,
  };
}

function toSlice(row: RunRow, stream: string, incarnation: string, from: number, to: number): SegmentSlice {
  // A long segment has many blocks, and only those that are read need to be told.
  const { first, end } = coveringBlocks(from, to);
  const checksums = new Uint8Array(row.checksums).subarray(first * CHECKSUM_BYTES, end * CHECKSUM_BYTES);
  const { start, positions, nonce, bytes } = row;
  return { stream, incarnation, start, end: start + positions, nonce, bytes, from, to, checksums };
}
