import { knownTables, type AddedColumns } from "../storage/known-tables.ts";

/**
 * Tables of a project's directory. Every row written is billed, an index entry and a table included, so each is in the
 * order of its key and has no other index, and each is made at its first use. Texts are compared by their bytes in UTF-8,
 * which is the order that lists promise.
 */
const DEFINITIONS = {
  /** The streams. `expiry` is JSON, and absent for streams that never end by themselves. */
  stream: `CREATE TABLE stream (
    path TEXT PRIMARY KEY,
    incarnation TEXT NOT NULL,
    content_type TEXT NOT NULL,
    public INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expiry TEXT
  ) WITHOUT ROWID`,

  /** The subscriptions. `has_explicit` says whether the table below may hold paths of this one. */
  subscription: `CREATE TABLE subscription (
    id TEXT PRIMARY KEY,
    incarnation TEXT NOT NULL,
    type TEXT NOT NULL,
    pattern TEXT,
    created_at_ms INTEGER NOT NULL,
    has_explicit INTEGER NOT NULL,
    wake_stream TEXT
  ) WITHOUT ROWID`,

  /** Paths that subscriptions name, whether or not there is such a stream. */
  explicit: `CREATE TABLE explicit (
    path TEXT NOT NULL,
    subscription TEXT NOT NULL,
    incarnation TEXT NOT NULL,
    PRIMARY KEY (path, subscription)
  ) WITHOUT ROWID`,

  /** How many streams there are, in one row, where a limit asks for it. An entry that takes another's place is an update. */
  stream_count: `CREATE TABLE stream_count (
    streams INTEGER NOT NULL,
    asked_at_ms INTEGER NOT NULL
  );
  CREATE TRIGGER stream_came AFTER INSERT ON stream BEGIN UPDATE stream_count SET streams = streams + 1; END;
  CREATE TRIGGER stream_went AFTER DELETE ON stream BEGIN UPDATE stream_count SET streams = streams - 1; END`,
};

type TableName = keyof typeof DEFINITIONS;

const ADDED: AddedColumns = { subscription: { wake_stream: "wake_stream TEXT" } };

/** Version of the tables above, but for columns that were added, and of what lies in `storage.kv`, stored there with the first of them. */
const SCHEMA_VERSION = 1;
const SCHEMA_KEY = "schema";

/** Which tables exist. Looked up once an awakening: asking a directory that holds nothing must write nothing. */
export class DirectoryTables {
  readonly #storage: DurableObjectStorage;
  #existing: Set<string> | undefined;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Throws when a later version has stored what is there. */
  has(table: TableName): boolean {
    return this.#known().has(table);
  }

  /** Makes a table if it is not there yet. */
  ensure(table: TableName): void {
    const known = this.#known();
    if (known.has(table)) return;
    this.#storage.sql.exec(DEFINITIONS[table]);
    this.#storage.kv.put(SCHEMA_KEY, SCHEMA_VERSION);
    known.add(table);
  }

  /** Removes a table with all its rows. */
  drop(table: TableName): void {
    this.#storage.sql.exec(`DROP TABLE ${table}`);
    this.#known().delete(table);
  }

  /** To be called when a transaction that may have made tables was rolled back. */
  forget(): void {
    this.#existing = undefined;
  }

  #known(): Set<string> {
    this.#existing ??= this.#lookUp();
    return this.#existing;
  }

  #lookUp(): Set<string> {
    const version = this.#storage.kv.get<number>(SCHEMA_KEY) ?? SCHEMA_VERSION;
    if (version > SCHEMA_VERSION) {
      throw new Error(
        `The directory is stored in version ${String(version)} and this code knows ${String(SCHEMA_VERSION)}; deploy the newer version again.`,
      );
    }
    return knownTables(this.#storage.sql, ADDED);
  }
}
