import { request, type Agent } from "undici";
import type { Answer } from "./expectation.ts";

export interface Call {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** Talks to one stream of the real server. */
export class StreamHttp {
  readonly url: string;
  readonly #dispatcher: Agent;

  constructor(url: string, dispatcher: Agent) {
    this.url = url;
    this.#dispatcher = dispatcher;
  }

  async send({ method, query = "", headers = {}, body = "" }: Call): Promise<Answer> {
    const response = await request(`${this.url}${query}`, {
      method,
      headers,
      body: body === "" ? null : body,
      dispatcher: this.#dispatcher,
    });
    return { status: response.statusCode, headers: response.headers, body: await response.body.text() };
  }

  /** Follows the stream over SSE until it is up to date; gives the data put together and the last control event. */
  async catchUpBySse(offset: string): Promise<SseCatchUp> {
    const abort = new AbortController();
    const response = await request(`${this.url}?offset=${offset}&live=sse`, {
      dispatcher: this.#dispatcher,
      signal: abort.signal,
    });
    if (response.statusCode !== 200) throw new Error(`SSE was answered with ${String(response.statusCode)}`);
    const isBase64 = response.headers["stream-sse-data-encoding"] === "base64";
    const data: string[] = [];
    let text = "";
    try {
      for await (const chunk of response.body.setEncoding("utf8") as AsyncIterable<string>) {
        text += chunk;
        const events = text.split("\n\n");
        text = events.pop() ?? "";
        for (const event of events) {
          const value = fieldData(event);
          if (event.startsWith("event: data")) data.push(isBase64 ? atob(value) : value);
          if (!event.startsWith("event: control")) continue;
          const control = JSON.parse(value) as SseCatchUp["control"];
          if (control.upToDate === true) return { data, control };
        }
      }
    } finally {
      abort.abort();
      response.body.on("error", () => undefined).destroy();
    }
    throw new Error("the SSE connection ended before it was up to date");
  }
}

export interface SseCatchUp {
  readonly data: readonly string[];
  readonly control: { readonly streamNextOffset: string; readonly upToDate?: boolean; readonly streamClosed?: boolean };
}

/** The lines of `data:` fields, as the standard puts them together. */
function fieldData(event: string): string {
  return event
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(line.startsWith("data: ") ? 6 : 5))
    .join("\n");
}
