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
  /** What it says on stderr after its first line. */
  readonly complaints: AsyncIterator<string>;
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

async function startReceiver(port = 0, settings: Readonly<Record<string, string>> = {}): Promise<Receiver> {
  const env = environment({ PORT: String(port), DURABLE_STREAMS_ROOT: `${server.url}/v1/stream`, ...settings });
  const receiver = spawn(NODE, [join(ROOT, "examples/webhook-receiver/receiver.mjs")], { env });
  started.push(receiver);
  const printed = new PrintedLines(receiver);
  const lines = createInterface({ input: receiver.stderr });
  const complaints = lines[Symbol.asyncIterator]();
  const first = await complaints.next();
  return { process: receiver, url: String(first.value).replace("Listening on ", ""), printed, complaints };
}

function send(method: string, path: string, body?: unknown, root = "/v1/stream"): Promise<Response> {
  return fetch(`${server.url}${root}/${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function subscribe(id: string, url: string, root?: string): Promise<void> {
  const body = { type: "webhook", pattern: `${id}/*`, webhook: { url }, lease_ttl_ms: 1000 };
  expect((await send("PUT", `__ds/subscriptions/${id}`, body, root)).status).toBe(201);
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

test.each([
  ["/v1/default/stream", "/v1/stream"],
  ["/v1/stream", "/v1/default/stream"],
])("example webhook-receiver: a subscription made under %s wakes one set to %s", async (made, root) => {
  const id = `of${made.replaceAll("/", "-")}`;
  const receiver = await startReceiver(0, { DURABLE_STREAMS_ROOT: `${server.url}${root}` });
  await subscribe(id, receiver.url, made);
  await send("PUT", `${id}/a`, [1, 2]);
  await receiver.printed.atLeast(2);
  expect(messagesOf(receiver)).toEqual([1, 2]);
});

test("example webhook-receiver: a callback to another origin gets no token, and is told with what to set", async () => {
  const root = `${server.url.replace("127.0.0.1", "localhost")}/v1/stream`;
  const receiver = await startReceiver(0, { DURABLE_STREAMS_ROOT: root });
  await subscribe("elsewhere", receiver.url);
  await send("PUT", "elsewhere/a", [1]);
  const complaint = await receiver.complaints.next();
  const line = String(complaint.value);
  expect(line).toContain(`a callback to elsewhere: ${server.url}/v1/stream/__ds/subscriptions/elsewhere/callback`);
  expect(line).toContain(`begin with ${root}/__ds/`);
  expect(line).toContain("set DURABLE_STREAMS_ROOT");
  expect(receiver.printed.all).toEqual([]);
});
