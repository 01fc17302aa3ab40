import type { Tables } from "./tables.ts";

/** A fork of this stream, by its name and incarnation. */
export interface ForkReference {
  /** `project/path`. */
  readonly fork: string;
  readonly incarnation: string;
}

interface Row extends Record<string, SqlStorageValue> {
  fork: string;
  incarnation: string;
}

/**
 * The forks that need this stream. A set of identities and not a number: a reference that is taken or given back twice, by
 * a retry or after a crash, is still one.
 */
export class ForkRows {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;

  constructor(sql: SqlStorage, tables: Tables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  add({ fork, incarnation }: ForkReference): void {
    this.#tables.ensure("fork");
    this.#sql.exec("INSERT OR IGNORE INTO fork VALUES (?, ?)", fork, incarnation);
  }

  remove({ fork, incarnation }: ForkReference): void {
    if (!this.#tables.has("fork")) return;
    this.#sql.exec("DELETE FROM fork WHERE fork = ? AND incarnation = ?", fork, incarnation);
  }

  get areThere(): boolean {
    return this.list(1).length > 0;
  }

  /** How many there are. Counting them reads them all. */
  count(): number {
    if (!this.#tables.has("fork")) return 0;
    return this.#sql.exec<{ forks: number }>("SELECT count(*) AS forks FROM fork").one().forks;
  }

  /** The first of them, by their names. */
  list(limit: number): ForkReference[] {
    if (!this.#tables.has("fork")) return [];
    return this.#sql.exec<Row>("SELECT fork, incarnation FROM fork ORDER BY fork LIMIT ?", limit).toArray();
  }
}
