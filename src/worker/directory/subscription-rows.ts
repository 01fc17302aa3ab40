import type { SubscriptionType } from "../../protocol/subscription/config.ts";
import type { DirectoryTables } from "./directory-tables.ts";
import type { ListedSubscription, SubscriptionPage, SubscriptionRef } from "./operations.ts";

interface Row extends Record<string, SqlStorageValue> {
  id: string;
  incarnation: string;
  type: string;
  pattern: string | null;
  wake_stream: string | null;
  created_at_ms: number;
}

/** What decides which streams patterns link. */
export interface PatternRow extends SubscriptionRef {
  readonly pattern: string | undefined;
  readonly wakeStream: string | undefined;
}

/** Whose an id is. */
interface HeldId {
  readonly incarnation: string;
  readonly createdAtMs: number;
  readonly hasExplicit: boolean;
}

/** The list of a project's subscriptions, and the paths that they name. */
export class SubscriptionRows {
  readonly #sql: SqlStorage;
  readonly #tables: DirectoryTables;

  constructor(sql: SqlStorage, tables: DirectoryTables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  /** Whose the id is at the moment. */
  find(id: string): HeldId | undefined {
    if (!this.#tables.has("subscription")) return undefined;
    const [row] = this.#sql
      .exec<{
        incarnation: string;
        created_at_ms: number;
        has_explicit: number;
      }>("SELECT incarnation, created_at_ms, has_explicit FROM subscription WHERE id = ?", id)
      .toArray();
    if (row === undefined) return undefined;
    const { incarnation, created_at_ms: createdAtMs, has_explicit } = row;
    return { incarnation, createdAtMs, hasExplicit: has_explicit === 1 };
  }

  put({ id, incarnation, type, pattern, wakeStream, createdAtMs }: ListedSubscription): void {
    this.#tables.ensure("subscription");
    this.#sql.exec(
      `INSERT INTO subscription (id, incarnation, type, pattern, wake_stream, created_at_ms, has_explicit)
       VALUES (?, ?, ?, ?, ?, ?, 0)
       ON CONFLICT (id) DO UPDATE SET incarnation = excluded.incarnation, type = excluded.type,
       pattern = excluded.pattern, wake_stream = excluded.wake_stream, created_at_ms = excluded.created_at_ms,
       has_explicit = excluded.has_explicit`,
      id,
      incarnation,
      type,
      pattern ?? null,
      wakeStream ?? null,
      createdAtMs,
    );
  }

  remove(id: string): void {
    if (this.#tables.has("subscription")) this.#sql.exec("DELETE FROM subscription WHERE id = ?", id);
  }

  /** In the order of their ids' bytes. */
  page(after: string, limit: number): SubscriptionPage {
    if (!this.#tables.has("subscription")) return { subscriptions: [], more: false };
    const rows = this.#sql
      .exec<Row>(
        "SELECT id, incarnation, type, pattern, wake_stream, created_at_ms FROM subscription WHERE id > ? ORDER BY id LIMIT ?",
        after,
        limit + 1,
      )
      .toArray();
    return { subscriptions: rows.slice(0, limit).map(subscriptionOf), more: rows.length > limit };
  }

  /** How many there are. Counting them reads them all. */
  count(): number {
    if (!this.#tables.has("subscription")) return 0;
    return this.#sql.exec<{ subscriptions: number }>("SELECT count(*) AS subscriptions FROM subscription").one()
      .subscriptions;
  }

  /** All of those that have a pattern or a wake stream. */
  patterns(): PatternRow[] {
    if (!this.#tables.has("subscription")) return [];
    return this.#sql
      .exec<{
        id: string;
        incarnation: string;
        pattern: string | null;
        wake_stream: string | null;
      }>(
        `SELECT id, incarnation, pattern, wake_stream FROM subscription
         WHERE pattern IS NOT NULL OR wake_stream IS NOT NULL ORDER BY id`,
      )
      .toArray()
      .map(({ id, incarnation, pattern, wake_stream }) => ({
        id,
        incarnation,
        pattern: pattern ?? undefined,
        wakeStream: wake_stream ?? undefined,
      }));
  }

  putExplicit({ id, incarnation }: SubscriptionRef, path: string): void {
    this.#tables.ensure("explicit");
    this.#sql.exec(
      `INSERT INTO explicit (path, subscription, incarnation) VALUES (?, ?, ?)
       ON CONFLICT (path, subscription) DO UPDATE SET incarnation = excluded.incarnation
       WHERE incarnation <> excluded.incarnation`,
      path,
      id,
      incarnation,
    );
  }

  markExplicit(id: string): void {
    this.#sql.exec("UPDATE subscription SET has_explicit = 1 WHERE id = ? AND has_explicit = 0", id);
  }

  removeExplicit({ id, incarnation }: SubscriptionRef, path: string): void {
    if (!this.#tables.has("explicit")) return;
    this.#sql.exec(
      "DELETE FROM explicit WHERE path = ? AND subscription = ? AND incarnation = ?",
      path,
      id,
      incarnation,
    );
  }

  /** Reads every path that any subscription names: an index that spared this would cost a row more for each of them. */
  removeAllExplicit(id: string): void {
    if (this.#tables.has("explicit")) this.#sql.exec("DELETE FROM explicit WHERE subscription = ?", id);
  }

  /** How many subscriptions name this path; reads them all, and no more than a stream may be linked to. */
  countNaming(path: string): number {
    if (!this.#tables.has("explicit")) return 0;
    return this.#sql.exec<{ naming: number }>("SELECT count(*) AS naming FROM explicit WHERE path = ?", path).one()
      .naming;
  }

  isNaming(id: string, path: string): boolean {
    if (!this.#tables.has("explicit")) return false;
    const rows = this.#sql.exec("SELECT 1 FROM explicit WHERE path = ? AND subscription = ?", path, id).toArray();
    return rows.length > 0;
  }

  /** The subscriptions that name this path. */
  namingPath(path: string): SubscriptionRef[] {
    if (!this.#tables.has("explicit")) return [];
    return this.#sql
      .exec<{
        id: string;
        incarnation: string;
      }>("SELECT subscription AS id, incarnation FROM explicit WHERE path = ?", path)
      .toArray();
  }
}

function subscriptionOf({ id, incarnation, type, pattern, wake_stream, created_at_ms }: Row): ListedSubscription {
  return {
    id,
    incarnation,
    type: type as SubscriptionType,
    pattern: pattern ?? undefined,
    wakeStream: wake_stream ?? undefined,
    createdAtMs: created_at_ms,
  };
}
