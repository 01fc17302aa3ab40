import type { Tables } from "./tables.ts";

/** A reference to a source that is to be given back. */
export interface Release {
  /** Of the fork that took it, an incarnation of this name. */
  readonly incarnation: string;
  /** `project/path` of that fork. */
  readonly fork: string;
  /** `project/path` of the source. */
  readonly source: string;
  readonly dueAtMs: number;
  readonly failures: number;
}

interface Row extends Record<string, SqlStorageValue> {
  incarnation: string;
  fork: string;
  source: string;
  due_at_ms: number;
  failures: number;
}

/** Entries that are looked at at a time: every wake-up and every change of the alarm reads them. */
const QUEUE_MAX = 32;

/** The queue of references to give back. It outlives the fork. */
export class ReleaseRows {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;

  constructor(sql: SqlStorage, tables: Tables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  all(): Release[] {
    if (!this.#tables.has("release")) return [];
    return this.#sql
      .exec<Row>(
        "SELECT incarnation, fork, source, due_at_ms, failures FROM release ORDER BY due_at_ms LIMIT ?",
        QUEUE_MAX,
      )
      .toArray()
      .map(({ due_at_ms, ...release }) => ({ ...release, dueAtMs: due_at_ms }));
  }

  put({ incarnation, fork, source, dueAtMs, failures }: Release): void {
    this.#tables.ensure("release");
    this.#sql.exec(
      `INSERT INTO release VALUES (?, ?, ?, ?, ?) ON CONFLICT (incarnation)
       DO UPDATE SET due_at_ms = excluded.due_at_ms, failures = excluded.failures`,
      incarnation,
      fork,
      source,
      dueAtMs,
      failures,
    );
  }

  remove(incarnation: string): void {
    if (!this.#tables.has("release")) return;
    this.#sql.exec("DELETE FROM release WHERE incarnation = ?", incarnation);
  }
}
