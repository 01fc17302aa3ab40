import type { StreamConfig } from "../../protocol/create.ts";
import { NEVER, type Expiry } from "../../protocol/expiry.ts";
import type { ProducerTuple } from "../../protocol/producer.ts";
import { SCHEMA_VERSION } from "./schema.ts";
import type { Tables } from "./tables.ts";

/** What is stored of a stream besides its messages and producers. */
export interface StoredStream extends StreamConfig {
  /** Random id of this creation of the name: nothing of an earlier or later stream of the same name shares it. */
  readonly incarnation: string;
  readonly createdAtMs: number;
  /** Last read or write, as far as it was written down (see `accessGranularityMs`). */
  readonly accessedAtMs: number;
  readonly closed: boolean;
  readonly closedBy: ProducerTuple | undefined;
}

interface Row extends Record<string, SqlStorageValue> {
  version: number;
  incarnation: string;
  content_type: string;
  ttl_seconds: number | null;
  expires_at_ms: number | null;
  expires_at: string | null;
  public: number;
  created_at_ms: number;
  accessed_at_ms: number;
  closed: number;
  closed_by_id: string | null;
  closed_by_epoch: number | null;
  closed_by_seq: number | null;
}

/** The one row of the table `stream`. */
export class StreamRow {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;

  constructor(sql: SqlStorage, tables: Tables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  /** The stored stream, or `undefined` when none was created. Throws on tables of a later version than this code. */
  load(): StoredStream | undefined {
    if (!this.#tables.has("stream")) return undefined;
    const [row] = this.#sql.exec<Row>("SELECT * FROM stream").toArray();
    if (row === undefined) return undefined;
    if (row.version > SCHEMA_VERSION) {
      throw new Error(
        `The stream is stored in format ${String(row.version)} and this code knows ${String(SCHEMA_VERSION)}; deploy the newer version again.`,
      );
    }
    return {
      incarnation: row.incarnation,
      contentType: row.content_type,
      expiry: readExpiry(row),
      public: row.public === 1,
      createdAtMs: row.created_at_ms,
      accessedAtMs: row.accessed_at_ms,
      closed: row.closed === 1,
      closedBy: readClosedBy(row),
    };
  }

  insert(stream: StoredStream): void {
    this.#tables.ensure("stream");
    const { expiry, closedBy } = stream;
    this.#sql.exec(
      "INSERT INTO stream VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      SCHEMA_VERSION,
      stream.incarnation,
      stream.contentType,
      expiry.kind === "ttl" ? expiry.ttlSeconds : null,
      expiry.kind === "at" ? expiry.expiresAtMs : null,
      expiry.kind === "at" ? expiry.expiresAt : null,
      stream.public ? 1 : 0,
      stream.createdAtMs,
      stream.accessedAtMs,
      stream.closed ? 1 : 0,
      closedBy?.id ?? null,
      closedBy?.epoch ?? null,
      closedBy?.seq ?? null,
    );
  }

  /** Closes the stream for good, remembering which producer's request did it. */
  close(closedBy: ProducerTuple | undefined, accessedAtMs: number): void {
    this.#sql.exec(
      "UPDATE stream SET closed = 1, closed_by_id = ?, closed_by_epoch = ?, closed_by_seq = ?, accessed_at_ms = ?",
      closedBy?.id ?? null,
      closedBy?.epoch ?? null,
      closedBy?.seq ?? null,
      accessedAtMs,
    );
  }

  setAccessed(accessedAtMs: number): void {
    this.#sql.exec("UPDATE stream SET accessed_at_ms = ?", accessedAtMs);
  }
}

function readExpiry(row: Row): Expiry {
  if (row.ttl_seconds !== null) return { kind: "ttl", ttlSeconds: row.ttl_seconds };
  if (row.expires_at_ms !== null && row.expires_at !== null) {
    return { kind: "at", expiresAtMs: row.expires_at_ms, expiresAt: row.expires_at };
  }
  return NEVER;
}

function readClosedBy(row: Row): ProducerTuple | undefined {
  const { closed_by_id: id, closed_by_epoch: epoch, closed_by_seq: seq } = row;
  return id === null || epoch === null || seq === null ? undefined : { id, epoch, seq };
}
