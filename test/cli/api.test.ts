import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli, type RunOptions, type RunResult } from "../support/cli.ts";
import { SERVERS, startBuilt, startReference, type TestServer } from "../support/servers.ts";
import { steadyPort } from "../support/steady-port.ts";

interface Printed {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly base64?: string;
}

describe.each(SERVERS)("api against $name", ({ start }) => {
  let server: TestServer;
  const api = (args: readonly string[], options: RunOptions = {}): Promise<RunResult> =>
    runCli(["api", ...args], { ...options, env: { DURABLE_STREAMS_URL: server.url } });

  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());

  it("api: a stream's name is enough, and the body comes out as it is", async () => {
    expect(await api(["PUT", "a/b", "-H", "Content-Type: application/json"])).toMatchObject({ code: 0, stdout: "" });
    expect(await api(["post", "a/b", '{"n":1}'])).toMatchObject({ code: 0 });
    expect(await api(["GET", "a/b"])).toMatchObject({ code: 0, stdout: '[{"n":1}]' });
    expect(await api(["GET", "a/b?offset=now"])).toMatchObject({ code: 0, stdout: "[]" });
  });

  it("api: -i prints the status and the headers first, also where there is no body", async () => {
    await api(["PUT", "head", "-H", "Content-Type: text/plain"]);
    const { stdout } = await api(["HEAD", "head", "-i"]);
    expect(stdout).toMatch(/^200 OK\n/);
    expect(stdout).toMatch(/^stream-next-offset: \S+$/m);
    expect(stdout).toMatch(/\n\n$/);
  });

  it("api: the body may come from stdin, byte for byte", async () => {
    const bytes = Buffer.from([0, 1, 254, 255]);
    await api(["PUT", "bytes", "-H", "Content-Type: application/octet-stream"]);
    expect(await api(["POST", "bytes", "--file", "-"], { input: bytes })).toMatchObject({ code: 0 });
    const { stdout } = await api(["GET", "bytes", "--json"]);
    const printed = JSON.parse(stdout) as Printed;
    expect(printed).toMatchObject({ status: 200, base64: bytes.toString("base64") });
    expect(printed.headers["content-type"]).toBe("application/octet-stream");
  });

  it("api: what the server refuses is printed all the same, and the exit code tells it", async () => {
    const missing = await api(["GET", "missing"]);
    expect(missing.code).toBe(3);
    expect(missing.stdout).not.toBe("");
    await api(["PUT", "clash", "-H", "Content-Type: text/plain"]);
    expect(await api(["PUT", "clash", "-H", "Content-Type: application/json"])).toMatchObject({ code: 5 });
    expect(await api(["POST", "clash", "-H", "Stream-Closed: true"])).toMatchObject({ code: 0 });
    expect(await api(["POST", "clash", "late", "-H", "Content-Type: text/plain"])).toMatchObject({ code: 6 });
    const { stdout, code } = await api(["GET", "missing", "--json"]);
    expect({ code, status: (JSON.parse(stdout) as Printed).status }).toEqual({ code: 3, status: 404 });
  });

  it.each([
    { args: ["FETCH", "a"], says: "is not a method" },
    { args: ["GET", "a", "-H", "no colon"], says: "is not a header" },
    { args: ["POST", "a", "x", "--file", "-"], says: "given twice" },
    { args: ["GET", "http://user:pw@127.0.0.1/x"], says: "carries credentials" },
    { args: ["GET"], says: "path" },
  ])("api: a wrong command line is exit code 2: $args", async ({ args, says }) => {
    const { code, stdout, stderr } = await api(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.toLowerCase()).toContain(says);
    expect(stderr).not.toContain("pw");
  });
});

describe("api: control paths and other servers", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startBuilt();
  });
  afterAll(() => server.stop());

  it("api: a path that begins with a slash is the server's own", async () => {
    const { stdout } = await runCli(["api", "GET", "/v1/health"], { env: { DURABLE_STREAMS_URL: server.url } });
    expect(JSON.parse(stdout)).toMatchObject({ version: expect.any(String) as string });
  });

  it("api: the token goes along and is never printed", async () => {
    const token = `secret-${crypto.randomUUID()}`;
    const env = { DURABLE_STREAMS_URL: server.url, DURABLE_STREAMS_TOKEN: token, DURABLE_STREAMS_DEBUG: "api" };
    const { stdout, stderr } = await runCli(["api", "GET", "nothing"], { env });
    expect(stderr).toContain("authorization=[redacted]");
    expect(stdout + stderr).not.toContain(token);
  });
});

describe("ping", () => {
  let server: TestServer;
  let other: TestServer;
  beforeAll(async () => {
    [server, other] = await Promise.all([startBuilt(), startReference()]);
  });
  afterAll(() => Promise.all([server.stop(), other.stop()]));

  it("ping: prints the connection, a line for each answer, and what they come to", async () => {
    const { code, stdout } = await runCli(["ping", "-c", "3", "--interval", "0", "--url", server.url]);
    const lines = stdout.trimEnd().split("\n");
    expect(code).toBe(0);
    expect(lines).toHaveLength(7);
    expect(lines[0]).toMatch(/^PING http:\/\/\S+\/v1\/health \(127\.0\.0\.1:\d+\): connect [\d.]+ ms$/);
    expect(lines[3]).toMatch(/^seq=3 status=200 time=[\d.]+ ms$/);
    expect(lines[4]).toBe("3 sent, 3 answered");
    // Apart, since opening the connection is in it.
    const first = /time=([\d.]+ ms)$/.exec(lines[1] ?? "")?.[1];
    expect(lines[5]).toBe(`first, which opened the connection: ${first ?? ""}`);
    expect(lines[6]).toMatch(/^others: min [\d.]+ ms, p50 [\d.]+ ms, p99 [\d.]+ ms, max [\d.]+ ms$/);
  });

  it("ping: a stream of any server can be asked for", async () => {
    await runCli(["create", "s", "--url", other.url, "--content-type", "text/plain"]);
    const { code, stdout } = await runCli(["ping", "s", "-c", "2", "--interval", "0", "--url", other.url, "--json"]);
    expect(code).toBe(0);
    const told = JSON.parse(stdout) as { pings: { timeMs: number }[]; firstMs: number; times: object };
    expect(told).toMatchObject({
      pings: [
        { seq: 1, status: 200 },
        { seq: 2, status: 200 },
      ],
    });
    const [first, second] = told.pings.map(({ timeMs }) => timeMs);
    expect(told.firstMs).toBe(first);
    expect(told.times).toEqual({ min: second, p50: second, p99: second, max: second });
  });

  it("ping: a server that is not there is exit code 7, and a stream that is not there 3", async () => {
    const missing = await runCli(["ping", "missing", "-c", "1", "--url", other.url]);
    expect(missing).toMatchObject({ code: 3 });
    expect(missing.stdout).toContain("seq=1 status=404");
    expect(missing.stderr).toContain(`There is no stream "missing" at ${other.url}`);
    const json = await runCli(["ping", "missing", "-c", "1", "--url", other.url, "--json"]);
    expect(json).toMatchObject({ code: 3, stderr: "" });
    expect(JSON.parse(json.stdout)).toMatchObject({ pings: [{ status: 404, error: { code: "STREAM_NOT_FOUND" } }] });
    const gone = await runCli(["ping", "--url", `http://127.0.0.1:${String(await steadyPort())}`]);
    expect(gone).toMatchObject({ code: 7, stdout: "" });
    expect(gone.stderr).toContain("nothing listens there");
  });
});
