import { HeadRow } from "./head-row.ts";
import { LogRows } from "./log-rows.ts";
import { ProducerRows } from "./producer-rows.ts";
import { Tables } from "./tables.ts";

/** Everything that is stored of one stream: the rooms of its SQLite, and what spans them. */
export class StreamStorage {
  readonly head: HeadRow;
  readonly log: LogRows;
  readonly producers: ProducerRows;
  readonly #storage: DurableObjectStorage;
  readonly #tables: Tables;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#tables = new Tables(storage.sql);
    this.head = new HeadRow(storage.sql, this.#tables);
    this.log = new LogRows(storage.sql, this.#tables);
    this.producers = new ProducerRows(storage.sql, this.#tables);
  }

  /** Runs `write` as one transaction: all of it is stored, or, when it throws, none of it. */
  transaction<T>(write: () => T): T {
    const tables = this.#tables.snapshot();
    try {
      return this.#storage.transactionSync(write);
    } catch (error) {
      this.#tables.restore(tables);
      this.producers.forget();
      throw error;
    }
  }

  /** Resolves when everything written so far is durable. */
  async durable(): Promise<void> {
    await this.#storage.sync();
  }

  /** Wakes the object at this time, in Unix milliseconds. One alarm a stream: a new one takes the place of the old. */
  setAlarm(atMs: number): void {
    void this.#storage.setAlarm(atMs);
  }

  /** Removes every row, table and alarm, so that nothing of the stream is left or billed. */
  async destroy(): Promise<void> {
    this.#tables.forget();
    this.producers.forget();
    await this.#storage.deleteAll();
  }
}
