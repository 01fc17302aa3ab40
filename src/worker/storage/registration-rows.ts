import type { Tables } from "./tables.ts";

/** What the directory is still to be told of an incarnation of this name: that it is there, or, once it has ended, that it is not. */
export interface PendingRegistration {
  readonly incarnation: string;
  /** `project/path`. */
  readonly stream: string;
  readonly dueAtMs: number;
  readonly failures: number;
}

interface Row extends Record<string, SqlStorageValue> {
  incarnation: string;
  stream: string;
  due_at_ms: number;
  failures: number;
}

/** Entries that are looked at at a time: every wake-up and every change of the alarm reads them. */
const QUEUE_MAX = 32;

/** The queue of what the directory is to be told. It outlives the stream. */
export class RegistrationRows {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;

  constructor(sql: SqlStorage, tables: Tables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  /** What is queued, soonest first, but no more than is dealt with at a time. */
  all(): PendingRegistration[] {
    if (!this.#tables.has("registration")) return [];
    return this.#sql
      .exec<Row>(
        "SELECT incarnation, stream, due_at_ms, failures FROM registration ORDER BY due_at_ms LIMIT ?",
        QUEUE_MAX,
      )
      .toArray()
      .map(({ due_at_ms, ...pending }) => ({ ...pending, dueAtMs: due_at_ms }));
  }

  put({ incarnation, stream, dueAtMs, failures }: PendingRegistration): void {
    this.#tables.ensure("registration");
    this.#sql.exec(
      `INSERT INTO registration VALUES (?, ?, ?, ?) ON CONFLICT (incarnation)
       DO UPDATE SET due_at_ms = excluded.due_at_ms, failures = excluded.failures`,
      incarnation,
      stream,
      dueAtMs,
      failures,
    );
  }

  remove(incarnation: string): void {
    if (!this.#tables.has("registration")) return;
    this.#sql.exec("DELETE FROM registration WHERE incarnation = ?", incarnation);
  }

  /** Once the directory knows a later incarnation, it has forgotten the ones before it. */
  clear(): void {
    this.#tables.empty("registration");
  }
}
