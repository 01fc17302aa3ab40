import { DurableObject } from "cloudflare:workers";
import { GroupCommit } from "../stream/group-commit.ts";
import { Directory, type ListChange } from "./directory.ts";
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
  WebhookPublicKey,
  WebhookSigningKey,
} from "./operations.ts";
import { SigningKeys } from "./signing-keys.ts";

/** What a directory's object needs of its environment: nothing but its storage. */
export type DirectoryEnv = object;

/**
 * The directory of one project: which streams and which subscriptions there are. Its object is named by the project's
 * name. Every change may be asked for again: the second time it changes nothing.
 */
export class DirectoryDO extends DurableObject<DirectoryEnv> {
  readonly #directory: Directory;
  readonly #keys: SigningKeys;
  /** Streams come and go together: those that do at about the same time share a commit. */
  readonly #changes: GroupCommit<ListChange, RegisterOutcome>;

  constructor(ctx: DurableObjectState, env: DirectoryEnv) {
    super(ctx, env);
    this.#directory = new Directory(ctx.storage);
    this.#keys = new SigningKeys(this.#directory, Date.now);
    this.#changes = new GroupCommit({
      commit: (changes) => this.#directory.change(changes),
      durable: () => ctx.storage.sync(),
      afterCommit: () => undefined,
      nextTurn: () => scheduler.wait(0),
      nowMs: Date.now,
    });
  }

  /**
   * Puts a stream into the list, before it is there: an entry of the same path is replaced. Gives what it is to be linked to.
   * With `limits` it may be refused.
   */
  register(stream: Registration, limits?: RegistrationLimits): Promise<RegisterOutcome> {
    return this.#changes.submit({ kind: "begun", stream, limits });
  }

  /** Takes a stream out of the list, unless the entry is that of another stream of the path. */
  async unregister(path: string, incarnation: string): Promise<void> {
    await this.#changes.submit({ kind: "ended", streams: [{ path, incarnation }] });
  }

  /** The same for several. */
  async unregisterAll(streams: readonly StreamRef[]): Promise<void> {
    await this.#changes.submit({ kind: "ended", streams });
  }

  /** Streams whose path begins with `prefix` and comes after `after`, in the order of their paths' bytes. */
  streams(prefix: string, after: string, limit: number): StreamPage {
    return this.#directory.streams(prefix, after, limit);
  }

  /** The same for those that match a pattern; looks at a bounded number of streams, so a page may be short, or empty, and more follow. */
  matching(pattern: string, after: string, limit: number): StreamPage & { readonly after: string } {
    return this.#directory.matching(pattern, after, limit);
  }

  /** Puts a subscription into the list: streams that are registered from now on are linked to it if they match. */
  putSubscription(subscription: ListedSubscription): PutSubscriptionOutcome {
    return this.#directory.putSubscription(subscription);
  }

  /** Takes it out, with the paths that it names, unless the id is another's by now. */
  removeSubscription(subscription: SubscriptionRef): void {
    this.#directory.removeSubscription(subscription);
  }

  /** Which of these are not in the list: they were deleted. */
  unlisted(subscriptions: readonly SubscriptionRef[]): readonly SubscriptionRef[] {
    return this.#directory.unlisted(subscriptions);
  }

  /** Those whose id comes after `after`, in the order of the ids' bytes. */
  subscriptions(after: string, limit: number): SubscriptionPage {
    return this.#directory.subscriptions(after, limit);
  }

  /**
   * Streams registered under one of these paths from now on are linked to the subscription, which is in the list already.
   * Gives the paths that too many name for that.
   */
  putExplicit(subscription: SubscriptionRef, paths: readonly string[]): readonly string[] {
    return this.#directory.putExplicit(subscription, paths);
  }

  removeExplicit(subscription: SubscriptionRef, path: string): RemovedExplicit {
    return this.#directory.removeExplicit(subscription, path);
  }

  /** Those that a receiver of webhooks may meet a signature of, the one that signs first; none before there is a webhook. */
  publicKeys(): readonly WebhookPublicKey[] {
    return this.#keys.publicKeys();
  }

  /** The key that signs at the moment. */
  signingKey(): Promise<WebhookSigningKey> {
    return this.#keys.signingKey();
  }

  /** Makes a new key, which is shown at once and signs when every receiver had time to see it. */
  rotateSigningKey(): Promise<{ readonly kid: string; readonly signsFromMs: number }> {
    return this.#keys.rotate();
  }
}
