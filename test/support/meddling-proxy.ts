// A proxy that changes what a server says: a fake, only to make happen what no server should do.
import type { IncomingHttpHeaders } from "node:http";
import { startScripted, type ScriptedServer } from "./scripted-server.ts";

interface Exchange {
  readonly method: string;
  readonly path: string;
  /** How many requests of this method came before. */
  readonly index: number;
  readonly isLive: boolean;
  readonly headers: IncomingHttpHeaders;
}

export interface Meddling {
  /** Changes the messages of an answer to a live read of a JSON stream. */
  readonly messages?: (messages: readonly unknown[], exchange: Exchange) => readonly unknown[];
  /** Names of request headers that the server does not get to see. */
  readonly hidden?: readonly string[];
  /** Awaited before the request goes on to the server. */
  readonly before?: (exchange: Exchange) => Promise<void>;
  /** Answers with this status and an error, and asks the server nothing. */
  readonly refusal?: (exchange: Exchange) => number | undefined;
  /** Answers with this status, after the server did what it was asked. */
  readonly status?: (exchange: Exchange) => number | undefined;
}

/** Hop-by-hop headers, and those that the changed body makes wrong. */
const DROPPED = new Set(["connection", "content-length", "content-encoding", "transfer-encoding", "keep-alive"]);

/** Forwards requests to a server one by one; whole answers only, so no server-sent events. */
export function startMeddling(
  server: string,
  { messages, hidden = [], before, refusal, status }: Meddling,
): Promise<ScriptedServer> {
  const counts = new Map<string, number>();
  return startScripted(async (request, response, body) => {
    const { method = "", url = "" } = request;
    const index = counts.get(method) ?? 0;
    counts.set(method, index + 1);
    const { pathname: path } = new URL(url, server);
    const exchange = { method, path, index, isLive: url.includes("live="), headers: request.headers };
    const refused = refusal?.(exchange);
    if (refused !== undefined) {
      const error = { code: "REFUSED", message: "The proxy refuses this." };
      response.writeHead(refused, { "content-type": "application/json" }).end(JSON.stringify({ error }));
      return;
    }
    await before?.(exchange);
    const sent = Object.entries(request.headers).filter(
      ([name]) => !DROPPED.has(name) && name !== "host" && !hidden.includes(name),
    );
    const answer = await fetch(new URL(url, server), {
      method,
      headers: Object.fromEntries(sent.map(([name, value]) => [name, String(value)])),
      ...(method === "GET" || method === "HEAD" ? {} : { body }),
    });
    const content = Buffer.from(await answer.arrayBuffer());
    const headers = Object.fromEntries([...answer.headers].filter(([name]) => !DROPPED.has(name)));
    response.writeHead(status?.(exchange) ?? answer.status, headers);
    const isChanged = messages !== undefined && exchange.isLive && answer.status === 200;
    response.end(isChanged ? JSON.stringify(messages(JSON.parse(content.toString()) as unknown[], exchange)) : content);
  });
}
