import type { ContentKind } from "../../protocol/content-type.ts";
import { decodeSizes } from "../../protocol/sizes.ts";
import { separatorBytes } from "../../protocol/messages.ts";

interface Row extends Record<string, SqlStorageValue> {
  start: number;
  bytes: number;
  sizes: ArrayBuffer | null;
}

/** From version 1 to 2: the log gets its `tally`. Only the newest row's is ever looked at, so only that one is filled in. */
export function addTally(sql: SqlStorage, kind: ContentKind): void {
  let tally = 0;
  let newest: number | undefined;
  for (const { start, bytes, sizes } of sql.exec<Row>(
    "SELECT start, bytes, sizes FROM log WHERE start >= 0 ORDER BY start",
  )) {
    const messages = decodeSizes(sizes === null ? null : new Uint8Array(sizes), bytes).length;
    tally += kind === "json" ? bytes + separatorBytes(kind) : messages;
    newest = start;
  }
  sql.exec("ALTER TABLE log ADD COLUMN tally INTEGER NOT NULL DEFAULT 0");
  if (newest !== undefined) sql.exec("UPDATE log SET tally = ? WHERE start = ?", tally, newest);
}
