// mirror verify, as built: what it finds, and that it writes nothing.
import { once } from "node:events";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runCli, startCli } from "../../support/cli.ts";
import { startScripted } from "../../support/scripted-server.ts";
import { startBuilt, startReference, type TestServer } from "../../support/servers.ts";
import { append, close, create, readWhole, remove } from "./support/raw.ts";

let built: TestServer;
let other: TestServer;
let reference: TestServer;
let n = 0;
let name: string;

beforeAll(async () => {
  [built, other, reference] = await Promise.all([startBuilt(), startBuilt(), startReference()]);
});
afterAll(async () => {
  await Promise.all([built.stop(), other.stop(), reference.stop()]);
});
beforeEach(() => {
  name = `v${String(++n)}`;
});

function urlOf(server: { readonly url: string }, stream: string): string {
  return `${server.url}/v1/stream/${stream}`;
}

interface Difference {
  readonly kind: string;
  readonly position: number | null;
  readonly source: { readonly offset: string; readonly skip: number };
  readonly target: { readonly offset: string; readonly skip: number };
  readonly problem: string;
}

interface Verified {
  readonly position: number;
  readonly rewritten: number;
  readonly difference: Difference | null;
  readonly streams: number;
  readonly messages: number;
  readonly differences: readonly { readonly stream: string; readonly difference: Difference }[];
  readonly failures: readonly { readonly stream: string; readonly code: string }[];
}

async function verify(...args: readonly string[]): Promise<Verified & { readonly code: number | null }> {
  const { code, stdout } = await runCli(["mirror", "verify", ...args, "--json"]);
  return { code, ...(JSON.parse(stdout) as Verified) };
}

async function mirror(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await runCli(["mirror", ...args]);
  expect(code, stderr).toBe(0);
}

const DIRECTIONS = [
  { name: "between two built servers", ends: () => [built, other] as const },
  { name: "from the built server to the reference server", ends: () => [built, reference] as const },
  { name: "from the reference server to the built server", ends: () => [reference, built] as const },
];

