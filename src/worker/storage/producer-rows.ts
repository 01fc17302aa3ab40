import type { ProducerState } from "../../protocol/producer.ts";
import type { Tables } from "./tables.ts";

interface Row extends Record<string, SqlStorageValue> {
  epoch: number;
  last_seq: number;
}

export interface ListedProducer extends ProducerState {
  readonly id: string;
}

/** Most producers whose state is kept in memory; past it all are forgotten and read again as they come. */
const CACHED_MAX = 1000;

/** State of the stream's idempotent producers. */
export class ProducerRows {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;
  /** A producer that writes comes back soon, and a row that is not read is not billed. */
  readonly #cached = new Map<string, ProducerState>();

  constructor(sql: SqlStorage, tables: Tables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  get(id: string): ProducerState | undefined {
    const cached = this.#cached.get(id);
    if (cached !== undefined || !this.#tables.has("producer")) return cached;
    const [row] = this.#sql.exec<Row>("SELECT epoch, last_seq FROM producer WHERE id = ?", id).toArray();
    if (row === undefined) return undefined;
    const state = { epoch: row.epoch, lastSeq: row.last_seq };
    this.#remember(id, state);
    return state;
  }

  put(id: string, state: ProducerState): void {
    this.#tables.ensure("producer");
    this.#sql.exec(
      "INSERT INTO producer VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, last_seq = excluded.last_seq",
      id,
      state.epoch,
      state.lastSeq,
    );
    this.#remember(id, state);
  }

  /** How many there are. Counting them reads them all. */
  count(): number {
    if (!this.#tables.has("producer")) return 0;
    return this.#sql.exec<{ producers: number }>("SELECT count(*) AS producers FROM producer").one().producers;
  }

  /** The first of them, by their ids. */
  list(limit: number): ListedProducer[] {
    if (!this.#tables.has("producer")) return [];
    return this.#sql
      .exec<Row & { id: string }>("SELECT id, epoch, last_seq FROM producer ORDER BY id LIMIT ?", limit)
      .toArray()
      .map(({ id, epoch, last_seq }) => ({ id, epoch, lastSeq: last_seq }));
  }

  /** Forgets what is in memory, when it may say more than is stored. */
  forget(): void {
    this.#cached.clear();
  }

  #remember(id: string, state: ProducerState): void {
    if (this.#cached.size >= CACHED_MAX) this.#cached.clear();
    this.#cached.set(id, state);
  }
}
