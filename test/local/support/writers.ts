/** One message: who wrote it, and its number among that writer's messages. */
export interface Message {
  readonly writer: number;
  readonly n: number;
}

/** A batch as it was sent, with its fate as the writer knows it. */
export interface Sent {
  readonly messages: readonly Message[];
  acknowledged: boolean;
}

/** Appends batches one after the other, with numbers that go up across restarts of the server. */
export class Writer {
  readonly sent: Sent[] = [];
  readonly #id: number;
  readonly #random: () => number;
  #next = 0;

  constructor(id: number, random: () => number) {
    this.#id = id;
    this.#random = random;
  }

  /** Writes until the server is gone, or `signal` says so. Calls `onAcknowledged` after each acknowledged batch. */
  async write(stream: string, onAcknowledged: () => void, signal: AbortSignal): Promise<void> {
    const over = (): boolean => signal.aborted;
    while (!over()) {
      const sent: Sent = { messages: this.#batch(), acknowledged: false };
      this.sent.push(sent);
      try {
        const response = await fetch(stream, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(sent.messages),
        });
        if (!response.ok) throw new Error(`append was answered with ${response.status}: ${await response.text()}`);
        sent.acknowledged = true;
      } catch (error) {
        if (over()) return;
        throw error;
      }
      onAcknowledged();
    }
  }

  #batch(): Message[] {
    const length = 1 + Math.floor(this.#random() * 4);
    return Array.from({ length }, () => ({ writer: this.#id, n: this.#next++ }));
  }
}

/** Everything the stream holds, read page by page. */
export async function readAll(stream: string): Promise<Message[]> {
  const messages: Message[] = [];
  for (let offset = "-1"; ;) {
    const response = await fetch(`${stream}?offset=${offset}`);
    if (!response.ok) throw new Error(`read was answered with ${response.status}: ${await response.text()}`);
    messages.push(...((await response.json()) as Message[]));
    if (response.headers.has("stream-up-to-date")) return messages;
    offset = response.headers.get("stream-next-offset") ?? "";
  }
}