describe.each(DIRECTIONS)("mirror verify $name", ({ ends }) => {
  /** A stream of several answers, and its copy. */
  async function pair(
    type: string,
    bodies: readonly (string | Buffer<ArrayBuffer>)[],
  ): Promise<readonly [string, string]> {
    const [from, to] = ends();
    const [source, target] = [urlOf(from, name), urlOf(to, `${name}-copy`)];
    await create(source, { contentType: type });
    for (const body of bodies) await append(source, type, body);
    await mirror(source, target);
    return [source, target];
  }

  it("a whole copy is the same, open or closed, and nothing is appended to either", async () => {
    const [source, target] = await pair("application/json", ["[1,2]", '[{"a":3}]']);
    expect(await verify(source, target)).toMatchObject({ code: 0, position: 3, difference: null });
    await close(source);
    expect(await verify(source, target)).toMatchObject({ code: 8, difference: { kind: "closure", position: null } });
    await mirror(source, target);
    expect(await verify(source, target)).toMatchObject({ code: 0, difference: null });
    expect((await readWhole(target)).bytes.toString()).toBe('1,2,{"a":3}');
  });

  it("of a copy that is behind, or has more, the place is told on both sides", async () => {
    const [source, target] = await pair("application/json", ["[1,2]"]);
    await append(source, "application/json", "[3,4]");
    const behind = await verify(source, target);
    expect(behind).toMatchObject({ code: 8, difference: { kind: "shorter", position: 2 } });
    await append(target, "application/json", "[3,4,5]");
    const longer = await verify(source, target);
    expect(longer).toMatchObject({ code: 8, difference: { kind: "longer", position: 4 } });
    // The mark leads to what the copy has too much.
    const { offset, skip } = longer.difference?.target ?? { offset: "", skip: 0 };
    const rest = (await (await fetch(`${target}?offset=${offset}`)).json()) as number[];
    expect(rest.slice(skip)).toEqual([5]);
  });

  it("the first message that differs is found, though later ones do as well", async () => {
    const messages = Array.from({ length: 3000 }, (_message, i) => ({ i, pad: "x".repeat(1000) }));
    const [source, target] = await pair("application/json", [JSON.stringify(messages), "[0]"]);
    const changed = messages.map((message) =>
      message.i === 2345 || message.i > 2900 ? { ...message, i: -1 } : message,
    );
    await remove(target);
    await create(target, { contentType: "application/json" });
    await append(target, "application/json", JSON.stringify(changed));
    await append(target, "application/json", "[0]");
    const { code, difference } = await verify(source, target);
    expect({ code, difference }).toMatchObject({ code: 8, difference: { kind: "content", position: 2345 } });
    for (const [url, mark, first] of [
      [source, difference?.source, 2345],
      [target, difference?.target, -1],
    ] as const) {
      const answer = (await (await fetch(`${url}?offset=${mark?.offset ?? ""}`)).json()) as { i: number }[];
      expect(answer[mark?.skip ?? 0]?.i).toBe(first);
    }
  });

  it("of bytes it is the very byte, however they were cut into answers", async () => {
    const bytes = Buffer.alloc(3_000_000, "abc");
    const [source, target] = await pair("application/octet-stream", [bytes]);
    expect(await verify(source, target)).toMatchObject({ code: 0, position: 3_000_000 });
    const changed = Buffer.from(bytes);
    changed[2_345_678] = 0;
    await remove(target);
    await create(target, { contentType: "application/octet-stream" });
    await append(target, "application/octet-stream", changed.subarray(0, 1_000_001));
    await append(target, "application/octet-stream", changed.subarray(1_000_001));
    const { code, difference } = await verify(source, target);
    expect({ code, difference }).toMatchObject({ code: 8, difference: { kind: "content", position: 2_345_678 } });
    const { offset, skip } = difference?.target ?? { offset: "", skip: 0 };
    const answer = Buffer.from(await (await fetch(`${target}?offset=${offset}`)).arrayBuffer());
    expect(answer[skip]).toBe(0);
  });

  it("a copy that is not there, or of another type, is a difference; a SRC that is not there is 3", async () => {
    const [source, target] = await pair("text/plain", ["x"]);
    await remove(target);
    expect(await verify(source, target)).toMatchObject({ code: 8, difference: { kind: "missing" } });
    await create(target, { contentType: "text/csv" });
    expect(await verify(source, target)).toMatchObject({ code: 8, difference: { kind: "content-type" } });
    expect((await verify(`${source}-none`, target)).code).toBe(3);
  });
});

