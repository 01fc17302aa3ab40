/** The default project of a running server, as clients of its subscriptions see it. */
export class ProjectApi {
  readonly root: string;

  constructor(url: string) {
    this.root = `${url}/v1/stream`;
  }

  async createStream(path: string): Promise<void> {
    await this.#ask("PUT", path);
  }

  /** Throws when the append was not acknowledged. */
  async append(path: string, ...messages: readonly unknown[]): Promise<void> {
    await this.#ask("POST", path, messages);
  }

  async subscribe(id: string, fields: object): Promise<void> {
    await this.#ask("PUT", `__ds/subscriptions/${id}`, fields);
  }

  async subscription(id: string): Promise<SubscriptionFacts> {
    return (await this.#ask("GET", `__ds/subscriptions/${id}`)) as SubscriptionFacts;
  }

  /** `undefined` when there is nothing to be had. */
  async claim(id: string, worker: string): Promise<Lease | undefined> {
    const answer = await this.#send("POST", `__ds/subscriptions/${id}/claim`, { worker });
    if (answer.status !== 409) return (await read(answer)) as Lease;
    await answer.body?.cancel();
    return undefined;
  }

  /** Acknowledges all that a lease lists, and ends it; whether that was taken. */
  async ack(id: string, { wake_id, generation, token, streams }: Lease): Promise<boolean> {
    const acks = streams.map(({ path, tail_offset }) => ({ stream: path, offset: tail_offset }));
    const body = { wake_id, generation, acks, done: true };
    const answer = await this.#send("POST", `__ds/subscriptions/${id}/ack`, body, { authorization: `Bearer ${token}` });
    await answer.body?.cancel();
    return answer.ok;
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    return read(await this.#send(method, path, body));
  }

  #send(method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}) {
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    return fetch(`${this.root}/${path}`, {
      method,
      headers: { "content-type": "application/json", ...headers },
      ...content,
    });
  }
}

export interface LinkedStream {
  readonly path: string;
  readonly acked_offset: string;
  readonly tail_offset: string;
}

export interface Lease {
  readonly wake_id: string;
  readonly generation: number;
  readonly token: string;
  readonly streams: readonly LinkedStream[];
}

export interface SubscriptionFacts {
  readonly status: string;
  readonly failure: string | null;
  readonly streams: readonly LinkedStream[];
}

/** How many messages come before an offset. */
export function positionOf(offset: string): number {
  return Number(offset.split("_")[1]);
}

async function read(answer: Response): Promise<unknown> {
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}: ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}
