import type { Tables } from "./tables.ts";

/** An incarnation of this name that ended, and how far the removal of its objects from R2 has come. */
export interface Purge {
  readonly incarnation: string;
  /** `project/path`. */
  readonly stream: string;
  readonly dueAtMs: number;
  /** How often everything was removed. */
  readonly passes: number;
  /** Attempts that failed since the last pass. */
  readonly failures: number;
}

interface Row extends Record<string, SqlStorageValue> {
  incarnation: string;
  stream: string;
  due_at_ms: number;
  passes: number;
  failures: number;
}

/** Entries that are looked at at a time: every wake-up and every change of the alarm reads them. */
const QUEUE_MAX = 32;

/** The queue of what is to be removed from R2. */
export class PurgeRows {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;

  constructor(sql: SqlStorage, tables: Tables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  /** What is queued, soonest first, but no more than is dealt with at a time: the rest comes up when these are done. */
  all(): Purge[] {
    if (!this.#tables.has("purge")) return [];
    const rows = this.#sql
      .exec<Row>(
        "SELECT incarnation, stream, due_at_ms, passes, failures FROM purge ORDER BY due_at_ms LIMIT ?",
        QUEUE_MAX,
      )
      .toArray();
    return rows
      .map(({ incarnation, stream, due_at_ms, passes, failures }) => ({
        incarnation,
        stream,
        dueAtMs: due_at_ms,
        passes,
        failures,
      }))
      .sort((left, right) => left.dueAtMs - right.dueAtMs);
  }

  put(purge: Purge): void {
    this.#tables.ensure("purge");
    this.#sql.exec(
      `INSERT INTO purge VALUES (?, ?, ?, ?, ?) ON CONFLICT (incarnation)
       DO UPDATE SET due_at_ms = excluded.due_at_ms, passes = excluded.passes, failures = excluded.failures`,
      purge.incarnation,
      purge.stream,
      purge.dueAtMs,
      purge.passes,
      purge.failures,
    );
  }

  /** Takes one off the queue. */
  remove(incarnation: string): void {
    this.#sql.exec("DELETE FROM purge WHERE incarnation = ?", incarnation);
  }
}
