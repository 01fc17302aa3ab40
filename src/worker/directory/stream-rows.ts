import { NEVER, type Expiry } from "../../protocol/expiry.ts";
import type { DirectoryTables } from "./directory-tables.ts";
import type { Registration, StreamPage } from "./operations.ts";
import { StreamCount } from "./stream-count.ts";

interface Row extends Record<string, SqlStorageValue> {
  path: string;
  incarnation: string;
  content_type: string;
  public: number;
  created_at_ms: number;
  expiry: string | null;
}

/** The list of a project's streams. */
export class StreamRows {
  readonly #sql: SqlStorage;
  readonly #tables: DirectoryTables;
  readonly count: StreamCount;

  constructor(sql: SqlStorage, tables: DirectoryTables) {
    this.#sql = sql;
    this.#tables = tables;
    this.count = new StreamCount(sql, tables);
  }

  /** Puts a stream into the list, in the place of what was there under its path. One row. */
  put({ path, incarnation, contentType, public: isPublic, createdAtMs, expiry }: Registration): void {
    this.#tables.ensure("stream");
    if (this.count.isInMemory && !this.has(path)) this.count.change(1);
    this.#sql.exec(
      `INSERT INTO stream (path, incarnation, content_type, public, created_at_ms, expiry) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (path) DO UPDATE SET incarnation = excluded.incarnation, content_type = excluded.content_type,
       public = excluded.public, created_at_ms = excluded.created_at_ms, expiry = excluded.expiry`,
      path,
      incarnation,
      contentType,
      isPublic ? 1 : 0,
      createdAtMs,
      expiry.kind === "never" ? null : JSON.stringify(expiry),
    );
  }

  /** Takes a stream out of the list, unless another of its path has taken its place. */
  remove(path: string, incarnation: string): void {
    if (!this.#tables.has("stream")) return;
    const removed = this.#sql
      .exec("DELETE FROM stream WHERE path = ? AND incarnation = ? RETURNING path", path, incarnation)
      .toArray();
    this.count.change(-removed.length);
  }

  has(path: string): boolean {
    if (!this.#tables.has("stream")) return false;
    return this.#sql.exec("SELECT 1 FROM stream WHERE path = ?", path).toArray().length > 0;
  }

  /**
   * Streams whose path begins with `prefix` and comes after `after`, in the order of their paths' bytes. Reads no more
   * rows than `limit` and two, wherever the page lies.
   */
  page(prefix: string, after: string, limit: number): StreamPage {
    if (!this.#tables.has("stream")) return { streams: [], more: false };
    // The bound is computed in SQL: JavaScript would compare the two by UTF-16, which is another order.
    const rows = this.#sql
      .exec<Row>(
        `SELECT path, incarnation, content_type, public, created_at_ms, expiry FROM stream
         WHERE path >= max(?1, ?2) AND path <> ?2 ORDER BY path LIMIT ?3`,
        prefix,
        after,
        limit + 1,
      )
      .toArray();
    const end = rows.findIndex(({ path }) => !path.startsWith(prefix));
    const found = end === -1 ? rows : rows.slice(0, end);
    return { streams: found.slice(0, limit).map(registrationOf), more: found.length > limit };
  }
}

function registrationOf(row: Row): Registration {
  return {
    path: row.path,
    incarnation: row.incarnation,
    contentType: row.content_type,
    public: row.public === 1,
    createdAtMs: row.created_at_ms,
    expiry: row.expiry === null ? NEVER : (JSON.parse(row.expiry) as Expiry),
  };
}
