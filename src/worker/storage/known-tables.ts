/**
 * Columns that a table got after it was first stored, by table and name, each as it stands in the table's definition. They
 * come last in it, and have a default or may be absent: an earlier version of the code, which does not know them, must get
 * on with the table when it is deployed again.
 */
export type AddedColumns = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The tables that exist, with every column that the code knows: what an older version left out is added. */
export function knownTables(sql: SqlStorage, added: AddedColumns): Set<string> {
  const tables = sql
    .exec<{ name: string; definition: string }>(
      "SELECT name, sql AS definition FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL",
    )
    .toArray();
  for (const { name, definition } of tables) {
    for (const [column, declared] of Object.entries(added[name] ?? {})) {
      if (!new RegExp(`\\b${column}\\b`).test(definition)) sql.exec(`ALTER TABLE ${name} ADD COLUMN ${declared}`);
    }
  }
  return new Set(tables.map(({ name }) => name));
}
