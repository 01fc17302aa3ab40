import { protocolError, type ProtocolError } from "../../protocol/errors.ts";
import { PROJECT_SUBSCRIPTIONS_MAX, STREAM_LINKS_MAX } from "../../protocol/limits.ts";
import { compilePattern } from "../../protocol/subscription/glob.ts";
import type {
  ListedSubscription,
  PutSubscriptionOutcome,
  RemovedExplicit,
  SubscriptionPage,
  SubscriptionRef,
} from "./operations.ts";
import type { PatternRow, SubscriptionRows } from "./subscription-rows.ts";

interface Matcher {
  readonly ref: SubscriptionRef;
  readonly matches: (path: string) => boolean;
  readonly wakeStream: string | undefined;
}

const DONE: PutSubscriptionOutcome = { kind: "done" };

/**
 * The subscriptions, and which of them a stream is linked to. Patterns are compiled once an awakening, at the first
 * registration, and kept in memory.
 */
export class SubscriptionList {
  readonly #rows: SubscriptionRows;
  #matchers: Map<string, Matcher> | undefined;
  #count: number | undefined;

  constructor(rows: SubscriptionRows) {
    this.#rows = rows;
  }

  /**
   * Puts a subscription into the list; refuses one more than a project may have. An earlier one of the id is forgotten, and
   * one that comes after a later one, because it was long under way, is not put there.
   */
  put(subscription: ListedSubscription): PutSubscriptionOutcome {
    const { id, incarnation, pattern, wakeStream, createdAtMs } = subscription;
    const before = this.#rows.find(id);
    if (before?.incarnation === incarnation) return DONE;
    if (before !== undefined && before.createdAtMs > createdAtMs) return { kind: "outdated" };
    this.#count ??= this.#rows.count();
    if (before === undefined && this.#count >= PROJECT_SUBSCRIPTIONS_MAX) return { kind: "refused", error: tooMany() };
    if (before?.hasExplicit === true) this.#rows.removeAllExplicit(id);
    this.#rows.put(subscription);
    if (before === undefined) this.#count++;
    this.#matchers?.delete(id);
    this.#matchers?.set(id, matcherOf({ id, incarnation, pattern, wakeStream }));
    return DONE;
  }

  remove({ id, incarnation }: SubscriptionRef): void {
    const before = this.#rows.find(id);
    if (before?.incarnation !== incarnation) return;
    if (before.hasExplicit) this.#rows.removeAllExplicit(id);
    this.#rows.remove(id);
    if (this.#count !== undefined) this.#count--;
    this.#matchers?.delete(id);
  }

  has({ id, incarnation }: SubscriptionRef): boolean {
    return this.#rows.find(id)?.incarnation === incarnation;
  }

  page(after: string, limit: number): SubscriptionPage {
    return this.#rows.page(after, limit);
  }

  /**
   * Of a subscription that is not in the list nothing is kept: it is being removed, or came too late. Gives the paths that are
   * not kept because as many subscriptions as a stream may be linked to name them already.
   */
  putExplicit(subscription: SubscriptionRef, paths: readonly string[]): readonly string[] {
    const { id, incarnation } = subscription;
    const listed = this.#rows.find(id);
    if (listed?.incarnation !== incarnation) return [];
    const full = paths.filter(
      (path) => this.#rows.countNaming(path) >= STREAM_LINKS_MAX && !this.#rows.isNaming(id, path),
    );
    const kept = paths.filter((path) => !full.includes(path));
    for (const path of kept) this.#rows.putExplicit(subscription, path);
    if (!listed.hasExplicit && kept.length > 0) this.#rows.markExplicit(id);
    return full;
  }

  removeExplicit(subscription: SubscriptionRef, path: string): RemovedExplicit {
    this.#rows.removeExplicit(subscription, path);
    return { isWakeStream: this.wakeStreams().has(path) };
  }

  /**
   * Where the events of pull-wakes go. No pattern links these streams, or two subscriptions whose patterns match each
   * other's would wake each other for ever. Links from before the pull-wake was put into the list stay: each leads to the
   * wake stream of a later subscription, and so no circle of them closes.
   */
  wakeStreams(): ReadonlySet<string> {
    return new Set([...this.#known().values()].flatMap(({ wakeStream }) => wakeStream ?? []));
  }

  /** The subscriptions that name the path, and then those whose pattern it matches; each once, and all of them. */
  linkedTo(path: string): SubscriptionRef[] {
    const links = this.#rows.namingPath(path);
    if (this.wakeStreams().has(path)) return links;
    const named = new Set(links.map(({ id }) => id));
    for (const { ref, matches } of this.#known().values()) {
      if (!named.has(ref.id) && matches(path)) links.push(ref);
    }
    return links;
  }

  /** To be called when a transaction was rolled back: what is in memory may be ahead of what is stored. */
  forget(): void {
    this.#matchers = undefined;
    this.#count = undefined;
  }

  #known(): Map<string, Matcher> {
    this.#matchers ??= new Map(this.#rows.patterns().map((row) => [row.id, matcherOf(row)]));
    return this.#matchers;
  }
}

function matcherOf({ id, incarnation, pattern, wakeStream }: PatternRow): Matcher {
  const ref = { id, incarnation };
  if (pattern === undefined) return { ref, wakeStream, matches: () => false };
  const { matches, prefix } = compilePattern(pattern);
  return { ref, wakeStream, matches: (path) => path.startsWith(prefix) && matches(path) };
}

function tooMany(): ProtocolError {
  return protocolError(
    "TOO_MANY_SUBSCRIPTIONS",
    `The project has ${String(PROJECT_SUBSCRIPTIONS_MAX)} subscriptions, and no more are possible; delete those that nobody needs, or let one pattern cover more streams.`,
  );
}
