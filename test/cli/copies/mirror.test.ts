// mirror, as built, between both servers in both directions.
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runCli, type RunResult, startCli } from "../../support/cli.ts";
import { startScripted } from "../../support/scripted-server.ts";
import {
  type GuardedServer,
  startBuilt,
  startGuarded,
  startReference,
  type TestServer,
} from "../../support/servers.ts";
import { append, AWKWARD_JSON, AWKWARD_TEXT, close, create, expectSame, readWhole, remove } from "./support/raw.ts";

let built: TestServer;
let other: TestServer;
let reference: TestServer;
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "durable-streams-mirror-"));
  [built, other, reference] = await Promise.all([startBuilt(), startBuilt(), startReference()]);
});
afterAll(async () => {
  await Promise.all([built.stop(), other.stop(), reference.stop()]);
  await rm(scratch, { recursive: true, force: true });
});

const DIRECTIONS = [
  { name: "from the built server to another one", ends: () => [built, other] as const },
  { name: "from the built server to the reference server", ends: () => [built, reference] as const },
  { name: "from the reference server to the built server", ends: () => [reference, built] as const },
];

let n = 0;
let name: string;
beforeEach(() => {
  name = `m${String(++n)}`;
});

function urlOf(server: { readonly url: string }, stream: string): string {
  return `${server.url}/v1/stream/${stream}`;
}

async function done(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runCli(["mirror", ...args, "--json"]);
  expect(code, `${args.join(" ")}: ${stdout}${stderr}`).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** A mirror that follows, and what it came to. */
function following(...args: readonly string[]): {
  ended: Promise<RunResult>;
  until: (pattern: RegExp) => Promise<void>;
} {
  const child = startCli(["mirror", ...args, "--follow", "--json"], { env: { DURABLE_STREAMS_DEBUG: "api" } });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
  const ended = once(child, "close").then(([code, signal]: unknown[]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout,
    stderr,
  }));
  return {
    ended,
    async until(pattern) {
      const signal = AbortSignal.timeout(60_000);
      while (!pattern.test(stderr)) await once(child.stderr, "data", { signal });
    },
  };
}

