import { RECORD_FORMAT, type Farewell, type LinkRow, type StoredRecord, type StoredWake } from "./record.ts";
import type { RefusedLink } from "./operations.ts";
import { knownTables } from "../storage/known-tables.ts";
import { ADDED, TABLES } from "./subscription-tables.ts";

type Row = Record<string, SqlStorageValue>;
type FarewellRow = Omit<Farewell, "dueAtMs"> & { due_at_ms: number };

export interface LinkCounts {
  readonly links: number;
  readonly joining: number;
}

const LINK = "path, incarnation, kind, acked, tail, begun";

/** Farewells that are looked at at a time. */
const QUEUE_MAX = 32;

/** Everything that is stored of a subscription, and every SQL statement about it. */
export class SubscriptionStorage {
  readonly #storage: DurableObjectStorage;
  /** Looked up once an awakening. */
  #hasTables: boolean | undefined;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  get hasTables(): boolean {
    this.#hasTables ??= knownTables(this.#storage.sql, ADDED).has("part");
    return this.#hasTables;
  }

  makeTables(): void {
    if (this.hasTables) return;
    for (const table of TABLES) this.#storage.sql.exec(table);
    this.#hasTables = true;
  }

  /** Runs `write` as one transaction: all of it is stored, or, when it throws, none of it. */
  transaction<T>(write: () => T): T {
    try {
      return this.#storage.transactionSync(write);
    } catch (error) {
      this.#hasTables = undefined;
      throw error;
    }
  }

  /** Throws on what a later version stored. */
  record(): StoredRecord | undefined {
    const record = this.#part("record") as StoredRecord | undefined;
    if (record === undefined || record.format <= RECORD_FORMAT) return record;
    throw new Error(
      `The subscription is stored in format ${String(record.format)} and this code knows ${String(RECORD_FORMAT)}; deploy the newer version again.`,
    );
  }

  putRecord(record: StoredRecord): void {
    this.#putPart("record", record);
  }

  wake(): StoredWake | undefined {
    return this.#part("wake") as StoredWake | undefined;
  }

  putWake(wake: StoredWake): void {
    this.#putPart("wake", wake);
  }

  refusedLink(): RefusedLink | undefined {
    return this.#part("refused-link") as RefusedLink | undefined;
  }

  putRefusedLink(refused: RefusedLink): void {
    this.#putPart("refused-link", refused);
  }

  /** What `left-out.ts` remembers. */
  leftOut(): readonly (readonly [path: string, incarnation: string])[] {
    return (this.#part("left-out") ?? []) as readonly (readonly [string, string])[];
  }

  putLeftOut(streams: readonly (readonly [path: string, incarnation: string])[]): void {
    this.#putPart("left-out", streams);
  }

  /** Removes what the subscription is. Its links go when the next one is made, or with everything else. */
  removeParts(): void {
    this.#storage.sql.exec("DELETE FROM part");
  }

  removeLinks(): void {
    this.#storage.sql.exec("DELETE FROM link");
  }

  link(path: string): LinkRow | undefined {
    return this.#links(`SELECT ${LINK} FROM link WHERE path = ?`, path)[0];
  }

  /** Links after a path, in the order of their bytes. */
  linksAfter(after: string, limit: number): LinkRow[] {
    return this.#links(`SELECT ${LINK} FROM link WHERE path > ? ORDER BY path LIMIT ?`, after, limit);
  }

  /** From the path `from` on, and before `until` where that is given. */
  pendingLinks(limit: number, from = "", until?: string): LinkRow[] {
    const pending = `SELECT ${LINK} FROM link WHERE tail > acked AND path >= ?`;
    return until === undefined
      ? this.#links(`${pending} ORDER BY path LIMIT ?`, from, limit)
      : this.#links(`${pending} AND path < ? ORDER BY path LIMIT ?`, from, until, limit);
  }

  /** The path that so many others come before. Reads as many rows. */
  pathAt(index: number): string | undefined {
    if (!this.hasTables) return undefined;
    return this.#rows<{ path: string }>("SELECT path FROM link ORDER BY path LIMIT 1 OFFSET ?", index)[0]?.path;
  }

  settledLinks(limit: number): LinkRow[] {
    return this.#links(`SELECT ${LINK} FROM link WHERE tail <= acked ORDER BY path LIMIT ?`, limit);
  }

  /** Links with this flag. */
  linksOfKind(flag: number, limit: number): LinkRow[] {
    return this.#links(`SELECT ${LINK} FROM link WHERE kind & ? <> 0 ORDER BY path LIMIT ?`, flag, limit);
  }

  /** Looks at every link: once an awakening. */
  countLinks(joining: number): LinkCounts {
    const rows = this.hasTables
      ? this.#rows<{ links: number; joining: number | null }>(
          "SELECT COUNT(*) AS links, SUM(kind & ? <> 0) AS joining FROM link",
          joining,
        )
      : [];
    return { links: rows[0]?.links ?? 0, joining: rows[0]?.joining ?? 0 };
  }

  putLink({ path, incarnation, kind, acked, tail, begun }: LinkRow): void {
    this.#storage.sql.exec(
      `INSERT INTO link (${LINK}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE
       SET incarnation = excluded.incarnation, kind = excluded.kind, acked = excluded.acked, tail = excluded.tail,
       begun = excluded.begun`,
      path,
      incarnation,
      kind,
      acked,
      tail,
      begun,
    );
  }

  removeLink(path: string): void {
    this.#storage.sql.exec("DELETE FROM link WHERE path = ?", path);
  }

  farewells(): Farewell[] {
    if (!this.hasTables) return [];
    return this.#rows<FarewellRow>(
      "SELECT incarnation, project, id, due_at_ms, failures FROM farewell ORDER BY due_at_ms LIMIT ?",
      QUEUE_MAX,
    ).map(({ due_at_ms, ...farewell }) => ({ ...farewell, dueAtMs: due_at_ms }));
  }

  putFarewell({ incarnation, project, id, dueAtMs, failures }: Farewell): void {
    this.#storage.sql.exec(
      `INSERT INTO farewell VALUES (?, ?, ?, ?, ?) ON CONFLICT (incarnation)
       DO UPDATE SET due_at_ms = excluded.due_at_ms, failures = excluded.failures`,
      incarnation,
      project,
      id,
      dueAtMs,
      failures,
    );
  }

  removeFarewell(incarnation: string): void {
    this.#storage.sql.exec("DELETE FROM farewell WHERE incarnation = ?", incarnation);
  }

  /** When the alarm is set to come; `undefined` for never. */
  async alarmAtMs(): Promise<number | undefined> {
    return (await this.#storage.getAlarm()) ?? undefined;
  }

  setAlarm(atMs: number): void {
    void this.#storage.setAlarm(atMs);
  }

  /** Removes every row, table and alarm, so that nothing at all is left or billed. */
  async destroy(): Promise<void> {
    this.#hasTables = false;
    await this.#storage.deleteAll();
  }

  #part(name: string): unknown {
    if (!this.hasTables) return undefined;
    const row = this.#rows<{ value: string }>("SELECT value FROM part WHERE name = ?", name)[0];
    return row === undefined ? undefined : JSON.parse(row.value);
  }

  #putPart(name: string, value: unknown): void {
    this.#storage.sql.exec(
      "INSERT INTO part VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      name,
      JSON.stringify(value),
    );
  }

  #links(query: string, ...bindings: SqlStorageValue[]): LinkRow[] {
    return this.hasTables ? this.#rows<LinkRow & Row>(query, ...bindings) : [];
  }

  #rows<T extends Row>(query: string, ...bindings: SqlStorageValue[]): T[] {
    return this.#storage.sql.exec<T>(query, ...bindings).toArray();
  }
}
