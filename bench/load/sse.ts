import type { Client, Dispatcher } from "undici";

/** Called with each piece of the body as it arrives; returning true ends the connection. */
type OnText = (text: string) => boolean;

const SSE_ENDED = new Error("the reader has what it wanted");

/** Follows an SSE answer until `onText` has enough. Rejects when the server ends it before that. */
export function followSse(client: Client, path: string, onText: OnText): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { accept: "text/event-stream" };
    client.dispatch({ method: "GET", path, headers }, new SseHandler(path, onText, resolve, reject));
  });
}

class SseHandler implements Dispatcher.DispatchHandler {
  readonly #path: string;
  readonly #onText: OnText;
  readonly #resolve: () => void;
  readonly #reject: (error: Error) => void;

  constructor(path: string, onText: OnText, resolve: () => void, reject: (error: Error) => void) {
    this.#path = path;
    this.#onText = onText;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(): void {
    // undici asks for the method; there is nothing to do.
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status !== 200) controller.abort(new Error(`GET ${this.#path} was answered with ${status}`));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#onText(chunk.toString("latin1"))) controller.abort(SSE_ENDED);
  }

  onResponseEnd(): void {
    this.#reject(new Error(`the server ended ${this.#path}`));
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (error === SSE_ENDED) this.#resolve();
    else this.#reject(error);
  }
}

const UP_TO_DATE = '"upToDate":true';

/** Everything an SSE reader is sent until it is told that it is up to date. */
export async function readSse(client: Client | undefined, path: string): Promise<string> {
  if (client === undefined) throw new Error("there is no connection");
  const pieces: string[] = [];
  // The mark may come in two pieces.
  let end = "";
  await followSse(client, path, (text) => {
    pieces.push(text);
    const window = end + (text.length > 1024 ? text.slice(-1024) : text);
    end = window.slice(-UP_TO_DATE.length);
    return window.includes(UP_TO_DATE);
  });
  return pieces.join("");
}

/** The data events of an SSE text, each as the text it carries. */
export function dataOf(text: string): string[] {
  return text
    .split("\n\n")
    .filter((event) => event.startsWith("event: data\n"))
    .map((event) =>
      event
        .split("\n")
        .filter((line) => line.startsWith("data:"))
        .map((line) => line.slice("data:".length))
        .join("\n"),
    );
}