describe.each(DIRECTIONS)("mirror $name", ({ ends }) => {
  it.each([
    ["application/octet-stream", Buffer.alloc(2_500_000, Buffer.from([0, 255, 10, 13]))],
    ["text/plain", AWKWARD_TEXT],
    ["application/json", Buffer.from('[{"a":1},"two",[3],null]')],
  ])("%s is there byte for byte, goes on where it ended, and is closed when the source is", async (type, body) => {
    const [from, to] = ends();
    const [source, target] = [urlOf(from, name), urlOf(to, `${name}-copy`)];
    await create(source, { contentType: type });
    await append(source, type, body);
    expect(await done(source, target)).toMatchObject({ resumedAt: 0, closed: false });
    expectSame(await readWhole(target), await readWhole(source));
    const { position } = await done(source, target);
    expect(await done(source, target)).toMatchObject({ resumedAt: position, position, batches: 0 });
    await append(source, type, body);
    await close(source);
    expect(await done(source, target)).toMatchObject({
      resumedAt: position,
      closed: true,
      batches: expect.any(Number) as number,
    });
    expectSame(await readWhole(target), await readWhole(source));
    expect(await done(source, target)).toMatchObject({ batches: 0, closed: true });
  });

  it("--follow: what is appended arrives as the bytes that it is, and the end ends it", async () => {
    const [from, to] = ends();
    const [source, target] = [urlOf(from, name), urlOf(to, `${name}-copy`)];
    await create(source, { contentType: "text/plain" });
    await append(source, "text/plain", "first");
    const mirror = following(source, target);
    // It listens from the end of what it has copied.
    await mirror.until(/< 200.*text\/event-stream/);
    await append(source, "text/plain", AWKWARD_TEXT);
    await append(source, "text/plain", "\r\n");
    await close(source);
    const { code, stdout } = await mirror.ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ closed: true });
    const copy = await readWhole(target);
    expectSame(copy, await readWhole(source));
    expect(copy.closed).toBe(true);
  });

  it("a target that holds something else is refused with 5 and left alone", async () => {
    const [from, to] = ends();
    const [source, target] = [urlOf(from, name), urlOf(to, `${name}-copy`)];
    await create(source, { contentType: "text/plain" });
    await append(source, "text/plain", "mine");
    await create(target, { contentType: "text/plain" });
    await append(target, "text/plain", "theirs");
    expect((await runCli(["mirror", source, target])).code).toBe(5);
    expect((await readWhole(target)).bytes.toString()).toBe("theirs");
  });

  it("a target that somebody else writes to is refused with 5", async () => {
    const [from, to] = ends();
    const [source, target] = [urlOf(from, name), urlOf(to, `${name}-copy`)];
    await create(source, { contentType: "text/plain" });
    await append(source, "text/plain", "mine");
    await done(source, target);
    await append(target, "text/plain", "theirs");
    await append(source, "text/plain", ", and more");
    const { code, stderr } = await runCli(["mirror", source, target]);
    expect(code).toBe(5);
    expect(stderr).toContain("is not a copy of");
  });

  it("a source that was created again is refused with 5, and never mixed with the old one", async () => {
    const [from, to] = ends();
    const [source, target] = [urlOf(from, name), urlOf(to, `${name}-copy`)];
    await create(source, { contentType: "text/plain" });
    await append(source, "text/plain", "the old one");
    await done(source, target);
    await remove(source);
    await create(source, { contentType: "text/plain" });
    await append(source, "text/plain", "the new one, which is longer");
    expect((await runCli(["mirror", source, target])).code).toBe(5);
    expect((await readWhole(target)).bytes.toString()).toBe("the old one");
  });
});

