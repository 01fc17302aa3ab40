import type { StreamClient } from "./stream-client.ts";

export interface SseControl {
  readonly streamNextOffset: string;
  readonly streamCursor?: string;
  readonly upToDate?: boolean;
  readonly streamClosed?: boolean;
}

export type SseEvent =
  | { readonly kind: "data"; readonly data: string }
  | { readonly kind: "control"; readonly control: SseControl }
  | { readonly kind: "comment" };

/** Reads an SSE answer event by event. Nothing is taken from the server until somebody asks for an event. */
export class SseClient {
  readonly response: Response;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  #text = "";

  constructor(response: Response) {
    if (response.status !== 200 || response.body === null) {
      throw new Error(`an SSE request was answered with ${String(response.status)}`);
    }
    this.response = response;
    this.#reader = (response.body as ReadableStream<Uint8Array>).getReader();
  }

  /** The next event, or `undefined` when the connection is over. */
  async next(): Promise<SseEvent | undefined> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end !== -1) {
        const event = parseEvent(this.#text.slice(0, end));
        this.#text = this.#text.slice(end + 2);
        return event;
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += this.#decoder.decode(value, { stream: true });
    }
  }

  /** The data of all events up to the first control event that `isLast` holds for, and that event. */
  async until(isLast: (control: SseControl) => boolean): Promise<{ data: string[]; control: SseControl }> {
    const data: string[] = [];
    for (;;) {
      const event = await this.next();
      if (event === undefined) throw new Error(`the connection ended after ${String(data.length)} data events`);
      if (event.kind === "data") data.push(event.data);
      if (event.kind === "control" && isLast(event.control)) return { data, control: event.control };
    }
  }

  untilUpToDate(): Promise<{ data: string[]; control: SseControl }> {
    return this.until((control) => control.upToDate === true);
  }

  /** Every event until the server ends the connection. */
  async rest(): Promise<SseEvent[]> {
    const events: SseEvent[] = [];
    for (;;) {
      const event = await this.next();
      if (event === undefined) return events;
      events.push(event);
    }
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}

export async function openSse(stream: StreamClient, offset = "-1", more = ""): Promise<SseClient> {
  return new SseClient(await stream.get(`?offset=${offset}&live=sse${more}`));
}

/** The messages in the data of SSE events of a JSON stream. */
export function sseMessages(data: readonly string[]): unknown[] {
  return data.flatMap((text) => JSON.parse(text) as unknown[]);
}

function parseEvent(text: string): SseEvent {
  const lines = text.split("\n");
  if (lines.every((line) => line.startsWith(":"))) return { kind: "comment" };
  const name = lines.find((line) => line.startsWith("event:"))?.replace(/^event: ?/, "");
  const data = lines
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.replace(/^data: ?/, ""))
    .join("\n");
  if (name === "data") return { kind: "data", data };
  if (name === "control") return { kind: "control", control: JSON.parse(data) as SseControl };
  throw new Error(`an SSE event of no known kind: ${text}`);
}
