import type { SubscriptionStorage } from "./subscription-storage.ts";

/** Most streams that are remembered; all of their paths are in one row. The oldest goes first. */
const LEFT_OUT_MAX = 100;

/**
 * Wake streams that the subscription watched by name and watches no more. The pattern matches them and does not link them, which
 * only the directory knows; and until they are told that they are not linked, they go on telling what is new.
 */
export class LeftOut {
  readonly #storage: SubscriptionStorage;
  /** Incarnations by path; looked up when first needed. */
  #streams: Map<string, string> | undefined;

  constructor(storage: SubscriptionStorage) {
    this.#storage = storage;
  }

  has(path: string, incarnation: string): boolean {
    return this.#known().get(path) === incarnation;
  }

  /** Only within a commit. */
  put(path: string, incarnation: string): void {
    const known = this.#known();
    known.delete(path);
    known.set(path, incarnation);
    const [oldest] = known.keys();
    if (oldest !== undefined && known.size > LEFT_OUT_MAX) known.delete(oldest);
    this.#storage.putLeftOut([...known]);
  }

  /** Only within a commit: a stream of this path is linked, or may be. */
  remove(path: string): void {
    const known = this.#known();
    if (known.delete(path)) this.#storage.putLeftOut([...known]);
  }

  /** Forgets what is remembered: it is not known whether all of it was stored. */
  forget(): void {
    this.#streams = undefined;
  }

  #known(): Map<string, string> {
    this.#streams ??= new Map(this.#storage.leftOut());
    return this.#streams;
  }
}
