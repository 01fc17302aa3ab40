import {
  FORK_TABLE,
  LINK_TABLE,
  LOG_TABLE,
  OVERFLOW_TABLE,
  PRODUCER_TABLE,
  PURGE_TABLE,
  REGISTRATION_TABLE,
  RELEASE_TABLE,
  SEGMENT_TABLE,
} from "./schema.ts";

const DEFINITIONS = {
  log: LOG_TABLE,
  overflow: OVERFLOW_TABLE,
  producer: PRODUCER_TABLE,
  segment: SEGMENT_TABLE,
  purge: PURGE_TABLE,
  fork: FORK_TABLE,
  release: RELEASE_TABLE,
  registration: REGISTRATION_TABLE,
  link: LINK_TABLE,
};

export type TableName = keyof typeof DEFINITIONS;

/** Which tables exist. Looked up once an awakening: asking for a stream that was never created must write nothing. */
export class Tables {
  readonly #sql: SqlStorage;
  #existing: ReadonlySet<string> | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  has(table: TableName): boolean {
    return this.#known().has(table);
  }

  /** Whether there is any, with rows or without. */
  get areThere(): boolean {
    return (Object.keys(DEFINITIONS) as TableName[]).some((table) => this.has(table));
  }

  /** Makes a table if it is not there yet. */
  ensure(table: TableName): void {
    if (this.has(table)) return;
    this.#sql.exec(DEFINITIONS[table]);
    this.#existing = new Set([...this.#known(), table]);
  }

  /** Removes every row. The table stays: SQLite drops none while any read is unfinished, and a read of ours may be. */
  empty(table: TableName): void {
    if (this.has(table)) this.#sql.exec(`DELETE FROM ${table}`);
  }

  snapshot(): ReadonlySet<string> | undefined {
    return this.#existing;
  }

  /** Goes back to a snapshot when the transaction that made tables was rolled back. */
  restore(snapshot: ReadonlySet<string> | undefined): void {
    this.#existing = snapshot;
  }

  forget(): void {
    this.#existing = undefined;
  }

  #known(): ReadonlySet<string> {
    this.#existing ??= new Set(
      this.#sql
        .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
        .toArray()
        .map((row) => row.name),
    );
    return this.#existing;
  }
}
