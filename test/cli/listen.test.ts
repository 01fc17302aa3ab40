import type { JsonWebKey } from "node:crypto";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { PrintedLines, runCli, startCli } from "../support/cli.ts";
import { startBuilt, type TestServer } from "../support/servers.ts";
import { answer, type Answer, isSigned, silence, WebhookHandler, type Notification } from "./support/handler.ts";

const DONE = answer(200, { done: true });

const hangUp: Answer = (response) => {
  response.destroy();
};

let server: TestServer;
let count = 0;
const running: Listening[] = [];
const handlers: WebhookHandler[] = [];

beforeAll(async () => {
  server = await startBuilt();
});
afterEach(() => {
  for (const { child } of running.splice(0)) child.kill("SIGKILL");
  for (const handler of handlers.splice(0)) handler.stop();
});
afterAll(async () => {
  await server.stop();
});

interface Listening {
  readonly child: ReturnType<typeof startCli>;
  readonly lines: PrintedLines;
  readonly closed: Promise<unknown[]>;
}

interface Ready {
  readonly subscription: string;
  readonly created: boolean;
  readonly signing: { readonly jwksUrl: string; readonly kid: string };
}

function stream(): string {
  return `orders/${String(count++)}`;
}

async function append(path: string, ...messages: readonly number[]): Promise<void> {
  const headers = { "content-type": "application/json" };
  const target = `${server.url}/v1/stream/${path}`;
  await fetch(target, { method: "PUT", headers });
  expect((await fetch(target, { method: "POST", headers, body: JSON.stringify(messages) })).ok).toBe(true);
}

async function handle(...answers: readonly Answer[]) {
  const handler = new WebhookHandler(...answers);
  handlers.push(handler);
  return { handler, url: await handler.start() };
}

/** Starts the command and waits until it listens. */
async function listen(url: string, ...args: readonly string[]): Promise<Listening & { readonly ready: Ready }> {
  const all = ["listen", "--json", "--forward-to", url, "--port", "0", ...args];
  const child = startCli(all, { env: { DURABLE_STREAMS_URL: server.url } });
  const closed = once(child, "close");
  const lines = new PrintedLines(child);
  child.stderr.resume();
  const listening = { child, lines, closed };
  running.push(listening);
  await lines.atLeast(1, 90_000);
  return { ...listening, ready: JSON.parse(lines.all[0] ?? "") as Ready };
}

function delivery({ lines }: Listening, number: number): unknown {
  return JSON.parse(lines.all[number] ?? "");
}

async function exists(path: string): Promise<boolean> {
  return (await fetch(`${server.url}/v1/stream/${path}`, { method: "GET" })).ok;
}

function callback(
  { callback_url, callback_token, wake_id, generation, streams }: Notification,
  token = callback_token,
) {
  const acks = streams
    .filter((each) => each.has_pending)
    .map((each) => ({ stream: each.path, offset: each.tail_offset }));
  return fetch(callback_url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ wake_id, generation, acks, done: true }),
  });
}

