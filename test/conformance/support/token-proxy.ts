// A proxy on loopback that adds a token to each request without one, for a suite that knows of none. Everything else goes
// through as it comes, piece by piece: live reads must not be held up.
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";
import type { TestServer } from "../../support/servers.ts";

/** About one connection (RFC 9110, section 7.6.1). The name of who is asked is passed on, for what answers tell of it. */
const NOT_PASSED_ON = new Set(["connection", "keep-alive"]);

export interface TokenProxy extends TestServer {
  /** How many requests got the token. */
  readonly added: number;
}

/** Listens on 127.0.0.1, and on a free port unless it is told which. */
export async function startTokenProxy(target: string, token: string, port = 0): Promise<TokenProxy> {
  let added = 0;
  const server = createServer((incoming, outgoing) => {
    const headers = passedOn(incoming.rawHeaders);
    if (incoming.headers.authorization === undefined) {
      headers.push("authorization", `Bearer ${token}`);
      added++;
    }
    forward(incoming, outgoing, { target: new URL(target), headers });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    get added() {
      return added;
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

interface Onward {
  readonly target: URL;
  readonly headers: string[];
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, { target, headers }: Onward): void {
  const { method = "GET", url: path = "/" } = incoming;
  const { port } = target;
  // A URL shows an address of version 6 in brackets, and a socket takes it without.
  const hostname = target.hostname.replace(/^\[(.*)\]$/, "$1");
  // A connection of its own: one that is kept may be closed by the server just when it is used again.
  const onward = request({ hostname, port, method, path, agent: false, headers });
  // Whoever stops reading must not leave a live read behind.
  outgoing.once("close", () => onward.destroy());
  onward.once("error", () => outgoing.destroy());
  onward.once("response", (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, passedOn(answer.rawHeaders));
    outgoing.flushHeaders();
    pipeline(answer, outgoing, () => undefined);
  });
  pipeline(incoming, onward, () => undefined);
}

/** Names and values in turn, as they came in. */
function passedOn(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, i) => !NOT_PASSED_ON.has(rawHeaders[i - (i % 2)]?.toLowerCase() ?? ""));
}
