import { encodeStreamPath } from "../protocol/path.ts";
import { ControlApi, type ControlApiName, type ControlRequest } from "./control-api.ts";
import { isClientError } from "./errors/client-error.ts";
import { NoControlApiError } from "./errors/no-control-api-error.ts";
import type { RetryOptions } from "./retry.ts";
import {
  isAcked,
  isClaim,
  isRotated,
  isSubscription,
  isSubscriptionList,
  toClaim,
  toListed,
  toSubscription,
  type Claim,
  type ListedSubscription,
  type Subscription,
  type SubscriptionLink,
  type SubscriptionRequest,
} from "./subscription-types.ts";
import type { Transport } from "./transport.ts";

/** How far a stream was processed: reading goes on from this offset. */
export interface Ack {
  readonly stream: string;
  readonly offset: string;
}

/** What an ack or a release is shown with. */
export type WakeKey = Pick<Claim, "wakeId" | "generation" | "token">;

export interface AckRequest {
  readonly acks: readonly Ack[];
  /** End the lease with it. */
  readonly done: boolean;
  /** How long it is sent again after failures, in milliseconds: an ack may be repeated, one with `done` is then fenced. */
  readonly giveUpAfterMs: number;
  readonly signal?: AbortSignal | undefined;
}

const SUBSCRIPTIONS: ControlApiName = {
  code: "NO_SUBSCRIPTIONS",
  need: "This needs a server with subscriptions",
  ownNotFound: new Set(["SUBSCRIPTION_NOT_FOUND", "PROJECT_NOT_FOUND"]),
};

/** Cursors that repeat would be followed for ever. */
const PAGES_MAX = 10_000;

/** The subscriptions of one project (sections 6 and 7). Every method throws a `ClientError`. */
export class SubscriptionsClient {
  readonly #api: ControlApi;

  /** `root` is the URL below which the project's streams are. */
  constructor(transport: Transport, root: string, retry: RetryOptions = {}) {
    this.#api = new ControlApi(transport, root, retry, SUBSCRIPTIONS);
  }

  /** Creates a subscription; one that is there already with this very configuration is a success too (section 6.2). */
  async create(
    id: string,
    request: SubscriptionRequest,
    signal?: AbortSignal,
  ): Promise<{ readonly created: boolean; readonly subscription: Subscription }> {
    const { type, pattern, streams, webhookUrl, wakeStream, leaseTtlMs, description } = request;
    const body = {
      type,
      pattern,
      streams,
      ...(webhookUrl === undefined ? {} : { webhook: { url: webhookUrl } }),
      wake_stream: wakeStream,
      lease_ttl_ms: leaseTtlMs,
      description,
    };
    const doing = "Creating the subscription";
    const ask: ControlRequest = { method: "PUT", path: pathOf(id), body, doing, signal };
    const { status, value } = await this.#api.answer(ask, isSubscription);
    return { created: status === 201, subscription: toSubscription(value) };
  }

