import { hasPending } from "../../protocol/subscription/ack.ts";
import { JOINING } from "./link-kind.ts";
import type { LinkRow } from "./record.ts";
import type { LinkCounts, SubscriptionStorage } from "./subscription-storage.ts";

/** Most paths with pending messages that are remembered by name; past it they are looked for. */
const REMEMBERED_MAX = 1000;

/** How many links further each wake begins to look, where one cannot list all: no more than any wake lists. */
const TURN_LINKS = 500;

/**
 * The linked streams, and which of them have pending messages: looked up once an awakening and remembered, so that
 * neither a notice nor an ack looks at all links.
 */
export class Links {
  readonly #storage: SubscriptionStorage;
  #counts: LinkCounts | undefined;
  /** The paths with pending messages, or that they are too many; `undefined` when not looked up yet. */
  #pending: Set<string> | "many" | undefined;

  constructor(storage: SubscriptionStorage) {
    this.#storage = storage;
  }

  get count(): number {
    return this.#counted().links;
  }

  /** Whether there are explicit links that somebody has not been told of yet. */
  get areJoining(): boolean {
    return this.#counted().joining > 0;
  }

  get havePending(): boolean {
    const known = this.#known();
    if (known !== "many") return known.size > 0;
    if (this.#storage.pendingLinks(1).length > 0) return true;
    this.#pending = new Set();
    return false;
  }

  get(path: string): LinkRow | undefined {
    return this.#storage.link(path);
  }

  /** @param before what {@link get} gave for the path. */
  put(link: LinkRow, before: LinkRow | undefined): void {
    const { links, joining } = this.#counted();
    const known = this.#known();
    this.#storage.putLink(link);
    this.#counts = {
      links: links + (before === undefined ? 1 : 0),
      joining: joining + joiningCount(link) - joiningCount(before),
    };
    if (known === "many") return;
    if (hasPending(link)) known.add(link.path);
    else known.delete(link.path);
    if (known.size > REMEMBERED_MAX) this.#pending = "many";
  }

  remove(link: LinkRow): void {
    const { links, joining } = this.#counted();
    const known = this.#known();
    this.#storage.removeLink(link.path);
    this.#counts = { links: links - 1, joining: joining - joiningCount(link) };
    if (known !== "many") known.delete(link.path);
  }

  /**
   * At most `limit` links with pending messages. Where there are too many for one wake, each generation begins further on,
   * round and round: else those that always have news would keep the later ones from being listed.
   */
  pending(limit: number, generation: number): LinkRow[] {
    const known = this.#known();
    if (known !== "many") return [...known].slice(0, limit).flatMap((path) => this.get(path) ?? []);
    const first = this.#storage.pathAt((generation * TURN_LINKS) % Math.max(1, this.count)) ?? "";
    const found = this.#storage.pendingLinks(limit, first);
    const left = limit - found.length;
    if (left > 0 && first !== "") found.push(...this.#storage.pendingLinks(left, "", first));
    if (found.length < limit) this.#pending = new Set(found.map(({ path }) => path));
    return found;
  }

  /** Forgets what is remembered: it is not known whether all of it was stored. */
  forget(): void {
    this.#counts = undefined;
    this.#pending = undefined;
  }

  #counted(): LinkCounts {
    this.#counts ??= this.#storage.countLinks(JOINING);
    return this.#counts;
  }

  #known(): Set<string> | "many" {
    if (this.#pending !== undefined) return this.#pending;
    const found = this.#storage.pendingLinks(REMEMBERED_MAX + 1);
    this.#pending = found.length > REMEMBERED_MAX ? "many" : new Set(found.map(({ path }) => path));
    return this.#pending;
  }
}

function joiningCount(link: LinkRow | undefined): number {
  return ((link?.kind ?? 0) & JOINING) === 0 ? 0 : 1;
}
