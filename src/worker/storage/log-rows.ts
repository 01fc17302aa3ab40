import type { ContentKind } from "../../protocol/content-type.ts";
import { ROW_MAX_BYTES } from "../../protocol/limits.ts";
import type { Position } from "../../protocol/offset.ts";
import type { SegmentRun } from "../../protocol/segment/segment.ts";
import { decodeSizes, encodeSizes } from "../../protocol/sizes.ts";
import type { Run } from "./runs.ts";
import type { StoredRun } from "./stored-run.ts";
import { runTally } from "./tally.ts";
import type { Tables } from "./tables.ts";

interface Row extends Record<string, SqlStorageValue> {
  start: number;
  positions: number;
  bytes: number;
  payload: ArrayBuffer;
  sizes: ArrayBuffer | null;
  parts: number;
  at_ms: number;
}

/** Where a stretch of a stream ends, and what the stream was like there. */
export interface LogEnd {
  readonly tail: Position;
  readonly lastStreamSeq: string | undefined;
  readonly appendedAtMs: number;
  /** The sum of {@link runTally} up to here, from the beginning of the stream. */
  readonly tally: number;
}

/** What a row of the log holds, without the messages themselves. */
export interface LogRowFacts extends LogEnd {
  readonly start: Position;
  readonly positions: number;
  /** Bytes of payload. */
  readonly bytes: number;
}

interface FactsRow extends Record<string, SqlStorageValue> {
  start: number;
  positions: number;
  bytes: number;
  stream_seq: string | null;
  at_ms: number;
  tally: number;
}

const FACTS = "start, positions, bytes, stream_seq, at_ms, tally";

/** The hot log. */
export class LogRows {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;

  constructor(sql: SqlStorage, tables: Tables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  /** Stores runs one after another. `tally` is the stream's before the first of them; gives the one after the last. */
  insertAll(
    kind: ContentKind,
    runs: readonly Run[],
    tally: number,
    streamSeq: string | undefined,
    nowMs: number,
  ): number {
    let sum = tally;
    for (const run of runs) {
      sum += runTally(kind, run);
      this.#insert(run, streamSeq, nowMs, sum);
    }
    return sum;
  }

  /** Stores a run: one row, and one more for every further {@link ROW_MAX_BYTES} that a single large message takes. */
  #insert(run: Run, streamSeq: string | undefined, nowMs: number, tally: number): void {
    const bytes = run.payload.byteLength;
    const parts = Math.max(0, Math.ceil(bytes / ROW_MAX_BYTES) - 1);
    this.#sql.exec(
      "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      run.start,
      run.positions,
      bytes,
      run.payload.subarray(0, ROW_MAX_BYTES),
      encodeSizes(run.sizes),
      parts,
      streamSeq ?? null,
      nowMs,
      tally,
    );
    if (parts > 0) this.#tables.ensure("overflow");
    for (let part = 1; part <= parts; part++) {
      const piece = run.payload.subarray(part * ROW_MAX_BYTES, (part + 1) * ROW_MAX_BYTES);
      this.#sql.exec("INSERT INTO overflow VALUES (?, ?, ?)", run.start, part, piece);
    }
  }

  /** The newest row's facts, or `undefined` when the log is empty. */
  end(): LogEnd | undefined {
    if (!this.#tables.has("log")) return undefined;
    const [row] = this.#sql
      .exec<FactsRow>(`SELECT ${FACTS} FROM log WHERE start >= 0 ORDER BY start DESC LIMIT 1`)
      .toArray();
    return row === undefined ? undefined : toFacts(row);
  }

  /** What the rows hold, oldest first, without the messages. */
  *facts(): Generator<LogRowFacts> {
    const rows = this.#sql.exec<FactsRow>(`SELECT ${FACTS} FROM log WHERE start >= 0 ORDER BY start`);
    for (const row of rows) yield toFacts(row);
  }

  /** How many rows there are. Counting them reads them all. */
  count(): number {
    if (!this.#tables.has("log")) return 0;
    return this.#sql.exec<{ rows: number }>("SELECT count(*) AS rows FROM log WHERE start >= 0").one().rows;
  }

  /** The runs from the one that holds `position` on. Rows are fetched, and billed, one by one as they are asked for. */
  *from(position: Position): Generator<StoredRun> {
    const rows = this.#sql.exec<Row>(
      `SELECT start, positions, bytes, payload, sizes, parts, at_ms FROM log
       WHERE start >= coalesce((SELECT start FROM log WHERE start BETWEEN 0 AND ? ORDER BY start DESC LIMIT 1), 0) ORDER BY start`,
      position,
    );
    for (const row of rows) yield this.#storedRun(row);
  }

  /** The runs from `start` to `end`, whole. */
  between(start: Position, end: Position): SegmentRun[] {
    const rows = this.#sql.exec<Row>(
      `SELECT start, positions, bytes, payload, sizes, parts, at_ms FROM log WHERE start >= ? AND start < ? ORDER BY start`,
      start,
      end,
    );
    return rows.toArray().map((row) => ({
      payload: this.#slice(row, 0, row.bytes),
      sizes: sizesOf(row),
      appendedAtMs: row.at_ms,
    }));
  }

  /** Removes the rows before `end`, which have to lie in a segment by now. */
  removeBefore(end: Position): void {
    this.#sql.exec("DELETE FROM log WHERE start >= 0 AND start < ?", end);
    if (this.#tables.has("overflow")) this.#sql.exec("DELETE FROM overflow WHERE start < ?", end);
  }

  #storedRun(row: Row): StoredRun {
    return {
      start: row.start,
      positions: row.positions,
      bytes: row.bytes,
      sizes: () => sizesOf(row),
      piece: (from, to) => ({ kind: "bytes", bytes: this.#slice(row, from, to) }),
    };
  }

  #slice(row: Row, from: number, to: number): Uint8Array {
    const head = new Uint8Array(row.payload);
    return to <= head.byteLength ? head.subarray(from, to) : this.#sliceParts(row.start, head, from, to);
  }

  #sliceParts(start: Position, head: Uint8Array, from: number, to: number): Uint8Array {
    const slice = new Uint8Array(to - from);
    const firstPart = Math.floor(from / ROW_MAX_BYTES);
    const lastPart = Math.floor((to - 1) / ROW_MAX_BYTES);
    for (let part = firstPart; part <= lastPart; part++) {
      const piece = part === 0 ? head : this.#part(start, part);
      const pieceStart = part * ROW_MAX_BYTES;
      const wanted = piece.subarray(Math.max(0, from - pieceStart), to - pieceStart);
      slice.set(wanted, Math.max(0, pieceStart - from));
    }
    return slice;
  }

  #part(start: Position, part: number): Uint8Array {
    const row = this.#sql
      .exec<{ payload: ArrayBuffer }>("SELECT payload FROM overflow WHERE start = ? AND part = ?", start, part)
      .one();
    return new Uint8Array(row.payload);
  }
}

function toFacts(row: FactsRow): LogRowFacts {
  return {
    start: row.start,
    positions: row.positions,
    bytes: row.bytes,
    tail: row.start + row.positions,
    lastStreamSeq: row.stream_seq ?? undefined,
    appendedAtMs: row.at_ms,
    tally: row.tally,
  };
}

function sizesOf(row: Row): number[] {
  return decodeSizes(row.sizes === null ? null : new Uint8Array(row.sizes), row.bytes);
}