  /** What the subscription is, with the first page of its streams. */
  async show(id: string, signal?: AbortSignal): Promise<Subscription> {
    return toSubscription(await this.#page(id, undefined, signal));
  }

  /** The streams of a subscription, page by page. */
  async *streams(id: string, signal?: AbortSignal): AsyncGenerator<readonly SubscriptionLink[]> {
    let cursor: string | undefined;
    for (let pages = 0; pages < PAGES_MAX; pages++) {
      const page = await this.#page(id, cursor, signal);
      yield toSubscription(page).streams;
      if (typeof page.next_cursor !== "string" || page.next_cursor === cursor) return;
      cursor = page.next_cursor;
    }
  }

  /** All subscriptions, page by page. An extension of our server. */
  async *list(signal?: AbortSignal): AsyncGenerator<readonly ListedSubscription[]> {
    let cursor: string | undefined;
    for (let pages = 0; pages < PAGES_MAX; pages++) {
      const page = await this.#extension({
        ask: {
          method: "GET",
          path: "subscriptions",
          parameters: { cursor },
          doing: "Listing the subscriptions at",
          signal,
        },
        isExpected: isSubscriptionList,
      });
      yield page.subscriptions.map(toListed);
      if (typeof page.next_cursor !== "string" || page.next_cursor === cursor) return;
      cursor = page.next_cursor;
    }
  }

  /** Deletes a subscription; one that is not there is a success too. */
  delete(id: string, signal?: AbortSignal): Promise<void> {
    return this.#api.send({ method: "DELETE", path: pathOf(id), doing: "Deleting the subscription", signal });
  }

  /** Links streams explicitly; what is linked already stays as it is (section 6.4). */
  addStreams(id: string, streams: readonly string[], signal?: AbortSignal): Promise<void> {
    const doing = "Adding streams to the subscription";
    return this.#api.send({ method: "POST", path: `${pathOf(id)}/streams`, body: { streams }, doing, signal });
  }

  /** Removes an explicit link; that of a matching pattern stays (section 6.4). */
  removeStream(id: string, stream: string, signal?: AbortSignal): Promise<void> {
    const path = `${pathOf(id)}/streams/${encodeStreamPath(stream)}`;
    return this.#api.send({ method: "DELETE", path, doing: "Removing a stream from the subscription", signal });
  }

  /** Makes a new key that webhooks are signed with. An extension of our server. Sent once: each request makes a key. */
  async rotateKey(signal?: AbortSignal): Promise<{ readonly kid: string; readonly signsFrom: string }> {
    const doing = "Rotating the webhooks' key at";
    const { kid, signs_from } = await this.#extension({
      ask: { method: "POST", path: "signing-key/rotate", doing, signal, giveUpAfterMs: 0 },
      isExpected: isRotated,
    });
    return { kid, signsFrom: signs_from };
  }

  /** Claims the lease. Sent once: the lease may have been given although the answer was lost. */
  async claim(id: string, worker: string, signal?: AbortSignal): Promise<Claim> {
    const path = `${pathOf(id)}/claim`;
    const doing = "Claiming the subscription";
    return toClaim(
      await this.#api.json({ method: "POST", path, body: { worker }, doing, signal, giveUpAfterMs: 0 }, isClaim),
    );
  }

  /** Acks, extends the lease, and with `done` ends it. Tells whether there is more to do (section 7.2). */
  async ack(id: string, { wakeId, generation, token }: WakeKey, request: AckRequest): Promise<boolean> {
    const { acks, done, giveUpAfterMs, signal } = request;
    const body = { wake_id: wakeId, generation, acks, ...(done ? { done } : {}) };
    const ask: ControlRequest = { method: "POST", path: `${pathOf(id)}/ack`, body, token, doing: "Acking to", signal };
    const { next_wake } = await this.#api.json({ ...ask, giveUpAfterMs }, isAcked);
    return next_wake;
  }

  /** Gives the lease back; what is pending is told to the next worker. Sent once: the lease ends by itself, too. */
  release(id: string, { wakeId, generation, token }: WakeKey, signal?: AbortSignal): Promise<void> {
    const body = { wake_id: wakeId, generation };
    const path = `${pathOf(id)}/release`;
    return this.#api.send({ method: "POST", path, body, token, doing: "Releasing", signal, giveUpAfterMs: 0 });
  }

  #page(id: string, cursor: string | undefined, signal: AbortSignal | undefined) {
    const doing = "Looking at the subscription";
    return this.#api.json({ method: "GET", path: pathOf(id), parameters: { cursor }, doing, signal }, isSubscription);
  }

  /** Other servers say of these URLs that there is no such subscription. */
  async #extension<T>({
    ask,
    isExpected,
  }: {
    readonly ask: ControlRequest;
    readonly isExpected: (value: unknown) => value is T;
  }): Promise<T> {
    try {
      return await this.#api.json(ask, isExpected);
    } catch (error) {
      if (!isClientError(error) || error.code !== "SUBSCRIPTION_NOT_FOUND") throw error;
      const message = `${ask.doing} ${error.url} failed: the server has subscriptions, and not this extension of ours.`;
      throw new NoControlApiError({ url: error.url, status: 404, code: "NO_SUBSCRIPTIONS", message }, { cause: error });
    }
  }
}

function pathOf(id: string): string {
  return `subscriptions/${encodeURIComponent(id)}`;
}
