import { protocolError, quote, type ProtocolError } from "../../protocol/errors.ts";
import { STREAM_LINKS_MAX } from "../../protocol/limits.ts";
import { compilePattern } from "../../protocol/subscription/glob.ts";
import { DirectoryTables } from "./directory-tables.ts";
import type {
  ListedSubscription,
  PutSubscriptionOutcome,
  RegisterOutcome,
  Registration,
  RegistrationLimits,
  RemovedExplicit,
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
  | { readonly kind: "begun"; readonly stream: Registration; readonly limits?: RegistrationLimits | undefined }
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
        if (change.kind === "begun") return this.#begin(change.stream, change.limits);
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
    return this.#transaction(() => this.#subscriptions.put(subscription));
  }

  removeSubscription(subscription: SubscriptionRef): void {
    this.#transaction(() => {
      this.#subscriptions.remove(subscription);
    });
  }

  unlisted(subscriptions: readonly SubscriptionRef[]): readonly SubscriptionRef[] {
    return subscriptions.filter((subscription) => !this.#subscriptions.has(subscription));
  }

  subscriptions(after: string, limit: number): SubscriptionPage {
    return this.#subscriptions.page(after, limit);
  }

  putExplicit(subscription: SubscriptionRef, paths: readonly string[]): readonly string[] {
    return this.#transaction(() => this.#subscriptions.putExplicit(subscription, paths));
  }

  removeExplicit(subscription: SubscriptionRef, path: string): RemovedExplicit {
    return this.#subscriptions.removeExplicit(subscription, path);
  }

  loadKeys(): readonly StoredSigningKey[] {
    return this.#storage.kv.get<readonly StoredSigningKey[]>(KEYS_KEY) ?? [];
  }

  saveKeys(keys: readonly StoredSigningKey[]): void {
    this.#storage.kv.put(KEYS_KEY, keys);
  }

  #begin(stream: Registration, limits: RegistrationLimits | undefined): RegisterOutcome {
    const { path } = stream;
    const links = this.#subscriptions.linkedTo(path);
    const refused = limits === undefined ? undefined : this.#problem(path, links, limits);
    if (refused !== undefined) return { links: [], refused };
    this.#streams.put(stream);
    return { links };
  }

  /** Without a limit for the streams nothing is counted, and a count of earlier times is given up in the end. */
  #problem(
    path: string,
    { length }: readonly SubscriptionRef[],
    { streamsMax }: RegistrationLimits,
  ): ProtocolError | undefined {
    if (length > STREAM_LINKS_MAX) return tooManyLinks(path, length);
    const { count } = this.#streams;
    if (streamsMax === undefined) count.notAsked(Date.now());
    else if (!this.#streams.has(path) && count.ask(Date.now()) >= streamsMax) return tooManyStreams(streamsMax);
    return undefined;
  }

  #transaction<T>(write: () => T): T {
    try {
      return this.#storage.transactionSync(write);
    } catch (error) {
      this.#tables.forget();
      this.#streams.count.forget();
      this.#subscriptions.forget();
      throw error;
    }
  }
}

function tooManyLinks(path: string, links: number): ProtocolError {
  return protocolError(
    "TOO_MANY_LINKS",
    `The stream ${quote(path)} would be linked to ${String(links)} subscriptions, and ${String(STREAM_LINKS_MAX)} is the most; delete those that nobody needs, or give them narrower patterns.`,
  );
}

function tooManyStreams(streamsMax: number): ProtocolError {
  return protocolError(
    "TOO_MANY_STREAMS",
    `The project may have ${String(streamsMax)} streams, and has as many; delete some, or have the project's operator raise its limit.`,
  );
}
