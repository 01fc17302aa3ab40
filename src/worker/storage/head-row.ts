import { contentKind } from "../../protocol/content-type.ts";
import type { StreamConfig } from "../../protocol/create.ts";
import type { ForkOrigin } from "../../protocol/fork.ts";
import type { ProducerTuple } from "../../protocol/producer.ts";
import { addTally, TALLY_VERSION } from "./migrations.ts";
import { HEAD_KEY, SCHEMA_VERSION } from "./schema.ts";
import type { Tables } from "./tables.ts";

/** What is stored of a stream besides its messages and producers. */
export interface StoredStream extends StreamConfig {
  /** `project/path`. */
  readonly name: string;
  /** Random id of this creation of the name: nothing of an earlier or later stream of the same name shares it. */
  readonly incarnation: string;
  readonly createdAtMs: number;
  /** Last read or write, as far as it was written down (see `accessGranularityMs`). */
  readonly accessedAtMs: number;
  readonly closed: boolean;
  /** The request that closed the stream, when a producer did. */
  readonly closedBy: ProducerTuple | undefined;
  /** Where a fork comes from. */
  readonly fork: ForkOrigin | undefined;
  /** Whether the stream ended while forks need it: then it is there for them alone (section 4.2). */
  readonly softDeleted: boolean;
  /** Whether it has ended for good, and is there only until everybody was told. To earlier versions such a stream is soft-deleted. */
  readonly ended: boolean;
  /**
   * Whether the directory knows the stream: `false` when it could not be told at the creation; `undefined` when there was no
   * directory then, as with streams of earlier versions.
   */
  readonly registered: boolean | undefined;
}

/** The head as JSON. Fields are only ever added, and get a default where an older head lacks them. */
interface Head extends Omit<
  StoredStream,
  "accessedAtMs" | "closedBy" | "name" | "fork" | "softDeleted" | "ended" | "registered"
> {
  readonly version: number;
  readonly closedBy?: ProducerTuple;
  readonly name?: string;
  readonly fork?: ForkOrigin;
  readonly softDeleted?: boolean;
  readonly ended?: boolean;
  readonly registered?: boolean;
}

interface Row extends Record<string, SqlStorageValue> {
  payload: ArrayBuffer;
  at_ms: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The row that holds the stream itself. */
export class HeadRow {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;

  constructor(sql: SqlStorage, tables: Tables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  /**
   * The stored stream, or `undefined` when none was created. Throws on data of a later version than this code, and brings
   * data of an earlier one up to date; heads of the first version do not hold the name, which is then `name`.
   */
  load(name: string): StoredStream | undefined {
    if (!this.#tables.has("log")) return undefined;
    const [row] = this.#sql.exec<Row>("SELECT payload, at_ms FROM log WHERE start = ?", HEAD_KEY).toArray();
    if (row === undefined) return undefined;
    const { version, ...head } = JSON.parse(decoder.decode(row.payload)) as Head;
    if (version > SCHEMA_VERSION) {
      throw new Error(
        `The stream is stored in format ${String(version)} and this code knows ${String(SCHEMA_VERSION)}; deploy the newer version again.`,
      );
    }
    const { closedBy, fork, softDeleted = false, ended = false, registered } = head;
    const facts = { closedBy, fork, softDeleted, ended, registered };
    const stream = { name, ...head, ...facts, accessedAtMs: row.at_ms };
    if (version < SCHEMA_VERSION) {
      if (version < TALLY_VERSION) addTally(this.#sql, contentKind(stream.contentType));
      this.put(stream);
    }
    return stream;
  }

  /** Writes the stream down: a new one, or what became of it. */
  put(stream: StoredStream): void {
    this.#tables.ensure("log");
    this.#sql.exec(
      `INSERT INTO log VALUES (?1, 0, 0, ?2, NULL, 0, NULL, ?3, 0)
       ON CONFLICT (start) DO UPDATE SET payload = excluded.payload, at_ms = excluded.at_ms`,
      HEAD_KEY,
      encoder.encode(JSON.stringify(toHead(stream))),
      stream.accessedAtMs,
    );
  }

  setAccessed(accessedAtMs: number): void {
    this.#sql.exec("UPDATE log SET at_ms = ? WHERE start = ?", accessedAtMs, HEAD_KEY);
  }
}

function toHead({
  name,
  incarnation,
  contentType,
  expiry,
  public: isPublic,
  createdAtMs,
  closed,
  closedBy,
  fork,
  softDeleted,
  ended,
  registered,
}: StoredStream): Head {
  const config = { contentType, expiry, public: isPublic };
  const head = { version: SCHEMA_VERSION, name, incarnation, ...config, createdAtMs, closed };
  return {
    ...head,
    ...(closedBy === undefined ? {} : { closedBy }),
    ...(fork === undefined ? {} : { fork }),
    ...(softDeleted || ended ? { softDeleted: true } : {}),
    ...(ended ? { ended } : {}),
    ...(registered === undefined ? {} : { registered }),
  };
}
