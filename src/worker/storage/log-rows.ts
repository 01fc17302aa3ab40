import { ROW_MAX_BYTES } from "../../protocol/limits.ts";
import type { Position } from "../../protocol/offset.ts";
import { decodeSizes, encodeSizes } from "../../protocol/sizes.ts";
import type { Run } from "./runs.ts";
import type { Tables } from "./tables.ts";

interface Row extends Record<string, SqlStorageValue> {
  start: number;
  positions: number;
  bytes: number;
  payload: ArrayBuffer;
  sizes: ArrayBuffer | null;
  parts: number;
}

/** Where the log ends and what its newest row remembers. */
export interface LogEnd {
  readonly tail: Position;
  readonly lastStreamSeq: string | undefined;
  readonly appendedAtMs: number;
}

/** A stored run: its messages are decoded, and its payload fetched, only as far as a reader needs them. */
export interface StoredRun {
  readonly start: Position;
  readonly positions: number;
  /** Length of the whole payload. */
  readonly bytes: number;
  sizes(): number[];
  /** Bytes `from` (inclusive) to `to` (exclusive) of the payload. */
  slice(from: number, to: number): Uint8Array;
}

/** The hot log. */
export class LogRows {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;

  constructor(sql: SqlStorage, tables: Tables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  /** Stores a run: one row, and one more for every further {@link ROW_MAX_BYTES} that a single large message takes. */
  insert(run: Run, streamSeq: string | undefined, nowMs: number): void {
    const bytes = run.payload.byteLength;
    const parts = Math.max(0, Math.ceil(bytes / ROW_MAX_BYTES) - 1);
    this.#sql.exec(
      "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      run.start,
      run.positions,
      bytes,
      run.payload.subarray(0, ROW_MAX_BYTES),
      encodeSizes(run.sizes),
      parts,
      streamSeq ?? null,
      nowMs,
    );
    if (parts > 0) this.#tables.ensure("overflow");
    for (let part = 1; part <= parts; part++) {
      const piece = run.payload.subarray(part * ROW_MAX_BYTES, (part + 1) * ROW_MAX_BYTES);
      this.#sql.exec("INSERT INTO overflow VALUES (?, ?, ?)", run.start, part, piece);
    }
  }

  /** The newest row's facts, or `undefined` when nothing was ever appended. */
  end(): LogEnd | undefined {
    const [row] = this.#sql
      .exec<{ start: number; positions: number; stream_seq: string | null; at_ms: number }>(
        "SELECT start, positions, stream_seq, at_ms FROM log WHERE start >= 0 ORDER BY start DESC LIMIT 1",
      )
      .toArray();
    if (row === undefined) return undefined;
    return {
      tail: row.start + row.positions,
      lastStreamSeq: row.stream_seq ?? undefined,
      appendedAtMs: row.at_ms,
    };
  }

  /** The runs from the one that holds `position` on. Rows are fetched, and billed, one by one as they are asked for. */
  *from(position: Position): Generator<StoredRun> {
    const rows = this.#sql.exec<Row>(
      `SELECT start, positions, bytes, payload, sizes, parts FROM log
       WHERE start >= coalesce((SELECT start FROM log WHERE start BETWEEN 0 AND ? ORDER BY start DESC LIMIT 1), 0) ORDER BY start`,
      position,
    );
    for (const row of rows) yield this.#storedRun(row);
  }

  #storedRun(row: Row): StoredRun {
    const head = new Uint8Array(row.payload);
    return {
      start: row.start,
      positions: row.positions,
      bytes: row.bytes,
      sizes: () => decodeSizes(row.sizes === null ? null : new Uint8Array(row.sizes), row.bytes),
      slice: (from, to) =>
        to <= head.byteLength ? head.subarray(from, to) : this.#sliceParts(row.start, head, from, to),
    };
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
