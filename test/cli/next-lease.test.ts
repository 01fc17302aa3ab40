import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { nextLease } from "../../src/cli/subscriptions/next-lease.ts";
import { RetryClock } from "../../src/client/retry.ts";
import { SubscriptionsClient } from "../../src/client/subscriptions.ts";
import { Transport } from "../../src/client/transport.ts";
import { startScripted, type Handler } from "../support/scripted-server.ts";

const CLAIM = { wake_id: "w_1", generation: 3, token: randomUUID(), lease_ttl_ms: 1000, streams: [] };

/** A server that ends while it refuses: the status has arrived, and what says why has not. */
const cutOff: Handler = (request, response) => {
  response.writeHead(409, { "content-type": "application/json", "content-length": "200" });
  response.write('{"error":{"code":"NO_PEND', () => request.socket.destroy());
};
const granted: Handler = (_request, response) =>
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(CLAIM));

it("a claim that is refused and does not get to say why is made again: the subscription may be held, or have nothing to do", async () => {
  const server = await startScripted(cutOff, granted);
  const transport = new Transport({});
  const client = new SubscriptionsClient(transport, `${server.url}/v1/stream`, { firstMs: 1, giveUpAfterMs: 200 });
  const { signal } = new AbortController();
  const held: string[] = [];
  try {
    const lease = await nextLease({
      client,
      id: "s",
      worker: "me",
      wakes: { next: () => Promise.resolve() },
      once: false,
      signal,
      clock: new RetryClock({ giveUpAfterMs: 1_000, firstMs: 1, signal, onRetry: () => undefined }),
      onHeld: (error) => held.push(error.message),
    });
    expect(lease).toBeDefined();
    expect(server.requests).toHaveLength(2);
    expect(held).toEqual([]);
  } finally {
    await transport.close();
    await server.stop();
  }
});
