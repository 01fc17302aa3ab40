/**
 * Tables of a stream's SQLite. Every row written is billed to whoever runs the server, an index entry and a table
 * included, so there is no secondary index, and the two tables that most streams never need are made at their first use.
 */

/** The stream itself: one row, which changes only when the stream is closed or its last access is written down. */
export const STREAM_TABLE = `CREATE TABLE IF NOT EXISTS stream (
  version INTEGER NOT NULL,
  incarnation TEXT NOT NULL,
  content_type TEXT NOT NULL,
  ttl_seconds INTEGER,
  expires_at_ms INTEGER,
  expires_at TEXT,
  public INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  accessed_at_ms INTEGER NOT NULL,
  closed INTEGER NOT NULL,
  closed_by_id TEXT,
  closed_by_epoch INTEGER,
  closed_by_seq INTEGER
)`;

/**
 * The hot log: a run of messages in each row, keyed by the position of its first. `sizes` divides the payload into
 * messages (absent for a run of one), `parts` says how many more pieces of it lie in `overflow`, and `stream_seq`
 * is the stream's last `Stream-Seq` after the run, so that the newest row alone brings the writer state back.
 */
export const LOG_TABLE = `CREATE TABLE IF NOT EXISTS log (
  start INTEGER PRIMARY KEY,
  positions INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  payload BLOB NOT NULL,
  sizes BLOB,
  parts INTEGER NOT NULL,
  stream_seq TEXT,
  appended_at_ms INTEGER NOT NULL
)`;

/** Pieces of runs that are larger than a row may be; part 0 is the row in `log`. */
export const OVERFLOW_TABLE = `CREATE TABLE IF NOT EXISTS overflow (
  start INTEGER NOT NULL,
  part INTEGER NOT NULL,
  payload BLOB NOT NULL,
  PRIMARY KEY (start, part)
) WITHOUT ROWID`;

/** State of idempotent producers, kept as long as the stream (protocol section 5.2.1). */
export const PRODUCER_TABLE = `CREATE TABLE IF NOT EXISTS producer (
  id TEXT PRIMARY KEY,
  epoch INTEGER NOT NULL,
  last_seq INTEGER NOT NULL
) WITHOUT ROWID`;

/** Version of the tables above, stored with each stream so that a later version knows what it finds. */
export const SCHEMA_VERSION = 1;
