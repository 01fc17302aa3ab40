import type { ProducerState } from "../../protocol/producer.ts";
import type { Tables } from "./tables.ts";

interface Row extends Record<string, SqlStorageValue> {
  epoch: number;
  last_seq: number;
}

/** State of the stream's idempotent producers. */
export class ProducerRows {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;

  constructor(sql: SqlStorage, tables: Tables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  get(id: string): ProducerState | undefined {
    if (!this.#tables.has("producer")) return undefined;
    const [row] = this.#sql.exec<Row>("SELECT epoch, last_seq FROM producer WHERE id = ?", id).toArray();
    return row === undefined ? undefined : { epoch: row.epoch, lastSeq: row.last_seq };
  }

  put(id: string, state: ProducerState): void {
    this.#tables.ensure("producer");
    this.#sql.exec(
      "INSERT INTO producer VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, last_seq = excluded.last_seq",
      id,
      state.epoch,
      state.lastSeq,
    );
  }
}
