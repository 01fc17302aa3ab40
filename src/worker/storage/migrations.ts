import type { ContentKind } from "../../protocol/content-type.ts";
import { decodeSizes } from "../../protocol/sizes.ts";
import { separatorBytes } from "../../protocol/messages.ts";

/** The version whose logs have a `tally`. */
export const TALLY_VERSION = 2;

interface Row extends Record<string, SqlStorageValue> {
  start: number;
  bytes: number;
  sizes: ArrayBuffer | null;
}

/** From version 1 to 2: the log gets its `tally`. Every row does, since segments are planned by those of their rows. */
export function addTally(sql: SqlStorage, kind: ContentKind): void {
  const rows = sql.exec<Row>("SELECT start, bytes, sizes FROM log WHERE start >= 0 ORDER BY start");
  const tallies: (readonly [start: number, tally: number])[] = [];
  let tally = 0;
  for (const { start, bytes, sizes } of rows) {
    const messages = decodeSizes(sizes === null ? null : new Uint8Array(sizes), bytes).length;
    tally += kind === "json" ? bytes + separatorBytes(kind) : messages;
    tallies.push([start, tally]);
  }
  sql.exec("ALTER TABLE log ADD COLUMN tally INTEGER NOT NULL DEFAULT 0");
  for (const [start, sum] of tallies) sql.exec("UPDATE log SET tally = ? WHERE start = ?", sum, start);
}
