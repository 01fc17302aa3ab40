import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startBuilt, type TestServer } from "../support/servers.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startBuilt();
});
afterAll(() => server.stop());

async function readers(): Promise<number> {
  const answer = await fetch(`${server.url}/v1/__ds/streams/default/inspect/watched`);
  return ((await answer.json()) as { readonly readers: number }).readers;
}

/** Readers are counted often enough, and no more. */
async function nextTurn(): Promise<void> {
  await wait(50);
}

function append(): Promise<Response> {
  return fetch(`${server.url}/v1/stream/watched`, {
    method: "POST",
    headers: { "Content-Type": "text/plain" },
    body: "news",
  });
}

// Unnoticed, it would stay for as long as an SSE connection may last, which is more than this test may take.
test("a reader that has gone is noticed as soon as there is something to tell it", { timeout: 50_000 }, async () => {
  await fetch(`${server.url}/v1/stream/watched`, { method: "PUT", headers: { "Content-Type": "text/plain" } });
  const request = get(`${server.url}/v1/stream/watched?offset=now&live=sse`);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  await once(response, "data");
  expect(await readers()).toBe(1);
  response.on("error", () => undefined);
  request.destroy();
  // Once: so much that nobody takes would end the reader by itself.
  await append();
  while ((await readers()) > 0) await nextTurn();
});
