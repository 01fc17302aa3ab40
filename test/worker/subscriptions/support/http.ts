import { sendTo, type Send } from "../../support/stream-client.ts";
import { json } from "../../auth/support/guarded-server.ts";

/** A lease as a claim's answer tells it. */
export interface Lease {
  readonly wake_id: string;
  readonly generation: number;
  readonly token: string;
  readonly lease_ttl_ms: number;
  readonly streams: readonly {
    readonly path: string;
    readonly link_type: string;
    readonly acked_offset: string;
    readonly tail_offset: string;
    readonly has_pending: boolean;
  }[];
}

type Fields = Readonly<Record<string, unknown>>;

/** A project of its own, as its clients see it over HTTP. */
export class ProjectClient {
  readonly project: string;
  readonly send: Send;
  /** Behind the origin. */
  readonly root: string;

  constructor(send: Send = sendTo(), project = `p${crypto.randomUUID()}`) {
    this.project = project;
    this.send = send;
    this.root = `/v1/${project}/stream`;
  }

  control(
    method: string,
    path: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    return this.send(`${this.root}/__ds/${path}`, { method, headers, ...json(body) });
  }

  /** Creates a JSON stream, with one message for each that is given. */
  async createStream(path: string, ...messages: readonly unknown[]): Promise<void> {
    const headers = { "Content-Type": "application/json" };
    const answer = await this.send(`${this.root}/${path}`, { method: "PUT", headers, ...json(messages) });
    if (answer.status !== 201) throw new Error(`PUT answered ${String(answer.status)}: ${await answer.text()}`);
  }

  async append(path: string, message: unknown): Promise<void> {
    const headers = { "Content-Type": "application/json" };
    const answer = await this.send(`${this.root}/${path}`, { method: "POST", headers, ...json([message]) });
    if (!answer.ok) throw new Error(`POST answered ${String(answer.status)}: ${await answer.text()}`);
  }

  /** A subscription that is there. */
  async subscribe(fields: Fields, id = `sub-${crypto.randomUUID()}`): Promise<SubscriptionHttp> {
    const subscription = new SubscriptionHttp(this, id);
    const answer = await subscription.put(fields);
    if (answer.status !== 201) throw new Error(`PUT answered ${String(answer.status)}: ${await answer.text()}`);
    await answer.body?.cancel();
    return subscription;
  }

  /** One whose workers claim it, with a wake stream of its own. */
  async pullWake(fields: Fields): Promise<SubscriptionHttp> {
    const wakeStream = `wake/${crypto.randomUUID()}`;
    await this.createStream(wakeStream);
    return this.subscribe({ type: "pull-wake", wake_stream: wakeStream, ...fields });
  }
}

/** One subscription over HTTP. */
export class SubscriptionHttp {
  readonly id: string;
  readonly #project: ProjectClient;

  constructor(project: ProjectClient, id: string) {
    this.#project = project;
    this.id = id;
  }

  put(fields: Fields): Promise<Response> {
    return this.#ask("PUT", "", fields);
  }

  get(query = ""): Promise<Response> {
    return this.#ask("GET", query);
  }

  /** What it is, which has to be there. */
  async facts(query = ""): Promise<Record<string, unknown>> {
    const answer = await this.get(query);
    if (answer.status !== 200) throw new Error(`GET answered ${String(answer.status)}: ${await answer.text()}`);
    return answer.json();
  }

  delete(): Promise<Response> {
    return this.#ask("DELETE", "");
  }

  addStreams(...streams: readonly string[]): Promise<Response> {
    return this.#ask("POST", "/streams", { streams });
  }

  removeStream(path: string): Promise<Response> {
    return this.#ask("DELETE", `/streams/${encodeURIComponent(path)}`);
  }

  claim(worker = "worker-1"): Promise<Response> {
    return this.#ask("POST", "/claim", { worker });
  }

  async claimed(worker?: string): Promise<Lease> {
    const answer = await this.claim(worker);
    if (answer.status !== 200) throw new Error(`claim answered ${String(answer.status)}: ${await answer.text()}`);
    return answer.json<Lease>();
  }

  /** `callback`, `ack` or `release`, with the token of a lease and whatever else is to be said. */
  wake(
    action: "callback" | "ack" | "release",
    lease: Pick<Lease, "wake_id" | "generation" | "token">,
    fields: Fields = {},
  ) {
    const { wake_id, generation, token } = lease;
    return this.#ask("POST", `/${action}`, { wake_id, generation, ...fields }, { Authorization: `Bearer ${token}` });
  }

  #ask(method: string, rest: string, body?: object, headers?: Readonly<Record<string, string>>): Promise<Response> {
    return this.#project.control(method, `subscriptions/${encodeURIComponent(this.id)}${rest}`, body, headers);
  }
}
