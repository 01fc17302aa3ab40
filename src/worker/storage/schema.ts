/**
 * Tables of a stream's SQLite. Every row written is billed to whoever runs the server, an index entry and a table
 * included, so there is no secondary index, and the tables that most streams never need are made at their first use.
 */

/** Key of the row in `log` that holds the stream itself: positions begin at 0. */
export const HEAD_KEY = -1;

/**
 * The stream and its hot log. Below position 0 lies the head, whose payload is what the stream is, as JSON, and whose
 * time is that of the last access; it changes only when the stream is closed or an access is written down. Every other
 * row is a run of messages, keyed by the position of its first: `sizes` divides the payload into messages (absent for a
 * run of one), `parts` says how many more pieces of it lie in `overflow`, and `stream_seq` is the stream's last
 * `Stream-Seq` after the run, so that the newest row alone brings the writer state back. `tally` counts the whole stream
 * up to the end of the run by the measure that positions do not: bytes of payload for JSON, messages for other content.
 * With it the size of the hot log is a subtraction and never a scan.
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
  at_ms INTEGER NOT NULL,
  tally INTEGER NOT NULL
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

/**
 * Segments in R2, each in the place of the log rows that it was made of. A row with no `sealed_at_ms` is the intent to
 * make one: it is stored before the object is written, so that an attempt that was cut short is repeated with the very
 * same rows, and no object is ever left behind. `sizes` and `checksums` make a range of the object readable without its
 * index; `nonce` is part of its key; `stream_seq`, `at_ms` and `tally` are those of the newest row that went into it.
 */
export const SEGMENT_TABLE = `CREATE TABLE IF NOT EXISTS segment (
  start INTEGER PRIMARY KEY,
  number INTEGER NOT NULL,
  positions INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  nonce TEXT NOT NULL,
  stream_seq TEXT,
  at_ms INTEGER NOT NULL,
  tally INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  next_attempt_at_ms INTEGER NOT NULL,
  last_error TEXT,
  sealed_at_ms INTEGER,
  object_bytes INTEGER,
  sizes BLOB,
  checksums BLOB
)`;

/** Incarnations that ended and whose objects may still lie in R2. It outlives the stream. */
export const PURGE_TABLE = `CREATE TABLE IF NOT EXISTS purge (
  incarnation TEXT PRIMARY KEY,
  stream TEXT NOT NULL,
  due_at_ms INTEGER NOT NULL,
  passes INTEGER NOT NULL,
  failures INTEGER NOT NULL
) WITHOUT ROWID`;

/** Forks of this stream that read what it holds: while there are any, nothing of it is removed. */
export const FORK_TABLE = `CREATE TABLE IF NOT EXISTS fork (
  fork TEXT NOT NULL,
  incarnation TEXT NOT NULL,
  PRIMARY KEY (fork, incarnation)
) WITHOUT ROWID`;

/**
 * References to sources that forks of this name hold and are to give back: because they ended, or because they never came
 * to be. The row is written before the reference is taken, and removed when the fork is stored, so no crash leaves a
 * reference that nobody gives back. It outlives the stream, and names the fork as it was named to the source: an object
 * that an alarm wakes up does not always know its own name.
 */
export const RELEASE_TABLE = `CREATE TABLE IF NOT EXISTS release (
  incarnation TEXT PRIMARY KEY,
  fork TEXT NOT NULL,
  source TEXT NOT NULL,
  due_at_ms INTEGER NOT NULL,
  failures INTEGER NOT NULL
) WITHOUT ROWID`;

/**
 * What the directory of the project is still to be told: of the stream that is there, that it is there, when that could not
 * be told at its creation; of every other incarnation, that it ended. It outlives the stream.
 */
export const REGISTRATION_TABLE = `CREATE TABLE IF NOT EXISTS registration (
  incarnation TEXT PRIMARY KEY,
  stream TEXT NOT NULL,
  due_at_ms INTEGER NOT NULL,
  failures INTEGER NOT NULL
) WITHOUT ROWID`;

/**
 * Subscriptions that the stream is linked to (protocol section 6), and how far each was told. Ending a stream changes
 * nothing here: a row whose incarnation is not there any more is the promise to tell the subscription so.
 */
export const LINK_TABLE = `CREATE TABLE IF NOT EXISTS link (
  incarnation TEXT NOT NULL,
  subscription TEXT NOT NULL,
  subscription_incarnation TEXT NOT NULL,
  stream TEXT NOT NULL,
  linked_from INTEGER NOT NULL,
  notified INTEGER NOT NULL,
  linked_at_ms INTEGER NOT NULL,
  due_at_ms INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  PRIMARY KEY (incarnation, subscription)
) WITHOUT ROWID`;

/**
 * Version of the tables above, stored in the head so that a later version knows what it finds. A version that does not know
 * `registration` and `link`, nor `registered` in the head, may serve the stream all the same, so they count for none: it
 * tells no subscription anything, and what it ends stays listed until somebody looks. Links say how far they were told, and
 * a head that lost its mark is registered again, so the next newer version makes up for it. A stream
 * that has ended and still waits for others to be told is soft-deleted to it, and so not there either.
 */
export const SCHEMA_VERSION = 3;
