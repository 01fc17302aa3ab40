// A server that answers from a script: a fake, only to make happen what real servers do on bad days.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => unknown;

export interface ScriptedServer {
  readonly url: string;
  /** Method and URL of every request so far. */
  readonly requests: readonly string[];
  stop(): Promise<void>;
}

/** Answers the requests with the handlers in turn; the last one answers all that follow. */
export async function startScripted(...handlers: readonly Handler[]): Promise<ScriptedServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const handler = handlers[Math.min(requests.length, handlers.length - 1)];
    requests.push(`${request.method ?? ""} ${request.url ?? ""}`);
    void (async () => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      await handler?.(request, response, Buffer.concat(pieces));
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    requests,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
