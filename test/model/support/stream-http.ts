import { request, type Agent } from "undici";
import type { Answer } from "./expectation.ts";

export interface Call {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** As much of what operators are told as the model knows. */
export interface Inspection {
  readonly tail: string;
  readonly softDeleted: boolean;
  readonly forks: { readonly count: number; readonly list: readonly { readonly fork: string }[] };
  readonly fork?: { readonly source: string; readonly offset: string; readonly subOffset: number };
  readonly segments: { readonly count: number };
}

const SSE_PATIENCE_MS = 60_000;

/** Talks to one stream of the real server. */
export class StreamHttp {
  readonly url: string;
  readonly #inspectUrl: string;
  readonly #dispatcher: Agent;

  /** @param name `project/path` */
  constructor(server: string, path: string, name: string, dispatcher: Agent) {
    this.url = `${server}${path}`;
    this.#inspectUrl = `${server}/v1/__ds/streams/${name.replace("/", "/inspect/")}`;
    this.#dispatcher = dispatcher;
  }

  /** What operators are told of the stream. */
  async inspect(): Promise<Inspection> {
    const { statusCode, body } = await request(this.#inspectUrl, { dispatcher: this.#dispatcher });
    if (statusCode !== 200) throw new Error(`inspect answered ${String(statusCode)}: ${await body.text()}`);
    return (await body.json()) as Inspection;
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

  /**
   * Follows the stream over SSE until it is up to date; gives all the data and the last control event.
   *
   * @param goOn what to do when it is up to date for the first time; gives the offset to follow it to from there on.
   */
  async catchUpBySse(offset: string, goOn?: () => Promise<string>): Promise<SseCatchUp> {
    const abort = new AbortController();
    const response = await request(`${this.url}?offset=${offset}&live=sse`, {
      dispatcher: this.#dispatcher,
      signal: AbortSignal.any([abort.signal, AbortSignal.timeout(SSE_PATIENCE_MS)]),
    });
    if (response.statusCode !== 200) throw new Error(`SSE was answered with ${String(response.statusCode)}`);
    const isBase64 = response.headers["stream-sse-data-encoding"] === "base64";
    const data: string[] = [];
    let text = "";
    let end: string | undefined;
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
          if (control.upToDate !== true) continue;
          if (goOn !== undefined) end ??= await goOn();
          if (end === undefined || end === control.streamNextOffset) return { data, control };
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
