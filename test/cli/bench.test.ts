import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BenchResult } from "../../src/cli/bench/bench.ts";
import { runCli, startCli, type RunResult } from "../support/cli.ts";
import { startMeddling, type Meddling } from "../support/meddling-proxy.ts";
import { runAtTerminal } from "../support/terminal.ts";
import { startScripted } from "../support/scripted-server.ts";
import { SERVERS, startReference, type TestServer } from "../support/servers.ts";

const SHORT = ["--duration", "1s", "--warmup", "0s"];

const bench = (server: string, ...args: string[]): Promise<RunResult> => runCli(["bench", "--url", server, ...args]);

function resultOf({ stdout }: RunResult): BenchResult {
  return JSON.parse(stdout) as BenchResult;
}

/** The only server's part of a result. */
function only(run: RunResult): BenchResult["servers"][number] {
  const [server] = resultOf(run).servers;
  if (server === undefined) throw new Error("the result is of no server");
  return server;
}

describe.each(SERVERS)("bench against $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());

  it("bench: every reader of either mode gets every message, and the stream is gone afterwards", async () => {
    const readers = ["--readers", "sse=2,long-poll=2"];
    const run = await bench(server.url, ...SHORT, ...readers, "--writers", "3", "--batch", "4", "--json");
    expect(run).toMatchObject({ code: 0, stderr: "" });
    const { appends, deliveries, verification, errors, stream } = only(run);
    expect(verification).toMatchObject({ ok: true, unverified: 0, foreign: 0, messages: appends.count * 4 * 4 });
    expect(errors).toEqual({});
    expect(deliveries.sse).toMatchObject({ readers: 2, messages: appends.count * 8 });
    expect(deliveries["long-poll"]).toMatchObject({ readers: 2, messages: appends.count * 8 });
    expect(appends.service).toMatchObject({ count: appends.count });
    expect(appends.intended).toBeUndefined();
    expect((await fetch(stream, { method: "HEAD" })).status).toBeGreaterThanOrEqual(404);
  });

  it.each(["text/plain", "application/octet-stream"])("bench: a stream of %s is verified as well", async (type) => {
    const load = ["--readers", "sse=1,long-poll=1", "--size", "1000", "--batch", "2", "--idempotent"];
    const run = await bench(server.url, ...SHORT, ...load, "--content-type", type, "--json");
    expect(run).toMatchObject({ code: 0, stderr: "" });
    const { appends, verification } = only(run);
    expect(verification).toMatchObject({ ok: true, messages: appends.count * 4 });
    expect(appends.bytesPerSecond / appends.messagesPerSecond).toBeCloseTo(1_000, -1);
  });

  it("bench: with a rate, no more is sent than was due, and times are taken from then as well", async () => {
    const run = await bench(server.url, ...SHORT, "--rate", "20", "--json");
    const { appends } = only(run);
    expect(run.code).toBe(0);
    expect(appends.count + (appends.unsent ?? 0)).toBe(20);
    expect(appends.intended?.count).toBe(appends.count);
    expect(appends.intended?.max).toBeGreaterThanOrEqual(appends.service?.max ?? Infinity);
  });

  it("bench: a stream of the user's takes the load at its end and stays", async () => {
    const url = `${server.url}/v1/stream/mine`;
    const headers = { "content-type": "application/json" };
    await fetch(url, { method: "PUT", headers });
    await fetch(url, { method: "POST", headers, body: '{"old":1}' });
    const run = await bench(server.url, "mine", ...SHORT, "--rate", "10", "--json");
    expect(run.code).toBe(0);
    const messages = (await (await fetch(url)).json()) as unknown[];
    expect(messages[0]).toEqual({ old: 1 });
    expect(messages).toHaveLength(1 + only(run).appends.count);
  });
});

