import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli, type RunResult } from "../support/cli.ts";
import { startScripted } from "../support/scripted-server.ts";
import { startBuilt, type TestServer } from "../support/servers.ts";

describe("subscriptions", () => {
  let server: TestServer;
  const ds = (args: readonly string[]): Promise<RunResult> =>
    runCli(["subscriptions", ...args], { env: { DURABLE_STREAMS_URL: server.url } });
  const json = async (args: readonly string[]): Promise<unknown> => JSON.parse((await ds([...args, "--json"])).stdout);
  beforeAll(async () => {
    server = await startBuilt();
  });
  afterAll(async () => {
    await server.stop();
  });

  it("create: is repeatable, and another configuration is a conflict with exit code 5", async () => {
    const args = ["create", "hooks", "--pattern", "e/*", "--stream", "x", "--webhook", "http://localhost:9/h"];
    const created = await ds([...args, "--lease", "5s", "--description", "mails"]);
    expect(created.code).toBe(0);
    expect(created.stdout).toMatch(/^webhook +http:\/\/localhost:9\/h$/m);
    expect(created.stdout).toMatch(/^keys at +\S+\/v1\/stream\/__ds\/jwks.json$/m);
    expect(await json([...args, "--lease", "5s", "--description", "mails"])).toMatchObject({
      created: false,
      id: "hooks",
      type: "webhook",
      leaseTtlMs: 5000,
    });
    const other = await ds([...args, "--json"]);
    expect(other.code).toBe(5);
    expect(JSON.parse(other.stdout)).toMatchObject({ error: { code: "SUBSCRIPTION_ALREADY_EXISTS" } });
    expect(other.stdout).toContain("subscriptions show hooks");
    expect(other.stdout).toContain("subscriptions delete hooks");
    expect(other.stdout).not.toMatch(/409|__ds/);
  });

  it("create: makes the wake stream when it is asked to", async () => {
    const args = ["create", "pool", "--pattern", "jobs/**", "--wake-stream", "wake/pool", "--create-wake-stream"];
    expect(await json(args)).toMatchObject({ created: true, type: "pull-wake", wakeStream: "wake/pool" });
    const head = await fetch(`${server.url}/v1/stream/wake/pool`, { method: "HEAD" });
    expect(head.headers.get("content-type")).toBe("application/json");
  });

  it("create: warns of a wake stream that is not there, and not of one that is", async () => {
    const args = ["create", "late", "--pattern", "late/*", "--wake-stream", "wake/late"];
    const made = await ds(args);
    expect(made).toMatchObject({ code: 0 });
    expect(made.stderr).toContain(
      `Warning: The wake stream ${server.url}/v1/stream/wake/late is not there, so nobody is woken. Run the command again with --create-wake-stream.\n`,
    );
    expect((await ds([...args, "--create-wake-stream"])).stderr).not.toContain("Warning");
    expect((await ds(args)).stderr).not.toContain("Warning");
  });

  it("create: a webhook's URL that the server refuses is named, without what may be secret", async () => {
    const { code, stderr } = await ds(["create", "a", "--pattern", "a", "--webhook", "http://u:pw@10.0.0.1/x?key=k"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^Error: --webhook "http:\/\/10\.0\.0\.1\/x" is refused: /);
  });

  it("create: another one of that name can have its streams changed", async () => {
    await ds(["create", "taken", "--stream", "t/1", "--webhook", "http://localhost:9/h"]);
    const { code, stderr } = await ds(["create", "taken", "--stream", "t/2", "--webhook", "http://localhost:9/h"]);
    expect(code).toBe(5);
    expect(stderr).toContain("Its streams can be changed, by: durable-streams subscriptions add, and remove\n");
  });

  it("create: says what is missing or wrong, with exit code 2", async () => {
    for (const args of [
      ["a", "--webhook", "http://localhost:9/"],
      ["a", "--pattern", "e/*"],
      ["a", "--pattern", "e/*", "--wake-stream", "w", "--lease", "11m"],
      ["a", "--pattern", "e/*", "--webhook", "http://localhost:9/", "--wake-stream", "w"],
    ]) {
      expect({ args, ...(await ds(["create", ...args])) }).toMatchObject({ code: 2, stdout: "" });
    }
  });

  it("create: tells all mistakes of a command line at once", async () => {
    const wrong = await ds(["create", "a", "--pattern", "a//b", "--webhook", "ftp://x", "--lease", "11m"]);
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
    expect(wrong.stderr).toContain("--lease 11m is not from");
    expect(wrong.stderr).toContain('The pattern "a//b" has an empty');
    expect(wrong.stderr).toContain('--webhook "ftp://x" is not an https URL.');
  });

  it("create: what the server refuses of the command line is told in sentences, with exit code 2", async () => {
    const refused = async (url: string): Promise<string> => {
      const { code, stdout, stderr } = await ds(["create", "a", "--pattern", "a/*", "--webhook", url]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).not.toMatch(/failed with|__ds/);
      return stderr;
    };
    const plain = await refused("http://example.com/x");
    expect(plain).toContain("must begin with https://, so that nobody on the way reads or changes");
    expect(plain).toContain("http://localhost");
    expect(await refused("https://10.0.0.1/x")).toContain("10.0.0.1 is no public address");
  });

  it("create: what a server without codes refuses begins with its own words, and the status comes last", async () => {
    const foreign = await startScripted((_request, response) => response.writeHead(400).end("no such lease"));
    try {
      const args = ["subscriptions", "create", "a", "--pattern", "a/*", "--wake-stream", "w"];
      const { code, stderr } = await runCli(args, { env: { DURABLE_STREAMS_URL: foreign.url } });
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^Error: The server refuses it: no such lease\. Creating the subscription \S+ failed with 400\.\n/,
      );
    } finally {
      await foreign.stop();
    }
  });

  it("one that is not there is told in a sentence, with the command that lists them", async () => {
    const sentence = `Error: There is no subscription "no such" at ${server.url}.\n`;
    const hint = "Those there are: durable-streams subscriptions list\n";
    const gone = { code: 3, stdout: "", stderr: sentence + hint };
    expect(await ds(["show", "no such"])).toEqual({ ...gone, signal: null });
    expect(await ds(["add", "no such", "a"])).toEqual({ ...gone, signal: null });
    const options = { env: { DURABLE_STREAMS_URL: server.url } };
    expect(await runCli(["work", "no such", "--exec", "cat"], options)).toEqual({ ...gone, signal: null });
  });

  it("show: what it is, and how far it is in its streams, as add and remove change them", async () => {
    await ds(["create", "members", "--stream", "m/1", "--webhook", "http://localhost:9/h"]);
    expect(await ds(["add", "members", "m/2", "m/3"])).toMatchObject({ code: 0, stdout: "" });
    expect(await ds(["remove", "members", "m/1", "m/2"])).toMatchObject({ code: 0, stdout: "" });
    expect((await ds(["show", "members"])).stdout).toMatch(
      /\nSTREAM +LINK +ACKED +PENDING\nm\/3 +explicit +\d{16}_\d{16}\n$/,
    );
    expect(await json(["show", "members"])).toMatchObject({
      id: "members",
      streams: [{ path: "m/3", linkType: "explicit" }],
    });
  });

  it("add and remove: a stream whose name begins with a dash stands behind --", async () => {
    await ds(["create", "dashes", "--stream", "m/1", "--webhook", "http://localhost:9/h"]);
    expect(await ds(["add", "dashes", "-m"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("There is no flag -m for subscriptions add.") as string,
    });
    expect(await ds(["add", "dashes", "--", "-m"])).toMatchObject({ code: 0 });
    expect(await ds(["remove", "--", "dashes", "m/1"])).toMatchObject({ code: 0 });
    expect(await json(["show", "dashes"])).toMatchObject({ streams: [{ path: "-m" }] });
  });

  it("list: all there are, with their patterns", async () => {
    await ds(["create", "listed", "--pattern", "l/**", "--webhook", "http://localhost:9/h"]);
    expect(await json(["list"])).toMatchObject({
      subscriptions: expect.arrayContaining([expect.objectContaining({ id: "listed", pattern: "l/**" })]) as unknown,
    });
    expect((await ds(["list"])).stdout).toMatch(/^listed +webhook +\S+Z +l\/\*\*$/m);
  });

  it("delete: needs a yes, and one that is not there is a success; then it is not found, with exit code 3", async () => {
    await ds(["create", "gone", "--stream", "g", "--webhook", "http://localhost:9/h"]);
    expect(await ds(["delete", "gone"])).toMatchObject({ code: 2 });
    expect(await ds(["delete", "gone", "--yes"])).toMatchObject({ code: 0 });
    expect(await ds(["delete", "gone", "--yes"])).toMatchObject({ code: 0 });
    const shown = await ds(["show", "gone"]);
    expect(shown.code).toBe(3);
    expect(shown.stderr).toContain("subscriptions list");
  });

  it("rotate-key: the new key is among those that are shown", async () => {
    const { kid } = (await json(["rotate-key"])) as { kid: string };
    const { keys } = (await (await fetch(`${server.url}/v1/stream/__ds/jwks.json`)).json()) as {
      keys: { kid: string }[];
    };
    expect(keys.map((key) => key.kid)).toContain(kid);
  });
});
