import type { Position } from "../../protocol/offset.ts";
import type { Tables } from "./tables.ts";

/** More than the links that any stream has. */
const ENDED_MAX = 20_000;

/** A subscription that an incarnation of this name is linked to. */
export interface Link {
  /** Of the stream. Once that has ended, the link is there until the subscription was told so. */
  readonly incarnation: string;
  /** The subscription's id within the project. */
  readonly subscription: string;
  readonly subscriptionIncarnation: string;
  /** `project/path`: an object that an alarm wakes up does not always know its own name. */
  readonly stream: string;
  /** What lies before it is not the subscription's business. */
  readonly linkedFrom: Position;
  /** How far the subscription was told; it only grows. */
  readonly notified: Position;
  readonly linkedAtMs: number;
  /** Not to be told before this, in Unix milliseconds: telling it has failed. */
  readonly dueAtMs: number;
  /** In a row. */
  readonly failures: number;
}

interface Row extends Record<string, SqlStorageValue> {
  incarnation: string;
  subscription: string;
  subscription_incarnation: string;
  stream: string;
  linked_from: number;
  notified: number;
  linked_at_ms: number;
  due_at_ms: number;
  failures: number;
}

/** The links. Every append asks for them, so they are kept in memory, and where there are none nothing is read. */
export class LinkRows {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;
  #cached: Map<string, Link> | undefined;

  constructor(sql: SqlStorage, tables: Tables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  get areThere(): boolean {
    return this.#known().size > 0;
  }

  /** All of them, those of ended incarnations too; the oldest first. */
  all(): readonly Link[] {
    return [...this.#known().values()];
  }

  find(incarnation: string, subscription: string): Link | undefined {
    return this.#known().get(keyOf({ incarnation, subscription }));
  }

  /** How many there are of an incarnation. Looks at all of them. */
  count(incarnation: string): number {
    return this.all().filter((link) => link.incarnation === incarnation).length;
  }

  /**
   * A path whose streams come and go while nobody can be told keeps no more promises than {@link ENDED_MAX} to tell so; the
   * oldest go, and their subscriptions learn it from the stream that there is. Must run inside a transaction.
   */
  forgetEnded(current: string): void {
    if (this.#known().size <= ENDED_MAX) return;
    const ended = this.all().filter(({ incarnation }) => incarnation !== current);
    for (const link of ended.slice(0, this.#known().size - ENDED_MAX)) this.remove(link);
  }

  /** Stores a link, new or changed. Must run inside a transaction. */
  put(link: Link): void {
    this.#tables.ensure("link");
    const known = this.#known();
    this.#sql.exec(
      `INSERT INTO link VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (incarnation, subscription) DO UPDATE SET
       subscription_incarnation = excluded.subscription_incarnation, linked_from = excluded.linked_from,
       notified = excluded.notified, linked_at_ms = excluded.linked_at_ms, due_at_ms = excluded.due_at_ms,
       failures = excluded.failures`,
      link.incarnation,
      link.subscription,
      link.subscriptionIncarnation,
      link.stream,
      link.linkedFrom,
      link.notified,
      link.linkedAtMs,
      link.dueAtMs,
      link.failures,
    );
    known.set(keyOf(link), link);
  }

  remove({ incarnation, subscription }: Pick<Link, "incarnation" | "subscription">): void {
    if (!this.#known().delete(keyOf({ incarnation, subscription }))) return;
    this.#sql.exec("DELETE FROM link WHERE incarnation = ? AND subscription = ?", incarnation, subscription);
  }

  /** Forgets what is in memory, when it may say something else than is stored. */
  forget(): void {
    this.#cached = undefined;
  }

  #known(): Map<string, Link> {
    this.#cached ??= new Map(this.#load().map((link) => [keyOf(link), link]));
    return this.#cached;
  }

  #load(): Link[] {
    if (!this.#tables.has("link")) return [];
    return this.#sql
      .exec<Row>("SELECT * FROM link ORDER BY linked_at_ms, subscription")
      .toArray()
      .map((row) => ({
        incarnation: row.incarnation,
        subscription: row.subscription,
        subscriptionIncarnation: row.subscription_incarnation,
        stream: row.stream,
        linkedFrom: row.linked_from,
        notified: row.notified,
        linkedAtMs: row.linked_at_ms,
        dueAtMs: row.due_at_ms,
        failures: row.failures,
      }));
  }
}

function keyOf({ incarnation, subscription }: Pick<Link, "incarnation" | "subscription">): string {
  return `${incarnation} ${subscription}`;
}