// Most of their time is waiting, so they wait together.
describe.concurrent("bench", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startReference();
  });
  afterAll(() => server.stop());

  /** A run with one long-poll reader through a proxy that meddles. */
  async function throughProxy(meddling: Meddling, ...args: string[]): Promise<RunResult> {
    const proxy = await startMeddling(server.url, meddling);
    try {
      return await bench(proxy.url, ...SHORT, "--readers", "long-poll=1", "--rate", "40", "--writers", "1", ...args);
    } finally {
      await proxy.stop();
    }
  }

  it.each<[string, (messages: readonly unknown[]) => readonly unknown[]]>([
    ["missing", (messages) => messages.toSpliced(0, 1)],
    ["duplicate", (messages) => [...messages, ...messages.slice(-1)]],
    ["out-of-order", (messages) => messages.toReversed()],
    ["damaged", ([first, ...rest]) => [{ ...(first as object), p: "changed" }, ...rest]],
  ])("bench: a %s message is found out and named, with exit code 8", async (kind, change) => {
    const messages: Meddling["messages"] = (each, { index }) => (index === 0 ? change(each) : each);
    const run = await throughProxy({ messages }, "--json", "--batch", "3");
    expect(run.code).toBe(8);
    const { verification } = only(run);
    expect(verification.ok).toBe(false);
    expect(verification.first).toMatchObject({ kind, reader: "long-poll 0", writer: 0, chain: 0 });
    expect(verification.violations[kind as keyof typeof verification.violations]).toBeGreaterThan(0);
  });

  it("bench: for people, the first bad message is on a line of its own", async () => {
    const run = await throughProxy(
      { messages: (each, { index }) => (index === 0 ? each.slice(1) : each) },
      "--batch",
      "2",
    );
    expect(run.code).toBe(8);
    expect(run.stdout).toMatch(/^VERIFICATION FAILED: 1 missing, of \d+ messages$/m);
    expect(run.stdout).toMatch(/^first: reader long-poll 0: message \d+ of writer 0 did not come: /m);
  });

  it("bench: appends whose answers fail are counted, and what was stored all the same is no violation", async () => {
    const status: Meddling["status"] = ({ method, index }) => (method === "POST" && index % 4 === 0 ? 503 : undefined);
    const run = await throughProxy({ status }, "--json");
    expect(run.code).toBe(7);
    const { errors, verification } = only(run);
    expect(Object.keys(errors)).toEqual([expect.stringMatching(/^503 /)]);
    expect(verification.ok).toBe(true);
    expect(verification.messages).toBeGreaterThan(only(run).appends.count);
  });

  it("bench: idempotent appends are sent again, and stored once", async () => {
    const status: Meddling["status"] = ({ method, index }) => (method === "POST" && index % 4 === 0 ? 503 : undefined);
    const run = await throughProxy({ status }, "--json", "--idempotent");
    expect(run.code).toBe(7);
    const { verification, appends } = only(run);
    expect(verification).toMatchObject({ ok: true, messages: appends.count });
  });

  it("bench: an append that is refused for good ends it with the exit code of the refusal", async () => {
    const status: Meddling["status"] = ({ method }) => (method === "POST" ? 403 : undefined);
    expect((await throughProxy({ status }, "--json")).code).toBe(4);
  });

  it("bench: two servers take turns, and ratios are printed", async () => {
    const other = await startReference();
    try {
      const run = await bench(server.url, "--compare", other.url, "--duration", "2s", "--warmup", "0s", "--json");
      expect(run.code).toBe(0);
      const { servers, ratios = {} } = resultOf(run);
      expect(servers.map(({ stream }) => new URL(stream).origin)).toEqual([server.url, other.url]);
      expect(servers.every(({ verification }) => verification.ok)).toBe(true);
      expect(Object.keys(ratios)).toEqual(["appends/s", "append p50", "append p99", "sse p50", "sse p99"]);
      expect(ratios["append p50"]).toMatchObject({ rounds: 2 });
    } finally {
      await other.stop();
    }
  });

  it("bench: the token of one server does not go to the other, whose refusal says where its own comes from", async () => {
    const [token, otherToken] = [randomUUID(), randomUUID()];
    const seen: unknown[] = [];
    const other = await startScripted((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(401).end();
    });
    const args = ["bench", "--url", server.url, "--compare", other.url, ...SHORT];
    try {
      const refused = await runCli(args, { env: { DURABLE_STREAMS_TOKEN: token } });
      expect(refused).toMatchObject({ code: 4, stdout: "" });
      expect(refused.stderr).toContain("DURABLE_STREAMS_COMPARE_TOKEN");
      await runCli(args, { env: { DURABLE_STREAMS_TOKEN: token, DURABLE_STREAMS_COMPARE_TOKEN: otherToken } });
      expect(seen.map((each) => each === `Bearer ${otherToken}`)).toEqual([false, true]);
      expect(seen[0]).toBeUndefined();
    } finally {
      await other.stop();
    }
  });

  it("bench: Ctrl-C ends it with the results so far, exit code 130, and without its stream", async () => {
    const child = startCli(["bench", "--url", server.url, "--duration", "10m", "--json", "-v"]);
    const printed = text(child.stdout);
    const [line] = (await once(createInterface({ input: child.stderr }), "line")) as [string];
    expect(line).toMatch(/^The load begins on /);
    child.kill("SIGINT");
    const [code] = (await once(child, "close")) as [number | null];
    expect(code).toBe(130);
    const { interrupted, servers } = JSON.parse(await printed) as BenchResult;
    expect(interrupted).toBe(true);
    expect((await fetch(servers[0]?.stream ?? "", { method: "HEAD" })).status).toBeGreaterThanOrEqual(404);
  });

  it("bench: the report is plain where nobody watches, and says what was verified", async () => {
    const { code, stdout, stderr } = await bench(server.url, ...SHORT, "--rate", "10", "--keep");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^append since due +[\d.]+ ms/m);
    expect(stdout).toMatch(/^delivery, 1 sse +[\d.]+ ms/m);
    expect(stdout).toMatch(/^verified: the reader got every message once, in order and intact/m);
    // eslint-disable-next-line no-control-regex -- none should be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    const [stream = ""] = stdout.split("\n");
    expect((await fetch(stream, { method: "HEAD" })).status).toBe(200);
  });

  it("bench: at a terminal every second has a line on stderr, and -q hides them", async () => {
    const args = ["bench", "--url", server.url, "--duration", "2s", "--warmup", "0s", "--rate", "20"];
    const shown = await runAtTerminal(args, [], {});
    expect(shown.code).toBe(0);
    expect(shown.screen).toMatch(/^ +appends\/s +p50 +p99 +delivered\/s +p50 +p99\r?$/m);
    expect(shown.screen).toMatch(/^ +\d+s +\d+ .*[▁-█]\r?$/m);
    expect(shown.stdout).toMatch(/^verified: /m);
    expect(shown.stdout).not.toContain("appends/s  ");
    expect((await runAtTerminal([...args, "-q"], [], {})).screen).toBe("");
  });

  it.each([
    { args: ["--readers", "5"], says: "--readers" },
    { args: ["--size", "20"], says: "--size 20 is too small" },
    { args: ["--duration", "10"], says: "has no unit" },
    { args: ["mine", "--keep"], says: "--keep does not go with a STREAM" },
    { args: ["mine", "--compare", "http://127.0.0.1:1"], says: "--compare does not go with a STREAM" },
    { args: ["--compare", "nonsense"], says: "nonsense" },
  ])("bench: a wrong command line is exit code 2: $args", async ({ args, says }) => {
    const { code, stdout, stderr } = await bench(server.url, ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(says);
  });

  it("bench: a stream that is not there is exit code 3, and a server that is not there 7", async () => {
    expect(await bench(server.url, "missing", ...SHORT)).toMatchObject({ code: 3, stdout: "" });
    expect(await bench("http://127.0.0.1:1", ...SHORT)).toMatchObject({ code: 7, stdout: "" });
  });
});