describe("listen", () => {
  it("forwards what is new with a valid signature; done acks it, and Ctrl-C removes what was made", async () => {
    const path = stream();
    await append(path, 1);
    const { handler, url } = await handle(DONE);
    const command = await listen(url, "--stream", path);
    const { subscription, signing } = command.ready;
    await append(path, 2, 3);
    const received = await handler.request(1);
    const { keys } = (await (await fetch(signing.jwksUrl)).json()) as { keys: JsonWebKey[] };
    expect(isSigned(received, keys)).toBe(true);
    expect(received.notification).toMatchObject({ subscription_id: subscription, generation: 1, streams: [{ path }] });
    const [linked] = received.notification.streams;
    await command.lines.atLeast(2);
    expect(delivery(command, 1)).toMatchObject({
      type: "delivery",
      status: 200,
      outcome: "done",
      attempt: 1,
      streams: [path],
    });
    // What comes next begins where this ended.
    await append(path, 4);
    expect((await handler.request(2)).notification.streams[0]?.acked_offset).toBe(linked?.tail_offset);
    command.child.kill("SIGINT");
    expect(await command.closed).toEqual([130, null]);
    expect(await exists(`__ds/subscriptions/${subscription}`)).toBe(false);
    expect(await exists(`listen/${subscription}`)).toBe(false);
  });

  it("a handler that fails gets the same wake again, until it takes it", async () => {
    const path = stream();
    const { handler, url } = await handle(answer(500), hangUp, DONE);
    const command = await listen(url, "--pattern", path);
    await append(path, 1);
    const wakes = [await handler.request(1), await handler.request(2), await handler.request(3)];
    expect(new Set(wakes.map(({ notification }) => notification.wake_id)).size).toBe(1);
    await command.lines.atLeast(4);
    expect([1, 2, 3].map((number) => delivery(command, number))).toMatchObject([
      { status: 500, outcome: "failed", attempt: 1 },
      { outcome: "failed", attempt: 2, failure: expect.stringContaining("127.0.0.1") as unknown },
      { status: 200, outcome: "done", attempt: 3 },
    ]);
  });

  it("a handler that calls back later: its token is checked, its ack is relayed, and a second one is fenced", async () => {
    const path = stream();
    const { handler, url } = await handle(answer(202));
    const command = await listen(url, "--stream", path);
    await append(path, 1);
    const { notification } = await handler.request(1);
    await command.lines.atLeast(2);
    expect(delivery(command, 1)).toMatchObject({ status: 202, outcome: "accepted" });
    expect((await callback(notification, notification.callback_token.toLowerCase())).status).toBe(401);
    const taken = await callback(notification);
    expect({ status: taken.status, body: await taken.json() }).toEqual({
      status: 200,
      body: { ok: true, next_wake: false },
    });
    const late = await callback(notification);
    expect({ status: late.status, body: await late.json() }).toMatchObject({
      status: 409,
      body: { error: { code: "FENCED" } },
    });
  });

  it("a handler that never calls back gets the messages again when the lease has run out", async () => {
    const path = stream();
    const { handler, url } = await handle(answer(202), DONE);
    await listen(url, "--stream", path, "--lease", "1s");
    await append(path, 1);
    const first = (await handler.request(1)).notification;
    const second = (await handler.request(2)).notification;
    expect(second.generation).toBeGreaterThan(first.generation);
    expect(second.streams).toEqual(first.streams);
  });

  it("killed in the middle: a later run of the same name delivers what was not acked", async () => {
    const path = stream();
    const { handler, url } = await handle(silence, DONE);
    const args = [url, "--stream", path, "--lease", "1s", "--name", `dev-${String(count++)}`] as const;
    const first = await listen(...args);
    await append(path, 1);
    const { streams } = (await handler.request(1)).notification;
    first.child.kill("SIGKILL");
    await first.closed;
    await append(path, 2);
    const second = await listen(...args);
    expect(second.ready).toMatchObject({ created: false, subscription: first.ready.subscription });
    const again = (await handler.request(2)).notification.streams;
    expect(again[0]).toMatchObject({ path, acked_offset: streams[0]?.acked_offset });
    await second.lines.atLeast(2);
    second.child.kill("SIGINT");
    await second.closed;
    expect(await exists(`__ds/subscriptions/${second.ready.subscription}`)).toBe(true);
  });
});

it("listen: a wrong command line is told with exit code 2", async () => {
  const ds = (...args: readonly string[]) => runCli(["listen", ...args], { env: { DURABLE_STREAMS_URL: server.url } });
  expect(await ds("--forward-to", "http://localhost:9/")).toMatchObject({ code: 2 });
  expect(await ds("--forward-to", "localhost:9", "--stream", "x")).toMatchObject({ code: 2 });
  const bare = await ds();
  expect(bare.stderr).toContain("listen needs --forward-to, and --pattern or --stream.");
  const wrong = await ds("--forward-to", "localhost:9", "--pattern", "**x", "--lease", "99h", "--name", "a/b");
  expect(wrong).toMatchObject({ code: 2, stdout: "" });
  for (const word of ["--forward-to", "--lease", "--pattern", "--name"]) expect(wrong.stderr).toContain(word);
  expect(await ds("--forward-to", "http://localhost:9/", "--stream", "x", "--name", "a/b")).toMatchObject({ code: 2 });
});
