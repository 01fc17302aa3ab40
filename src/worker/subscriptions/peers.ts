import type { DirectoryDO } from "../directory/directory-do.ts";
import type {
  ListedSubscription,
  PutSubscriptionOutcome,
  RemovedExplicit,
  StreamPage,
  SubscriptionRef,
  WebhookSigningKey,
} from "../directory/operations.ts";
import { withinTime } from "../segments/within-time.ts";
import type { AppendOutcome, AppendRequest, LinkOutcome } from "../stream/operations.ts";
import type { StreamPeer } from "../stream/stream-peer.ts";
import type { SubscriptionName } from "./operations.ts";

/** How long another object is waited for. */
const PATIENCE_MS = 5000;

/** Streams that are asked something at the same time. */
const AT_ONCE = 16;

interface PeerNamespaces {
  readonly STREAMS: DurableObjectNamespace<StreamPeer>;
  readonly DIRECTORY?: DurableObjectNamespace<DirectoryDO>;
}

/** The other objects of the project, as a subscription asks them. What they do not answer in time is an error. */
export class Peers {
  readonly #env: PeerNamespaces;

  constructor(env: PeerNamespaces) {
    this.#env = env;
  }

  link(project: string, path: string, subscription: SubscriptionRef): Promise<LinkOutcome> {
    return withinTime<LinkOutcome>(PATIENCE_MS, this.#stream(project, path).link(subscription), path);
  }

  position(project: string, path: string): Promise<LinkOutcome> {
    return withinTime<LinkOutcome>(PATIENCE_MS, this.#stream(project, path).position(), path);
  }

  append(project: string, path: string, request: AppendRequest): Promise<AppendOutcome> {
    return this.#stream(project, path).append(request);
  }

  signingKey(project: string): Promise<WebhookSigningKey> {
    return patiently(this.#directory(project).signingKey());
  }

  matching(project: string, pattern: string, after: string, limit: number): Promise<StreamPage & { after: string }> {
    return patiently(this.#directory(project).matching(pattern, after, limit));
  }

  putSubscription(project: string, subscription: ListedSubscription): Promise<PutSubscriptionOutcome> {
    return patiently<PutSubscriptionOutcome>(this.#directory(project).putSubscription(subscription));
  }

  async removeSubscription({ project }: SubscriptionName, subscription: SubscriptionRef): Promise<void> {
    await patiently(this.#directory(project).removeSubscription(subscription));
  }

  putExplicit(project: string, subscription: SubscriptionRef, paths: readonly string[]): Promise<readonly string[]> {
    return patiently<readonly string[]>(this.#directory(project).putExplicit(subscription, paths));
  }

  async removeExplicit(project: string, subscription: SubscriptionRef, path: string): Promise<RemovedExplicit> {
    const removed = this.#directory(project).removeExplicit(subscription, path);
    // The directory of an earlier build does not say.
    return (await patiently<RemovedExplicit | undefined>(removed)) ?? { isWakeStream: false };
  }

  /** A new stub each time: one that saw its object fail stays broken. */
  #stream(project: string, path: string): DurableObjectStub<StreamPeer> {
    return this.#env.STREAMS.getByName(`${project}/${path}`);
  }

  #directory(project: string): DurableObjectStub<DirectoryDO> {
    const { DIRECTORY } = this.#env;
    if (DIRECTORY === undefined)
      throw new Error("The binding DIRECTORY is missing, without which there are no subscriptions.");
    return DIRECTORY.getByName(project);
  }
}

/** Asks for each of many, a few at a time; gives the answers in the order of what was asked for. */
export async function askEach<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  for (let i = 0; i < items.length; i += AT_ONCE) {
    answers.push(...(await Promise.all(items.slice(i, i + AT_ONCE).map(ask))));
  }
  return answers;
}

function patiently<T>(work: Promise<T>): Promise<T> {
  return withinTime(PATIENCE_MS, work, "The directory");
}