describe("mirror", () => {
  it("awkward JSON stays as it is between servers that keep bytes", async () => {
    const [source, target] = [urlOf(built, name), urlOf(other, name)];
    await create(source, { contentType: "application/json" });
    for (const message of AWKWARD_JSON) await append(source, "application/json", `[${message}]`);
    await done(source, target);
    expect((await readWhole(target)).bytes.toString()).toBe(AWKWARD_JSON.join(","));
  });

  it("goes on to a server that writes JSON anew, and says so", async () => {
    const [source, target] = [urlOf(built, name), urlOf(reference, name)];
    await create(source, { contentType: "application/json" });
    await append(source, "application/json", "[1.0,2]");
    await done(source, target);
    await append(source, "application/json", "[3.50]");
    const { code, stderr } = await runCli(["mirror", source, target]);
    expect(code).toBe(0);
    expect(stderr).toContain("writes JSON anew");
    expect((await readWhole(target)).bytes.toString()).toBe("1,2,3.5");
  });

  it("--checkpoint spares reading the copy from its start, and belongs to one mirror", async () => {
    const [source, target] = [urlOf(reference, name), urlOf(built, name)];
    const checkpoint = join(scratch, `${name}.checkpoint`);
    await create(source, { contentType: "text/plain" });
    await append(source, "text/plain", Buffer.alloc(3 * 1024 * 1024, "x"));
    await done(source, target, "--checkpoint", checkpoint);
    await append(source, "text/plain", "news");
    const { code, stderr } = await runCli(["mirror", source, target, "--checkpoint", checkpoint], {
      env: { DURABLE_STREAMS_DEBUG: "api" },
    });
    expect(code).toBe(0);
    expect(
      stderr.split("\n").filter((line) => line.startsWith(`> GET ${target}`) && line.includes("offset=-1")),
    ).toEqual([]);
    expectSame(await readWhole(target), await readWhole(source));
    const refused = await runCli(["mirror", source, urlOf(built, `${name}-2`), "--checkpoint", checkpoint]);
    expect(refused.code).toBe(5);
    // It only spares work: without it, the same comes out.
    await rm(checkpoint);
    expect(await done(source, target, "--checkpoint", checkpoint)).toMatchObject({ batches: 0 });
    expect(JSON.parse(await readFile(checkpoint, "utf8"))).toMatchObject({ source, target });
  });

  it("--prefix mirrors many streams, by other names too; one that is refused holds up no other", async () => {
    for (const each of ["a", "b", "c/d"]) {
      await create(urlOf(built, `${name}/${each}`), { contentType: "text/plain" });
      await append(urlOf(built, `${name}/${each}`), "text/plain", each);
    }
    const many = ["--prefix", `${name}/`, "--prefix-map", `${name}/=${name}-copy/`];
    expect(await done(built.url, other.url, ...many)).toMatchObject({ streams: 3, unchanged: 0, bytes: 5 });
    await remove(urlOf(built, `${name}/a`));
    await create(urlOf(built, `${name}/a`), { contentType: "text/plain" });
    await append(urlOf(built, `${name}/b`), "text/plain", "more");
    const { code, stdout } = await runCli(["mirror", built.url, other.url, ...many, "--json"]);
    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({ streams: 2, failed: 1, failures: [{ stream: `${name}/a` }] });
    expect((await readWhole(urlOf(other, `${name}-copy/b`))).bytes.toString()).toBe("bmore");
    expect((await readWhole(urlOf(other, `${name}-copy/c/d`))).bytes.toString()).toBe("c/d");
  });

  it.each(["mirror", "mirror verify"])(
    "%s --prefix: one URL, or none, does not say the direction, and is refused with 2 before anything is made",
    async (command) => {
      await create(urlOf(built, `${name}/a`), { contentType: "text/plain" });
      await create(urlOf(other, `${name}/b`), { contentType: "text/plain" });
      for (const urls of [[other.url], []]) {
        const args = [...command.split(" "), "--prefix", `${name}/`, ...urls, "--url", built.url];
        const { code, stderr } = await runCli(args);
        expect(stderr).toContain(`${command} --prefix needs SRC and DST`);
        for (const word of [...urls, `${command} --prefix PREFIX SRC DST`, "--from-context", "--to-context"]) {
          expect(stderr.replace(/\s+/g, " ")).toContain(word);
        }
        expect(code).toBe(2);
      }
      for (const url of [urlOf(built, `${name}/b`), urlOf(other, `${name}/a`)]) {
        expect((await fetch(url, { method: "HEAD" })).status).toBe(404);
      }
    },
  );

  it("--prefix: beside the context of one side a URL is the other side, without one that is the command's server, and which is which is said", async () => {
    const env = { DURABLE_STREAMS_CONFIG_DIR: join(scratch, `${name}-contexts`) };
    for (const [context, server] of [
      ["here", built],
      ["there", other],
    ] as const) {
      const added = await runCli(["context", "add", context, "--url", server.url], { env });
      expect(added.code, added.stderr).toBe(0);
    }
    await create(urlOf(built, `${name}/a`), { contentType: "text/plain" });
    const ends = { source: `${built.url}/v1/stream`, target: `${other.url}/v1/stream` };
    const way = `from ${ends.source} to ${ends.target}`;
    for (const sides of [
      ["--from-context", "here", other.url],
      ["--to-context", "there", built.url],
      ["--from-context", "here", "--to-context", "there"],
      ["--from-context", "here", "--url", other.url],
      ["--to-context", "there", "--url", built.url],
      [built.url, other.url],
    ]) {
      const args = ["--prefix", `${name}/`, ...sides];
      const { code, stderr } = await runCli(["mirror", ...args], { env });
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: `Mirrored 1 stream ${way}, 1 of them without anything new: 0 B sent\n`,
      });
      const json = await runCli(["mirror", ...args, "--json"], { env });
      expect(JSON.parse(json.stdout)).toMatchObject(ends);
      const compared = await runCli(["mirror", "verify", ...args, "--json"], { env });
      expect(JSON.parse(compared.stdout)).toMatchObject({ ...ends, streams: 1, differences: [] });
    }
    const twice = await runCli(["mirror", "--prefix", name, "--from-context", "here", built.url, other.url], { env });
    expect(twice.code).toBe(2);
    expect(twice.stderr).toContain("Leave out --from-context, or SRC.");
  });

  it("--prefix --follow follows streams that are created later, and ends in order", async () => {
    await create(urlOf(built, `${name}/a`), { contentType: "text/plain" });
    const child = startCli(["mirror", built.url, other.url, "--prefix", `${name}/`, "--follow"], {
      env: { DURABLE_STREAMS_DEBUG: "api" },
    });
    const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
    let stderr = "";
    child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    const signal = AbortSignal.timeout(60_000);
    const until = async (pattern: string): Promise<void> => {
      while (!stderr.includes(pattern)) await once(child.stderr, "data", { signal });
    };
    await until(`> GET ${urlOf(built, `${name}/a`)}?live=sse`);
    await create(urlOf(built, `${name}/b`), { contentType: "text/plain" });
    await append(urlOf(built, `${name}/b`), "text/plain", "later");
    await until(`> GET ${urlOf(built, `${name}/b`)}?live=sse`);
    child.kill("SIGINT");
    expect(await closed).toEqual([130, null]);
    const way = `from ${built.url}/v1/stream to ${other.url}/v1/stream`;
    expect(stderr).toContain(`Interrupted: mirrored 5 B ${way}; the same command goes on.\n`);
    expect((await readWhole(urlOf(other, `${name}/b`))).bytes.toString()).toBe("later");
  });

  it("Ctrl-C ends a follower with 130, and the same command goes on", async () => {
    const [source, target] = [urlOf(built, name), urlOf(other, name)];
    await create(source, { contentType: "application/json" });
    await append(source, "application/json", "[1]");
    const child = startCli(["mirror", source, target, "--follow"], { env: { DURABLE_STREAMS_DEBUG: "api" } });
    const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
    let stderr = "";
    child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    while (!/< 200.*text\/event-stream/.test(stderr)) await once(child.stderr, "data");
    child.kill("SIGINT");
    expect(await closed).toEqual([130, null]);
    expect(stderr).toContain(
      `Interrupted: mirrored 1 message from ${source} to ${target}; the same command goes on.\n`,
    );
    await append(source, "application/json", "[2]");
    expect(await done(source, target)).toMatchObject({ resumedAt: 1, position: 2 });
  });

  it("a request of a run that was killed, arriving late, makes nothing double and loses nothing", async () => {
    const source = urlOf(built, name);
    await create(source, { contentType: "text/plain" });
    await append(source, "text/plain", "one,");
    // Between mirror and target: it holds the first batch back until the second run has sent its own.
    const isBatch = (method: string | undefined, producer: unknown, seq: unknown): boolean =>
      method === "POST" && producer !== undefined && seq !== String(Number.MAX_SAFE_INTEGER);
    let held: (() => Promise<unknown>) | undefined;
    let noticed: () => void = () => undefined;
    const holding = new Promise<void>((resolve) => (noticed = resolve));
    const proxy = await startScripted(async ({ method = "", url = "", headers }, response, body) => {
      const sent = Object.entries(headers).filter(([key]) => !["host", "connection", "content-length"].includes(key));
      const forward = () =>
        fetch(new URL(url, other.url), {
          method,
          headers: Object.fromEntries(sent.map(([key, value]) => [key, String(value)])),
          ...(method === "POST" || method === "PUT" ? { body: new Uint8Array(body) } : {}),
        });
      if (isBatch(method, headers["producer-id"], headers["producer-seq"])) {
        if (held === undefined) {
          held = forward;
          noticed();
          return;
        }
        await held();
        held = () => Promise.resolve();
      }
      const answer = await forward();
      const content = Buffer.from(await answer.arrayBuffer());
      const kept = [...answer.headers].filter(
        ([key]) => !/^(?:content-(?:length|encoding)|transfer-|connection|keep-)/.test(key),
      );
      response.writeHead(answer.status, Object.fromEntries(kept));
      response.end(content);
    });
    try {
      const target = urlOf(proxy, `${name}-copy`);
      const killed = startCli(["mirror", source, target]);
      const ended = once(killed, "close");
      await holding;
      killed.kill("SIGKILL");
      await ended;
      // The second run reads more than the first one did, so its batch is another one under the same number.
      await append(source, "text/plain", "two");
      expect(await done(source, target)).toMatchObject({ position: 7 });
      expect((await readWhole(urlOf(other, `${name}-copy`))).bytes.toString()).toBe("one,two");
    } finally {
      await proxy.stop();
    }
  });
});

