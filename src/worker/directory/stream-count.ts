import type { DirectoryTables } from "./directory-tables.ts";

/**
 * Most streams that are counted anew at each awakening. A row that is written costs as much as a thousand that are read, and a
 * count that is stored costs one with each stream that comes or goes.
 */
export const COUNTED_ANEW_MAX = 1000;

/** How long the count is kept after a limit last asked for it. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/** How much later than it happened it may be written down that a limit asked. */
const ASKED_GRANULARITY_MS = KEPT_MS / 2;

interface Row extends Record<string, SqlStorageValue> {
  streams: number;
  asked_at_ms: number;
}

/**
 * How many streams there are, for projects with a limit. Of few the number is in memory only; of many it is stored, and kept by
 * triggers: they are part of whatever transaction changes the list, also where an earlier version of the code makes it.
 */
export class StreamCount {
  readonly #sql: SqlStorage;
  readonly #tables: DirectoryTables;
  /** Where none is stored. */
  #counted: number | undefined;
  /** When a limit last asked for the stored one, as far as that is written down. */
  #askedAtMs: number | undefined;

  constructor(sql: SqlStorage, tables: DirectoryTables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  /** Whether whoever changes the list has to say so. */
  get isInMemory(): boolean {
    return this.#counted !== undefined;
  }

  /** Reads one row where the count is stored, else each of the list, once an awakening. Must run inside a transaction. */
  ask(nowMs: number): number {
    if (this.#tables.has("stream_count")) return this.#askStored(nowMs);
    const counted = (this.#counted ??= this.#countAll());
    if (counted > COUNTED_ANEW_MAX) this.#store(counted, nowMs);
    return counted;
  }

  change(by: number): void {
    if (this.#counted !== undefined) this.#counted += by;
  }

  /** No limit asks: what none has asked for in a day costs nothing any more. Must run inside a transaction. */
  notAsked(nowMs: number): void {
    if (!this.#tables.has("stream_count")) return;
    this.#askedAtMs ??= this.#stored().asked_at_ms;
    if (nowMs - this.#askedAtMs < KEPT_MS) return;
    this.#sql.exec("DROP TRIGGER stream_came");
    this.#sql.exec("DROP TRIGGER stream_went");
    this.#tables.drop("stream_count");
    this.forget();
  }

  /** To be called when a transaction was rolled back. */
  forget(): void {
    this.#counted = undefined;
    this.#askedAtMs = undefined;
  }

  #askStored(nowMs: number): number {
    const { streams, asked_at_ms } = this.#stored();
    const isDue = nowMs - asked_at_ms >= ASKED_GRANULARITY_MS;
    if (isDue) this.#sql.exec("UPDATE stream_count SET asked_at_ms = ?", nowMs);
    this.#askedAtMs = isDue ? nowMs : asked_at_ms;
    return streams;
  }

  #stored(): Row {
    return this.#sql.exec<Row>("SELECT streams, asked_at_ms FROM stream_count").one();
  }

  #countAll(): number {
    if (!this.#tables.has("stream")) return 0;
    return this.#sql.exec<{ streams: number }>("SELECT count(*) AS streams FROM stream").one().streams;
  }

  #store(streams: number, nowMs: number): void {
    this.#tables.ensure("stream_count");
    this.#sql.exec("INSERT INTO stream_count (streams, asked_at_ms) VALUES (?, ?)", streams, nowMs);
    this.#counted = undefined;
    this.#askedAtMs = nowMs;
  }
}
