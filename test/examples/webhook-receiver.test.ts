// The example as a user runs it: a process of its own, woken by a real server.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "../../scripts/lib/process.mjs";
import { environment, NODE, PrintedLines } from "../support/cli.ts";
import { startBuilt, type TestServer } from "../support/servers.ts";
import { steadyPort } from "../support/steady-port.ts";

interface Receiver {
  readonly process: ChildProcessWithoutNullStreams;
  readonly url: string;
  readonly printed: PrintedLines;
}

let server: TestServer;
const started: ChildProcessWithoutNullStreams[] = [];

beforeAll(async () => {
  server = await startBuilt();
});
afterAll(async () => {
  for (const process of started) process.kill("SIGKILL");
  await server.stop();
});

async function startReceiver(port = 0): Promise<Receiver> {
  const env = environment({ PORT: String(port), DURABLE_STREAMS_ROOT: `${server.url}/v1/stream` });
  const receiver = spawn(NODE, [join(ROOT, "examples/webhook-receiver/receiver.mjs")], { env });
  started.push(receiver);
  const printed = new PrintedLines(receiver);
  const lines = createInterface({ input: receiver.stderr });
  const [line] = (await once(lines, "line")) as [string];
  return { process: receiver, url: line.replace("Listening on ", ""), printed };
}

function send(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(`${server.url}/v1/stream/${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function subscribe(id: string, url: string): Promise<void> {
  const body = { type: "webhook", pattern: `${id}/*`, webhook: { url }, lease_ttl_ms: 1000 };
  expect((await send("PUT", `__ds/subscriptions/${id}`, body)).status).toBe(201);
}

/** What was printed, each message once, in the order of its first coming. */
function messagesOf({ printed }: Receiver): unknown[] {
  return [...new Set(printed.all)].map((line) => (JSON.parse(line) as { message: unknown }).message);
}

test("example webhook-receiver: prints every message of every stream that matches, in order", async () => {
  const receiver = await startReceiver();
  await subscribe("printer", receiver.url);
  await send("PUT", "printer/a", [1, 2]);
  await send("POST", "printer/a", [3]);
  await receiver.printed.atLeast(3);
  expect(messagesOf(receiver)).toEqual([1, 2, 3]);
});

test("example webhook-receiver: killed and started again, it misses nothing", async () => {
  const port = await steadyPort();
  const first = await startReceiver(port);
  await subscribe("killed", first.url);
  await send("PUT", "killed/a", [1]);
  await first.printed.atLeast(1);
  first.process.kill("SIGKILL");
  await once(first.process, "close");
  await send("POST", "killed/a", [2, 3]);
  const second = await startReceiver(port);
  while (!messagesOf(second).includes(3)) await second.printed.atLeast(second.printed.all.length + 1);
  expect(messagesOf(second).slice(-2)).toEqual([2, 3]);
});

test("example webhook-receiver: what the server did not sign is refused and not worked on", async () => {
  const { url, printed } = await startReceiver();
  const now = String(Math.floor(Date.now() / 1000));
  const jwks = (await (await send("GET", "__ds/jwks.json")).json()) as { keys: readonly { kid: string }[] };
  const kid = jwks.keys[0]?.kid ?? "";
  const forged = "A".repeat(86);
  const signatures = [
    undefined,
    "nonsense",
    `t=${now},kid=${kid},ed25519=${forged}`,
    `t=1,kid=${kid},ed25519=${forged}`,
  ];
  for (const signature of [...signatures, `t=${now},kid=ds_unknown,ed25519=${forged}`]) {
    const headers = signature === undefined ? {} : { "webhook-signature": signature };
    expect((await fetch(url, { method: "POST", headers, body: "{}" })).status).toBe(401);
  }
  expect(printed.all).toEqual([]);
});