describe("mirror verify", () => {
  it("JSON that was written anew is a difference, told with its first place", async () => {
    const [source, target] = [urlOf(built, name), urlOf(reference, name)];
    await create(source, { contentType: "application/json" });
    await append(source, "application/json", "[1,2.0,3.0]");
    await mirror(source, target);
    expect(await verify(source, target)).toMatchObject({
      code: 8,
      rewritten: 2,
      difference: { kind: "rewritten", position: 1 },
    });
  });

  it("on a terminal, or in a log, the difference is a line of stdout", async () => {
    const [source, target] = [urlOf(built, name), urlOf(other, name)];
    await create(source, { contentType: "application/json" });
    await append(source, "application/json", "[1,2]");
    await mirror(source, target);
    const same = await runCli(["mirror", "verify", source, target]);
    expect(same).toMatchObject({ code: 0, stdout: "", stderr: "No difference: 2 B compared\n" });
    await append(target, "application/json", "[3]");
    const offset = "offset 0000000000000000_0000000000000002";
    const { code, stdout } = await runCli(["mirror", "verify", source, target]);
    expect(stdout).toBe(
      `SRC ends, and DST goes on, at message 2, counted from 0: ${offset} of SRC, ${offset} of DST\n`,
    );
    expect(code).toBe(8);
  });

  it("a stream is not compared with itself by another name of its server", async () => {
    await create(urlOf(built, name), { contentType: "text/plain" });
    await create(urlOf(reference, name), { contentType: "text/plain" });
    for (const server of [built, reference]) {
      const url = urlOf(server, name);
      expect((await verify(url, url.replace("127.0.0.1", "localhost"))).code).toBe(2);
    }
  });

  it("a mirror may go on meanwhile: what was not there when the comparison began is no difference", async () => {
    const [source, target] = [urlOf(built, name), urlOf(other, name)];
    await create(source, { contentType: "text/plain" });
    await append(source, "text/plain", "before");
    await mirror(source, target);
    // Appended to both before the nth read of either; the first two ask for the ends. Where the copy's answers do not say that they are the last, it is asked
    // again, after SRC was read to its end.
    let reads = 0;
    const proxied = (server: TestServer, nth: number, isLast: boolean) =>
      startScripted(async ({ method = "", url = "" }, response) => {
        if (method === "GET" && ++reads === nth)
          for (const each of [source, target]) await append(each, "text/plain", ", after");
        const answer = await fetch(new URL(url, server.url), { method });
        const content = Buffer.from(await answer.arrayBuffer());
        const kept = [...answer.headers].filter(([key]) => /^(?:content-type|stream-|etag)/.test(key));
        const headers = Object.fromEntries(kept);
        if (!isLast && reads < nth) delete headers["stream-up-to-date"];
        response.writeHead(answer.status, headers).end(content);
      });
    for (const [nth, isLast, all] of [
      [3, true, 4],
      [4, true, 5],
      [5, false, 6],
    ] as const) {
      reads = 0;
      const proxies = [await proxied(built, nth, true), await proxied(other, nth, isLast)] as const;
      const { code, difference } = await verify(urlOf(proxies[0], name), urlOf(proxies[1], name));
      expect({ nth, reads, code, difference }).toEqual({ nth, reads: all, code: 0, difference: null });
      await Promise.all(proxies.map((proxy) => proxy.stop()));
    }
  });

  it("--prefix: every copy is compared by its name, each difference is told, and what cannot be compared is too", async () => {
    const many = ["--prefix", `${name}/`, "--prefix-map", `${name}/=${name}-copy/`];
    for (const each of ["a", "b", "c", "d"]) {
      await create(urlOf(built, `${name}/${each}`), { contentType: "application/json" });
      await append(urlOf(built, `${name}/${each}`), "application/json", "[1,2]");
    }
    await mirror(built.url, other.url, ...many);
    expect(await verify(built.url, other.url, ...many)).toMatchObject({
      code: 0,
      streams: 4,
      messages: 8,
      differences: [],
    });
    await append(urlOf(other, `${name}-copy/b`), "application/json", "[3]");
    await remove(urlOf(other, `${name}-copy/d`));
    const { code, stdout } = await runCli(["mirror", "verify", built.url, other.url, ...many]);
    expect(stdout.split("\n").map((line) => line.slice(0, line.indexOf(" ")))).toEqual([
      `${name}/b:`,
      `${name}/d:`,
      "",
    ]);
    expect(code).toBe(8);
    const found = await verify(built.url, other.url, ...many);
    expect(found).toMatchObject({
      code: 8,
      differences: [
        { stream: `${name}/b`, copy: urlOf(other, `${name}-copy/b`), difference: { kind: "longer", position: 2 } },
        { stream: `${name}/d`, difference: { kind: "missing" } },
      ],
      failures: [],
    });
    // Two streams that --prefix-map makes one of: the second has no copy to be compared with.
    const mixed = await verify(
      built.url,
      other.url,
      "--prefix",
      `${name}/`,
      "--prefix-map",
      `${name}/a=m`,
      "--prefix-map",
      `${name}/b=m`,
    );
    expect(mixed.failures).toMatchObject([{ stream: `${name}/b`, code: "USAGE" }]);
  });

  it("Ctrl-C ends it with 130", async () => {
    const stuck = await startScripted(({ method }, response) => {
      response.writeHead(200, { "content-type": "text/plain", "stream-next-offset": "1" });
      return method === "HEAD" ? response.end() : response.write("x");
    });
    try {
      const child = startCli(["mirror", "verify", urlOf(stuck, "a"), urlOf(stuck, "b")], {
        env: { DURABLE_STREAMS_DEBUG: "api" },
      });
      const closed = once(child, "close");
      let stderr = "";
      child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
      const signal = AbortSignal.timeout(60_000);
      while (!/< 200.*\n> GET/.test(stderr)) await once(child.stderr, "data", { signal });
      child.kill("SIGINT");
      expect(await closed).toEqual([130, null]);
    } finally {
      await stuck.stop();
    }
  });
});
