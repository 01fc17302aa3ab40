import type { AddedColumns } from "../storage/known-tables.ts";

/**
 * Tables of a subscription's SQLite. Every row written is billed to whoever runs the server, so there is no secondary
 * index, and nothing is made before there is a subscription: asking for one that is not there writes nothing.
 */

/**
 * `record`, what the subscription is, `wake`, which changes with every wake, and `left-out` and `refused-link`, which few have: JSON, so that fields
 * can be added.
 */
const PART_TABLE = `CREATE TABLE IF NOT EXISTS part (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID`;

/**
 * The linked streams with their cursors. `incarnation` is that of the stream, absent while an explicit link has none;
 * `kind` are the flags of `link-kind.ts`, and `begun` is the last generation that may have been told of an earlier stream of
 * the path.
 */
const LINK_TABLE = `CREATE TABLE IF NOT EXISTS link (
  path TEXT PRIMARY KEY,
  incarnation TEXT,
  kind INTEGER NOT NULL,
  acked INTEGER NOT NULL,
  tail INTEGER NOT NULL,
  begun INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID`;

/** Subscriptions of this id that ended, and that the directory has to forget. It outlives them. */
const FAREWELL_TABLE = `CREATE TABLE IF NOT EXISTS farewell (
  incarnation TEXT PRIMARY KEY,
  project TEXT NOT NULL,
  id TEXT NOT NULL,
  due_at_ms INTEGER NOT NULL,
  failures INTEGER NOT NULL
) WITHOUT ROWID`;

/** Before there was `begun`, nothing is known of an earlier stream. */
export const ADDED: AddedColumns = { link: { begun: "begun INTEGER NOT NULL DEFAULT 0" } };

export const TABLES: readonly string[] = [PART_TABLE, LINK_TABLE, FAREWELL_TABLE];
