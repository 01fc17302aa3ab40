import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StreamMap } from "../../src/client/operator-types.ts";
import type { Verification } from "../../src/cli/inspect/findings.ts";
import { formatOffset } from "../../src/protocol/offset.ts";
import { runCli, type RunOptions, type RunResult } from "../support/cli.ts";
import { startScripted } from "../support/scripted-server.ts";
import { SERVERS, startBuilt, type TestServer } from "../support/servers.ts";

interface ErrorOutput {
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string };
}

/** Runs a command against a server, with whatever exit code it has. */
function commands(server: () => TestServer) {
  const ds = (args: readonly string[], options: RunOptions = {}): Promise<RunResult> =>
    runCli(args, { ...options, env: { DURABLE_STREAMS_URL: server().url, ...options.env } });
  const done = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await ds(args);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return stdout;
  };
  const failure = async (
    ...args: readonly string[]
  ): Promise<ErrorOutput["error"] & { readonly exit: number | null }> => {
    const { code, stdout } = await ds([...args, "--json"]);
    return { ...(JSON.parse(stdout) as ErrorOutput).error, exit: code };
  };
  return { ds, done, failure };
}

describe.each(SERVERS)("fork against $name", ({ name, start }) => {
  let server: TestServer;
  let count = 0;
  const isOurs = name === "the built server";
  const { ds, done, failure } = commands(() => server);

  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());

  /** A stream of three appends, and the offset after each. */
  async function source(): Promise<{ readonly stream: string; readonly offsets: readonly string[] }> {
    const stream = `src/${String(count++)} é`;
    await done("create", stream, "--content-type", "application/json");
    const offsets: string[] = [];
    for (const data of [`{"n":1}`, `{"n":2}`, `[{"n":3},{"n":4}]`]) {
      offsets.push((JSON.parse(await done("append", stream, data, "--json")) as { nextOffset: string }).nextOffset);
    }
    return { stream, offsets };
  }
  const urlOf = (stream: string): string => `${server.url}/v1/stream/${stream.replace(" é", "%20%C3%A9")}`;

  it("at the end: the fork begins as its source, and neither sees what is appended to the other", async () => {
    const { stream, offsets } = await source();
    const { code, stdout, stderr } = await ds(["fork", stream, "copy"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toBe(`Forked ${urlOf("copy")} from ${urlOf(stream)} at ${offsets[2] ?? ""}\n`);
    await done("append", "copy", `"mine"`);
    await done("append", stream, `"its own"`);
    expect(await done("read", "copy")).toBe(`{"n":1}\n{"n":2}\n{"n":3}\n{"n":4}\n"mine"\n`);
    expect(await done("read", stream)).toBe(`{"n":1}\n{"n":2}\n{"n":3}\n{"n":4}\n"its own"\n`);
  });

  it("--offset and --sub-offset: it inherits up to there, and --json says what it is", async () => {
    const { stream, offsets } = await source();
    const [, second = ""] = offsets;
    const args = ["fork", stream, urlOf("part"), "--offset", second, "--sub-offset", "1", "--ttl", "7d", "--json"];
    const said = JSON.parse(await done(...args)) as object;
    expect(said).toMatchObject({
      stream: urlOf("part"),
      forkedFrom: urlOf(stream),
      offset: second,
      subOffset: 1,
      created: true,
      contentType: "application/json",
      closed: false,
    });
    expect(await done("read", "part")).toBe(`{"n":1}\n{"n":2}\n{"n":3}\n`);
    // The reference server takes a request without a content type for one with the default type.
    if (isOurs) expect(JSON.parse(await done(...args))).toMatchObject({ created: false, offset: second });
    expect(JSON.parse(await done("describe", "part", "--json"))).toMatchObject({ ttlSeconds: 604_800 });
  });

  it("--closed: it holds what it inherits for ever; ours is told when it is there already", async () => {
    const { stream } = await source();
    await done("fork", stream, "snapshot", "--closed");
    expect(JSON.parse(await done("describe", "snapshot", "--json"))).toMatchObject({ closed: true });
    expect((await ds(["append", "snapshot", "1"])).code).toBe(6);
    if (!isOurs) return;
    const again = await ds(["fork", stream, "snapshot", "--closed"]);
    expect(again).toMatchObject({ code: 0, stderr: `Already there: ${urlOf("snapshot")} from ${urlOf(stream)}\n` });
  });

  it("a source that is not there is exit code 3, and is named as the command line named it", async () => {
    const { ds: run } = commands(() => server);
    const { code, stderr } = await run(["fork", "no such", "x"]);
    const sentence = `Error: There is no stream "no such" at ${server.url}.\n`;
    const hint = isOurs ? "Those there are: durable-streams list\n" : "";
    expect({ code, stderr }).toEqual({ code: 3, stderr: sentence + hint });
    expect(await failure("fork", "no such", "x")).toMatchObject({ code: "FORK_SOURCE_NOT_FOUND", exit: 3 });
  });

  it("another stream of that name is exit code 5", async () => {
    const { stream } = await source();
    await done("create", `${stream}-there`, "--content-type", "application/json");
    expect(await failure("fork", stream, `${stream}-there`)).toMatchObject({ exit: 5 });
  });

  it("an offset past the end is exit code 1", async () => {
    const { stream } = await source();
    const { exit, message } = await failure("fork", stream, "x", "--offset", formatOffset(1_000_000));
    expect(exit).toBe(1);
    expect(message).not.toContain("Stream-Fork-Offset");
  });

  it("a source that was deleted: its forks read on, itself it is exit code 3, and forking it exit code 5", async () => {
    const { stream } = await source();
    await done("fork", stream, `${stream}-fork`);
    await done("delete", stream, "--yes");
    expect(await done("read", `${stream}-fork`)).toContain(`{"n":4}`);
    const described = await ds(["describe", stream]);
    expect(described.code).toBe(3);
    expect(described.stderr).toBe(
      `Error: The stream ${JSON.stringify(stream)} at ${server.url} was deleted.\nOnly its forks still read what it held; its name is free again when they are gone.\n`,
    );
    expect((await ds(["read", stream])).code).toBe(3);
    expect((await ds(["append", stream, "1"])).code).toBe(3);
    expect(await failure("fork", stream, "y")).toMatchObject({ exit: 5 });
    expect(await failure("create", stream, "--content-type", "application/json")).toMatchObject({ exit: 5 });
  });

  it("describe tells what the server knows, and nothing where there is nobody to ask", async () => {
    const { stream, offsets } = await source();
    await done("fork", stream, `${stream}-fork`);
    const [of, from] = [await done("describe", `${stream}-fork`), await done("describe", stream)];
    if (isOurs) {
      expect(of).toContain(`forked from   default/${stream} at ${offsets[2] ?? ""}\n`);
      expect(from).toContain(`forks         1: default/${stream}-fork\n`);
      expect(JSON.parse(await done("describe", stream, "--json"))).toMatchObject({ forks: { count: 1 } });
    } else {
      expect(of + from).not.toContain("fork ");
      expect(of).not.toContain("forked from");
    }
  });

  it("export: a fork is exported whole, what it inherits included", async () => {
    const { stream } = await source();
    await done("fork", stream, `${stream}-fork`);
    expect(await done("inspect", "export", `${stream}-fork`, "--to", "raw")).toBe(`[{"n":1},{"n":2},{"n":3},{"n":4}]`);
  });
});

describe("fork, before anything is sent", () => {
  it.each([
    [["a", "http://other.example/v1/stream/b"], "http://other.example"],
    [["a", "b", "--offset", "now"], "--offset now is not an offset."],
    [["a", "b", "--offset=-1"], "A durable-streams server's first one is"],
    [["a", "b", "--sub-offset", "2"], "--sub-offset counts on from --offset, and there is none."],
    [["a", "b", "--sub-offset=-2", "--offset", "x"], "--sub-offset -2 is too small"],
    [["a", "a"], "cannot be a fork of itself"],
    [["a"], "fork needs DST: durable-streams fork SRC DST"],
    [["a", "b", "--ttl", "7d", "--expires-at", "2099-01-01T00:00:00Z"], "exclude each other"],
  ])("%j is a usage error", async (args, says) => {
    const { code, stdout, stderr } = await runCli(["fork", ...args, "--url", "http://127.0.0.1:9"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(says);
    if (args[1]?.includes("other")) expect(stderr).toContain("http://127.0.0.1:9");
  });
});

describe("inspect of forks", () => {
  let server: TestServer;
  const { ds, done } = commands(() => server);

  beforeAll(async () => {
    server = await startBuilt({ vars: { SEGMENT_MAX_MESSAGES: "3" } });
  });
  afterAll(() => server.stop());

  async function sealed(stream: string): Promise<StreamMap> {
    let map: StreamMap;
    do map = JSON.parse(await done("inspect", stream, "--json")) as StreamMap;
    while (map.hot.messages > 0);
    return map;
  }

  it("the map shows ancestry and forks; verify and cat know where its own history begins", async () => {
    await done("create", "root", "--content-type", "application/json");
    await done("append", "root", "[1,2,3,4,5]");
    await done("fork", "root", "child", "--offset", formatOffset(1), "--sub-offset", "3");
    await done("append", "child", `["a","b","c"]`);
    await done("fork", "child", "grandchild");
    await done("append", "grandchild", `"x"`);
    for (const stream of ["root", "child", "grandchild"]) await done("close", stream);
    expect(await sealed("child")).toMatchObject({
      messages: 3,
      tail: formatOffset(7),
      fork: { source: "default/root", offset: formatOffset(1), subOffset: 3, start: formatOffset(4) },
      forks: { count: 1, list: [{ fork: "default/grandchild" }] },
    });
    const table = await done("inspect", "child");
    expect(table).toContain(`forked from   default/root at ${formatOffset(1)} and 3 more\n`);
    expect(table).toContain(`inherits      up to ${formatOffset(4)} from default/root\n`);
    expect(table).toContain(`forks         1\n              default/grandchild\n`);
    expect(table).toContain(`, from ${formatOffset(4)}\n`);
    await sealed("grandchild");
    const deep = await done("inspect", "grandchild");
    expect(deep).toContain(
      `inherits      up to ${formatOffset(4)} from default/root\n              up to ${formatOffset(7)} from default/child\n`,
    );
    await sealed("root");
    for (const [stream, messages] of [
      ["root", 5],
      ["child", 3],
      ["grandchild", 1],
    ] as const) {
      const said = JSON.parse(await done("inspect", "verify", stream, "--json")) as Verification;
      expect(said).toMatchObject({ ok: true, messages, findings: [] });
    }
    const verified = await ds(["inspect", "verify", "grandchild"]);
    expect(verified.stdout).toMatch(/^Intact: 1 segment with 1 message, /);
    expect(verified.stderr).toBe("Not checked: what it inherits from default/root, default/child.\n");
    expect(await done("inspect", "cat", "child", "0")).toContain(`"a"\n`);
    const inherited = await ds(["inspect", "cat", "child", formatOffset(2)]);
    expect(inherited.code).toBe(3);
    expect(inherited.stderr).toBe(
      `Error: The offset ${formatOffset(2)} is inherited: it is kept with default/root.\nRead from it with: durable-streams read child --offset ${formatOffset(2)}\n`,
    );
    expect(await done("read", "grandchild")).toBe(`1\n2\n3\n4\n"a"\n"b"\n"c"\n"x"\n`);
    expect(await done("inspect", "export", "grandchild", "--to", "raw")).toBe(`[1,2,3,4,"a","b","c","x"]`);
  });

  it("a stream that is kept for its forks alone can still be inspected and verified", async () => {
    await done("delete", "root", "--yes");
    expect(await done("inspect", "root")).toContain("state         deleted, kept for its forks (closed)\n");
    expect(JSON.parse(await done("inspect", "root", "--json"))).toMatchObject({ softDeleted: true });
    expect(JSON.parse(await done("inspect", "verify", "root", "--json"))).toMatchObject({ ok: true, messages: 5 });
    expect(await done("inspect", "segments", "root")).toContain("sealed");
    expect(await done("read", "child")).toBe(`1\n2\n3\n4\n"a"\n"b"\n"c"\n`);
  });
});

describe("describe, where the operator API is no help", () => {
  it("a server that never answers there is asked once, and not waited for", async () => {
    const silent = await startScripted(({ method }, response) => {
      if (method === "HEAD") response.writeHead(200, { "content-type": "text/plain", "stream-next-offset": "1" }).end();
    });
    try {
      const { code, stdout, stderr } = await runCli(["describe", "s", "--url", silent.url]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/^next offset +1$/m);
      expect(silent.requests).toEqual(["HEAD /v1/stream/s", "GET /v1/__ds/streams/default/inspect/s"]);
    } finally {
      await silent.stop();
    }
  });
});
