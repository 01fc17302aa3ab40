import { catchUp, type CatchUpOptions } from "./catch-up.ts";
import { deliver, type Delivery } from "./deliver.ts";
import { DirectoryClient } from "./directory.ts";
import { follow, type FollowOptions } from "./follow.ts";
import {
  appendToStream,
  closeStream,
  createStream,
  deleteStream,
  describeStream,
  forkStream,
  type AppendOptions,
  type AppendResult,
  type CreateOptions,
  type CreateResult,
  type ForkOptions,
  type StreamDescription,
} from "./operations.ts";
import { OperatorClient } from "./operator.ts";
import { checksProducers, producerStanding, type ProducerStanding, type StandingRequest } from "./producer-standing.ts";
import { ProjectsClient } from "./projects.ts";
import { withRetries, type RetryOptions } from "./retry.ts";
import { serverMetrics, type ServerMetrics } from "./server-metrics.ts";
import type { StreamBatch } from "./stream-batch.ts";
import { SubscriptionsClient } from "./subscriptions.ts";
import { Transport, type Answer, type Request, type TransportOptions } from "./transport.ts";

export interface StreamClientOptions extends TransportOptions {
  /** When to give up repeating requests that may be repeated (describe, and reads that break off). */
  readonly retry?: RetryOptions | undefined;
}

/**
 * A client for any server of the Durable Streams protocol. A stream is its URL. Every method throws a `ClientError`, or
 * the reason of the signal it was given.
 */
export class StreamClient {
  /** What only our own server can tell of a stream. */
  readonly operator: OperatorClient;
  readonly #transport: Transport;
  readonly #retry: RetryOptions;

  constructor(options: StreamClientOptions = {}) {
    this.#transport = new Transport(options);
    this.#retry = options.retry ?? {};
    this.operator = new OperatorClient(this.#transport, this.#retry);
  }

  /** Creates a stream; one that is there already with the same configuration is a success too (section 5.1). */
  create(url: string, options: CreateOptions = {}): Promise<CreateResult> {
    return createStream(this.#transport, url, options);
  }

  /** Forks a stream of the same server; a fork that is there already just so is a success too (section 4.2). */
  fork(source: string, url: string, options: ForkOptions = {}): Promise<CreateResult> {
    return forkStream(this.#transport, source, url, options);
  }

  /** Sends one append, once. */
  append(url: string, options: AppendOptions): Promise<AppendResult> {
    return appendToStream(this.#transport, url, options);
  }

  /** Appends one batch exactly once, whatever happens to requests and answers on the way (section 5.2.1). */
  deliver(url: string, delivery: Delivery, retry: RetryOptions = {}): Promise<AppendResult> {
    return deliver(this.#transport, url, delivery, { ...this.#retry, ...retry });
  }

  /** Which of a producer's batches the stream waits for (section 5.2.1). Stores nothing. */
  standing(url: string, request: StandingRequest): Promise<ProducerStanding> {
    return producerStanding(this.#transport, url, request, this.#retry);
  }

  /** Whether the server surely checks producers (section 5.2.1); `false` proves nothing. Stores nothing. */
  checksProducers(url: string, request: StandingRequest): Promise<boolean> {
    return checksProducers(this.#transport, url, request, this.#retry);
  }

  /** Closes a stream; one that is closed already is a success too (section 5.3). */
  closeStream(url: string, signal?: AbortSignal): Promise<AppendResult> {
    return closeStream(this.#transport, url, signal);
  }

  delete(url: string, signal?: AbortSignal): Promise<void> {
    return deleteStream(this.#transport, url, signal);
  }

  /** What the stream is and where its tail stands (section 5.5). Repeated while the server cannot be reached. */
  describe(url: string, signal?: AbortSignal): Promise<StreamDescription> {
    return withRetries(() => describeStream(this.#transport, url, signal), { ...this.#retry, signal });
  }

  /** Everything from an offset to the present end. */
  catchUp(url: string, options: CatchUpOptions = {}): AsyncGenerator<StreamBatch> {
    return catchUp(this.#transport, url, { ...options, retry: { ...this.#retry, ...options.retry } });
  }

  /** Everything from an offset on, live, until the stream is closed. */
  follow(url: string, options: FollowOptions = {}): AsyncGenerator<StreamBatch> {
    return follow(this.#transport, url, options);
  }

  /** Sends a request of one's own, once; every status is an answer. */
  send(request: Request): Promise<Answer> {
    return this.#transport.send(request);
  }

  /** The projects of one of our own servers; the origin of the URL counts. */
  projects(server: string): ProjectsClient {
    return new ProjectsClient(this.#transport, server, this.#retry);
  }

  /** What one of our own servers has counted since it began; the origin of the URL counts. */
  metrics(server: string, signal?: AbortSignal): Promise<ServerMetrics> {
    return withRetries(() => serverMetrics(this.#transport, server, signal), { ...this.#retry, signal });
  }

  /** The list of a project's streams; `root` is the URL below which they are. */
  directory(root: string): DirectoryClient {
    return new DirectoryClient(this.#transport, root, this.#retry);
  }

  /** The subscriptions of a project; `root` is the URL below which its streams are. */
  subscriptions(root: string): SubscriptionsClient {
    return new SubscriptionsClient(this.#transport, root, this.#retry);
  }

  /** Drops all connections. The client cannot be used afterwards. */
  async dispose(): Promise<void> {
    await this.#transport.close();
  }
}
