import { compilePattern } from "../../protocol/subscription/glob.ts";
import { DirectoryTables } from "./directory-tables.ts";
import type {
  ListedSubscription,
  PutSubscriptionOutcome,
  RegisterOutcome,
  Registration,
  StreamPage,
  StreamRef,
  SubscriptionPage,
  SubscriptionRef,
} from "./operations.ts";
import type { SigningKeyStore, StoredSigningKey } from "./signing-keys.ts";
import { StreamRows } from "./stream-rows.ts";
import { SubscriptionList } from "./subscription-list.ts";
import { SubscriptionRows } from "./subscription-rows.ts";

/** Most streams that one search for those which match a pattern looks at: what it takes is bounded, whatever is found. */
export const MATCHING_MAX_ROWS = 10_000;

/** How many of them are taken from storage at a time. */
const MATCHING_CHUNK_ROWS = 1000;

const KEYS_KEY = "signing-keys";

/** What becomes of the list of streams. */
export type ListChange =
  | { readonly kind: "begun"; readonly stream: Registration }
  | { readonly kind: "ended"; readonly streams: readonly StreamRef[] };

const NOTHING_LINKED: RegisterOutcome = { links: [] };

/** What a directory holds, and every change of it; each is one transaction. */
export class Directory implements SigningKeyStore {
  readonly #storage: DurableObjectStorage;
  readonly #tables: DirectoryTables;
  readonly #streams: StreamRows;
  readonly #subscriptions: SubscriptionList;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#tables = new DirectoryTables(storage);
    this.#streams = new StreamRows(storage.sql, this.#tables);
    this.#subscriptions = new SubscriptionList(new SubscriptionRows(storage.sql, this.#tables));
  }

  /** Makes changes in their order, all or none; an outcome for each. */
  change(changes: readonly ListChange[]): readonly RegisterOutcome[] {
    return this.#transaction(() =>
      changes.map((change): RegisterOutcome => {
        if (change.kind === "begun") {
          this.#streams.put(change.stream);
          return { links: this.#subscriptions.linkedTo(change.stream.path) };
        }
        for (const { path, incarnation } of change.streams) this.#streams.remove(path, incarnation);
        return NOTHING_LINKED;
      }),
    );
  }

  streams(prefix: string, after: string, limit: number): StreamPage {
    return this.#streams.page(prefix, after, limit);
  }

  /** Those that a pattern links: wake streams are none of them. */
  matching(pattern: string, after: string, limit: number): StreamPage & { readonly after: string } {
    const { matches, prefix } = compilePattern(pattern);
    const wakeStreams = this.#subscriptions.wakeStreams();
    const found: Registration[] = [];
    let last = after;
    for (let looked = 0; looked < MATCHING_MAX_ROWS; looked += MATCHING_CHUNK_ROWS) {
      const { streams, more } = this.#streams.page(prefix, last, MATCHING_CHUNK_ROWS);
      for (const [i, stream] of streams.entries()) {
        last = stream.path;
        if (matches(stream.path) && !wakeStreams.has(stream.path)) found.push(stream);
        if (found.length >= limit) return { streams: found, more: more || i + 1 < streams.length, after: last };
      }
      if (!more) return { streams: found, more: false, after: last };
    }
    return { streams: found, more: true, after: last };
  }

  putSubscription(subscription: ListedSubscription): PutSubscriptionOutcome {
    const error = this.#transaction(() => this.#subscriptions.put(subscription));
    return error === undefined ? { kind: "done" } : { kind: "refused", error };
  }

  removeSubscription(subscription: SubscriptionRef): void {
    this.#transaction(() => {
      this.#subscriptions.remove(subscription);
    });
  }

  subscriptions(after: string, limit: number): SubscriptionPage {
    return this.#subscriptions.page(after, limit);
  }

  putExplicit(subscription: SubscriptionRef, paths: readonly string[]): void {
    this.#transaction(() => {
      this.#subscriptions.putExplicit(subscription, paths);
    });
  }

  removeExplicit(subscription: SubscriptionRef, path: string): void {
    this.#subscriptions.removeExplicit(subscription, path);
  }

  loadKeys(): readonly StoredSigningKey[] {
    return this.#storage.kv.get<readonly StoredSigningKey[]>(KEYS_KEY) ?? [];
  }

  saveKeys(keys: readonly StoredSigningKey[]): void {
    this.#storage.kv.put(KEYS_KEY, keys);
  }

  #transaction<T>(write: () => T): T {
    try {
      return this.#storage.transactionSync(write);
    } catch (error) {
      this.#tables.forget();
      this.#subscriptions.forget();
      throw error;
    }
  }
}