describe("mirror between servers that ask for tokens", () => {
  let one: GuardedServer;
  let two: GuardedServer;
  beforeAll(async () => {
    [one, two] = await Promise.all([startGuarded(), startGuarded()]);
  });
  afterAll(async () => {
    await Promise.all([one.stop(), two.stop()]);
  });

  const tokenOf = async (server: GuardedServer): Promise<string> => {
    const { stdout } = await runCli(["mint-token", "--scope", "write", "--ttl", "10m"], {
      env: { DURABLE_STREAMS_SIGNING_SECRET: server.signingSecret },
    });
    return stdout.trim();
  };

  it("each side is sent its own token, by variables or by contexts", async () => {
    const [source, target] = [urlOf(one, name), urlOf(two, name)];
    await runCli(["create", source, "--content-type", "text/plain"], { env: one.env });
    await runCli(["append", source, "guarded"], { env: one.env });
    const refused = await runCli(["mirror", source, target], { env: one.env });
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain("DURABLE_STREAMS_DST_TOKEN");

    const tokens = { DURABLE_STREAMS_SRC_TOKEN: await tokenOf(one), DURABLE_STREAMS_DST_TOKEN: await tokenOf(two) };
    expect((await runCli(["mirror", source, target], { env: tokens })).code).toBe(0);
    expect((await runCli(["read", target], { env: two.env })).stdout).toBe("guarded");

    const config = { DURABLE_STREAMS_CONFIG_DIR: join(scratch, "contexts") };
    for (const [context, server] of [
      ["live", one],
      ["standby", two],
    ] as const) {
      const added = await runCli(["context", "add", context, "--url", server.url, "--secret", "-"], {
        env: config,
        input: server.signingSecret,
      });
      expect(added.code, added.stderr).toBe(0);
    }
    const contexts = ["--from-context", "live", "--to-context", "standby"];
    const mirrored = await runCli(["mirror", name, `${name}-2`, ...contexts], { env: config });
    expect(mirrored.code, mirrored.stderr).toBe(0);
    expect((await runCli(["read", urlOf(two, `${name}-2`)], { env: two.env })).stdout).toBe("guarded");
    const many = await runCli(["mirror", "--prefix", "", "--prefix-map", "=all/", ...contexts], { env: config });
    expect(many.code, many.stderr).toBe(0);
    expect((await runCli(["read", urlOf(two, `all/${name}`)], { env: two.env })).stdout).toBe("guarded");
  });

  it("--token is refused where it would go to neither side", async () => {
    const { code, stderr } = await runCli(["mirror", urlOf(one, name), urlOf(two, name), "--token", "secret-token"]);
    expect(code).toBe(2);
    expect(stderr).toContain("DURABLE_STREAMS_SRC_TOKEN");
    expect(stderr).not.toContain("secret-token");
  });
});
