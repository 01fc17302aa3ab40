import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PrintedLines, runCli, startCli, type RunResult } from "../support/cli.ts";
import { startScripted, type Handler } from "../support/scripted-server.ts";
import { startBuilt, startReference, type TestServer } from "../support/servers.ts";
import { linesOf } from "./support/appear.ts";

/** Between two Ctrl-C that are not taken for one. */
const SECOND_KEYSTROKE_MS = 300;

let server: TestServer;
let folder: string;
let count = 0;

beforeAll(async () => {
  [server, folder] = await Promise.all([startBuilt(), mkdtemp(join(tmpdir(), "durable-streams-work-"))]);
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A file of this test's own, which its commands write to. */
function file(): string {
  return join(folder, `file-${String(count++)}`);
}

async function append(path: string, messages: readonly number[], { url } = server): Promise<void> {
  const headers = { "content-type": "application/json" };
  const target = `${url}/v1/stream/${path}`;
  await fetch(target, { method: "PUT", headers });
  expect((await fetch(target, { method: "POST", headers, body: JSON.stringify(messages) })).ok).toBe(true);
}

/** A subscription to one stream that holds messages it has not processed. */
async function pending(messages: readonly number[], leaseMs: number, { url } = server) {
  const id = `work-test-${String(count++)}`;
  const stream = `jobs/${id}`;
  await fetch(`${url}/v1/stream/wake/${id}`, { method: "PUT", headers: { "content-type": "application/json" } });
  const body = { type: "pull-wake", streams: [stream], wake_stream: `wake/${id}`, lease_ttl_ms: leaseMs };
  const made = await fetch(`${url}/v1/stream/__ds/subscriptions/${id}`, { method: "PUT", body: JSON.stringify(body) });
  expect(made.status).toBe(201);
  await append(stream, messages, { url, stop: () => Promise.resolve() });
  return { id, stream };
}

async function acked(id: string): Promise<string | undefined> {
  const answer = await fetch(`${server.url}/v1/stream/__ds/subscriptions/${id}`);
  const { streams } = (await answer.json()) as { streams: { acked_offset: string }[] };
  return streams[0]?.acked_offset;
}

const offset = (position: number): string => `${"0".repeat(16)}_${String(position).padStart(16, "0")}`;

/** Waits for a file to appear; not for ever, when its test has failed. */
const untilThere = (path: string): string =>
  `n=0; until test -e ${path} || test $n -gt 1200; do n=$((n+1)); sleep 0.05; done`;

/** The command has heard the first Ctrl-C. */
async function waitingNote(child: ReturnType<typeof startCli>): Promise<void> {
  let said = "";
  for await (const piece of child.stderr as AsyncIterable<Buffer>) {
    said += piece.toString();
    if (said.includes("Another Ctrl-C")) return;
  }
  throw new Error(`it ended, and said only: ${said}`);
}

const work = (args: readonly string[], url = server.url): Promise<RunResult> =>
  runCli(["work", ...args], { env: { DURABLE_STREAMS_URL: url } });
const start = (args: readonly string[]) => startCli(["work", ...args], { env: { DURABLE_STREAMS_URL: server.url } });

describe("work", () => {
  it("runs the command for each batch, with the messages on stdin and their place in the environment", async () => {
    const { id, stream } = await pending([1, 2, 3], 30_000);
    const exec =
      'cat; echo "$DURABLE_STREAMS_STREAM $DURABLE_STREAMS_OFFSET $DURABLE_STREAMS_NEXT_OFFSET"; echo "$DURABLE_STREAMS_SUBSCRIPTION $DURABLE_STREAMS_GENERATION"';
    const done = await work([id, "--exec", exec, "--once", "--batch-messages", "2"]);
    expect(done.code).toBe(0);
    expect(done.stdout.split("\n")).toEqual([
      ...["1", "2", `${stream} ${offset(0)} ${offset(2)}`, `${id} 1`],
      ...["3", `${stream} ${offset(2)} ${offset(3)}`, `${id} 1`, ""],
    ]);
    expect(await acked(id)).toBe(offset(3));
  });

  it("--json: an object a line for each batch, and what the command prints goes to stderr", async () => {
    const { id, stream } = await pending([1, 2], 30_000);
    const done = await work([id, "--exec", "echo said", "--once", "--json"]);
    expect(JSON.parse(done.stdout)).toMatchObject({
      stream,
      messages: 2,
      exitCode: 0,
      acked: true,
      nextOffset: offset(2),
    });
    expect(done.stderr).toContain("said\n");
  });

  it("--once: a command that fails ends it with exit code 1, and the messages stay pending", async () => {
    const { id } = await pending([1], 30_000);
    const failed = await work([id, "--exec", "exit 3", "--once", "--json"]);
    expect(failed.code).toBe(1);
    const [batch, error] = failed.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(batch).toMatchObject({ exitCode: 3, acked: false });
    expect(error).toMatchObject({ error: { code: "COMMAND_FAILED" } });
    expect(await work([id, "--exec", "cat", "--once"])).toMatchObject({ code: 0, stdout: "1\n" });
  });

  it("a command that fails gets the same messages again; Ctrl-C then ends with exit code 130", async () => {
    const id = `made-${String(count++)}`;
    const tried = file();
    const child = start(["--pattern", `${id}/*`, "--exec", `cat; echo x >> ${tried}; test $(wc -l < ${tried}) -ge 2`]);
    const closed = once(child, "close");
    const lines = new PrintedLines(child);
    await once(child.stderr, "data");
    // The subscription begins at the present end of streams: one that comes later is followed from its beginning.
    const stderr = text(child.stderr);
    await subscriptionOf(`${id}/*`);
    await append(`${id}/a`, [7, 8]);
    await lines.atLeast(4);
    child.kill("SIGINT");
    expect(await closed).toEqual([130, null]);
    expect(lines.all).toEqual(["7", "8", "7", "8"]);
    expect(await stderr).toContain("exit code 1");
  });

  it("a stream whose messages fail holds up no other", async () => {
    const id = `made-${String(count++)}`;
    const args = ["--pattern", `${id}/*`, "--once", "--exec", "read first; test $first != 1 && echo $first"];
    expect(await work(args)).toMatchObject({ code: 0, stdout: "" });
    await append(`${id}/a`, [1]);
    await append(`${id}/b`, [2]);
    expect(await work(args)).toMatchObject({ code: 1, stdout: "2\n" });
    expect(await work(args)).toMatchObject({ code: 1, stdout: "" });
  });

  it("a command that takes longer than the lease keeps it by heartbeats", async () => {
    const { id } = await pending([1], 6000);
    const done = await work([id, "--exec", "sleep 7; cat", "--once", "--json"]);
    expect(JSON.parse(done.stdout)).toMatchObject({ generation: 1, acked: true });
    expect(await acked(id)).toBe(offset(1));
  });
});

/** The subscription that a running command makes for a pattern. */
async function subscriptionOf(pattern: string): Promise<string> {
  for (;;) {
    const answer = await fetch(`${server.url}/v1/stream/__ds/subscriptions?limit=1000`);
    const { subscriptions } = (await answer.json()) as { subscriptions: { id: string; pattern: string | null }[] };
    const found = subscriptions.find((each) => each.pattern === pattern);
    if (found !== undefined) return found.id;
    await wait(50);
  }
}

describe("work that breaks off", () => {
  it("killed in the middle: the next one gets the messages that were not acked", async () => {
    const { id } = await pending([1, 2, 3], 2000);
    const began = file();
    const args = [id, "--batch-messages", "1", "--exec"];
    const child = start([...args, `cat >> ${began}; test $(wc -l < ${began}) -lt 2 || sleep 2`]);
    await linesOf(began, 2);
    child.kill("SIGKILL");
    await once(child, "close");
    // On a machine that stands still for the time of a lease not even the first message was acked.
    const rest = (await acked(id)) === offset(0) ? "1\n2\n3\n" : "2\n3\n";
    expect(await work([...args, "cat", "--once"])).toMatchObject({ code: 0, stdout: rest });
    expect(await acked(id)).toBe(offset(3));
  });

  it("a lease that ran out: what the command did is not acked, and whoever came next decides", async () => {
    const { id } = await pending([1], 4000);
    const [began, go] = [file(), file()];
    const child = start([id, "--exec", `cat >> ${began}; ${untilThere(go)}`]);
    const closed = once(child, "close");
    const stderr = text(child.stderr);
    await linesOf(began);
    // It does not get to send heartbeats.
    child.kill("SIGSTOP");
    const other = await work([id, "--exec", "cat", "--once"]);
    expect(other).toMatchObject({ code: 0, stdout: "1\n" });
    await append(`jobs/${id}`, [2]);
    await writeFile(go, "");
    child.kill("SIGCONT");
    // It goes on with what came meanwhile.
    expect(await linesOf(began, 2)).toEqual(["1", "2"]);
    child.kill("SIGINT");
    expect(await closed).toEqual([130, null]);
    expect(await stderr).toContain("The lease was lost");
    expect(await acked(id)).toBe(offset(2));
  });

  it("Ctrl-C lets the running command end, and acks it", async () => {
    const { id } = await pending([1, 2], 30_000);
    const [began, go] = [file(), file()];
    const exec = `cat >> ${began}; ${untilThere(go)}; echo done >> ${began}`;
    const child = start([id, "--batch-messages", "1", "--exec", exec]);
    const closed = once(child, "close");
    await linesOf(began);
    child.kill("SIGINT");
    await writeFile(go, "");
    expect(await closed).toEqual([130, null]);
    expect((await readFile(began, "utf8")).split("\n")).toEqual(["1", "done", ""]);
    expect(await acked(id)).toBe(offset(1));
    // The lease was given back: nobody waits for its end.
    expect(await work([id, "--exec", "cat", "--once"])).toMatchObject({ stdout: "2\n" });
  });

  it("a second Ctrl-C kills the command, and nothing is acked", async () => {
    const { id } = await pending([1], 30_000);
    const began = file();
    const child = start([id, "--exec", `cat >> ${began}; sleep 600`]);
    const closed = once(child, "close");
    await linesOf(began);
    const noted = waitingNote(child);
    child.kill("SIGINT");
    await noted;
    await wait(SECOND_KEYSTROKE_MS);
    child.kill("SIGINT");
    expect(await closed).toEqual([130, null]);
    expect(await work([id, "--exec", "cat", "--once"])).toMatchObject({ stdout: "1\n" });
  });
});

describe("work that cannot be", () => {
  it("says so: no subscription is named, is there, or can be claimed", async () => {
    const webhook = { type: "webhook", streams: ["x"], webhook: { url: "http://localhost:9/" } };
    const url = `${server.url}/v1/stream/__ds/subscriptions/hooks`;
    await fetch(url, { method: "PUT", body: JSON.stringify(webhook) });
    expect(await work(["--exec", "cat"])).toMatchObject({ code: 2 });
    expect(await work(["nobody", "--exec", "cat"])).toMatchObject({ code: 3 });
    expect(await work(["hooks", "--exec", "cat"])).toMatchObject({ code: 5 });
  });
});

it("work: a wake stream or a stream that a server names by a URL leads to no other server, nor does a token", async () => {
  const other = await startScripted((_request, response) => response.writeHead(200).end());
  const away = `${other.url}/v1/stream/x`;
  const subscription = (wakeStream: string): Handler => {
    const facts = { id: "s", type: "pull-wake", streams: [], wake_stream: wakeStream, lease_ttl_ms: 30_000 };
    return (_request, response) => response.end(JSON.stringify(facts));
  };
  const link = { path: away, link_type: "explicit", acked_offset: "-1", tail_offset: "1", has_pending: true };
  const claim = { wake_id: "w", generation: 1, token: "t", streams: [link], lease_ttl_ms: 30_000 };
  const claimed: Handler = (request, response) => {
    if (request.url?.endsWith("/claim") === true) response.end(JSON.stringify(claim));
    else response.writeHead(204).end();
  };
  const servers = await Promise.all([
    startScripted(subscription(away)),
    startScripted(subscription("wake/s"), claimed),
  ]);
  try {
    for (const { url } of servers) {
      const result = await runCli(["work", "s", "--exec", "cat", "--once", "--json", "--url", url], {
        env: { DURABLE_STREAMS_TOKEN: "secret-token" },
      });
      expect(result).toMatchObject({ code: 2 });
      expect(JSON.parse(result.stdout)).toMatchObject({ error: { code: "USAGE" } });
    }
    expect(servers[1].requests).toContain("POST /v1/stream/__ds/subscriptions/s/claim");
    expect(other.requests).toEqual([]);
  } finally {
    await Promise.all([...servers, other].map((each) => each.stop()));
  }
});

it("work: another server's subscriptions are worked on as well, though its offsets count nothing", async () => {
  const reference = await startReference();
  try {
    const { id } = await pending([1, 2, 3], 30_000, reference);
    const args = [id, "--once", "--batch-messages", "2", "--exec"];
    expect(await work([...args, "cat; echo"], reference.url)).toMatchObject({ code: 0, stdout: "1\n2\n\n3\n\n" });
    expect(await work([...args, "cat"], reference.url)).toMatchObject({ code: 0, stdout: "" });
  } finally {
    await reference.stop();
  }
});
