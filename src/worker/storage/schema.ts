/**
 * Tables of a stream's SQLite. Every row written is billed to whoever runs the server, an index entry and a table
 * included, so there is no secondary index, and the two tables that most streams never need are made at their first use.
 */

/** Key of the row in `log` that holds the stream itself: positions begin at 0. */
export const HEAD_KEY = -1;

/**
 * The stream and its hot log. Below position 0 lies the head, whose payload is what the stream is, as JSON, and whose
 * time is that of the last access; it changes only when the stream is closed or an access is written down. Every other
 * row is a run of messages, keyed by the position of its first: `sizes` divides the payload into messages (absent for a
 * run of one), `parts` says how many more pieces of it lie in `overflow`, and `stream_seq` is the stream's last
 * `Stream-Seq` after the run, so that the newest row alone brings the writer state back.
 *
 * The head is not a table of its own because a table costs every stream two rows more.
 */
export const LOG_TABLE = `CREATE TABLE IF NOT EXISTS log (
  start INTEGER PRIMARY KEY,
  positions INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  payload BLOB NOT NULL,
  sizes BLOB,
  parts INTEGER NOT NULL,
  stream_seq TEXT,
  at_ms INTEGER NOT NULL
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

/** Version of the tables above, stored in the head so that a later version knows what it finds. */
export const SCHEMA_VERSION = 1;
