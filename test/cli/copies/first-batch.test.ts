// What decides whose copy an empty stream becomes, and on servers that cannot decide it: with the built command line.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { StreamClient } from "../../../src/client/stream-client.ts";
import { runCli, type RunResult } from "../../support/cli.ts";
import { startMeddling } from "../../support/meddling-proxy.ts";
import { SERVERS, startBuilt, type TestServer } from "../../support/servers.ts";
import { append, close, create, expectSame, readWhole } from "./support/raw.ts";

let source: TestServer;
let n = 0;
let name: string;
beforeAll(async () => {
  source = await startBuilt();
});
afterAll(async () => {
  await source.stop();
});
beforeEach(() => {
  name = `f${String(++n)}`;
});

function urlOf(server: { readonly url: string }, stream: string): string {
  return `${server.url}/v1/stream/${stream}`;
}

async function mirror(from: string, to: string): Promise<RunResult & { readonly error: string | undefined }> {
  const result = await runCli(["mirror", from, to, "--json"]);
  return { ...result, error: (JSON.parse(result.stdout) as { error?: { code: string } }).error?.code };
}

async function make(stream: string, text: string): Promise<string> {
  const url = urlOf(source, stream);
  await create(url, { contentType: "text/plain" });
  await append(url, "text/plain", text);
  return url;
}

describe.each(SERVERS)("mirrors of different streams into one of $name", ({ start }) => {
  let target: TestServer;
  beforeAll(async () => {
    target = await start();
  });
  afterAll(async () => {
    await target.stop();
  });

  it.each([
    ["not there", async () => Promise.resolve()],
    ["empty", async (url: string) => create(url, { contentType: "text/plain" })],
  ])(
    "that is %s, begun at the same time: one is there whole, the other refused with 5 before anything is mixed",
    async (_what, prepare) => {
      const sources = await Promise.all([make(`${name}-a`, "aaa"), make(`${name}-b`, "bbb")]);
      // Both have found it empty when the first batch of either goes on.
      let waiting = 0;
      let release: () => void = () => undefined;
      const both = new Promise<void>((resolve) => (release = resolve));
      const proxy = await startMeddling(target.url, {
        before: async ({ method, headers }) => {
          if (method !== "POST" || headers["producer-seq"] !== "0" || ++waiting > 2) return;
          if (waiting === 2) release();
          await both;
        },
      });
      try {
        await prepare(urlOf(target, name));
        const runs = await Promise.all(sources.map((url) => mirror(url, urlOf(proxy, name))));
        expect(waiting).toBe(2);
        const won = runs.findIndex(({ code }) => code === 0);
        expect(runs[1 - won]).toMatchObject({ code: 5, error: "TARGET_NOT_EMPTY" });
        const [winner = "", loser = ""] = won === 0 ? sources : [...sources].reverse();
        expectSame(await readWhole(urlOf(target, name)), await readWhole(winner));
        // And so it stays: the one goes on, the other does not.
        await append(winner, "text/plain", "more");
        await append(loser, "text/plain", "more");
        expect((await mirror(winner, urlOf(target, name))).code).toBe(0);
        expect((await mirror(loser, urlOf(target, name))).code).toBe(5);
        expectSame(await readWhole(urlOf(target, name)), await readWhole(winner));
      } finally {
        await proxy.stop();
      }
    },
  );

  it("the claim of a copy is in the way of no Stream-Seq that somebody uses later", async () => {
    const url = urlOf(target, name);
    expect((await mirror(await make(`${name}-a`, "aaa"), url)).code).toBe(0);
    const headers = { "content-type": "text/plain", "stream-seq": "!0" };
    expect((await fetch(url, { method: "POST", headers, body: "later" })).status).toBe(204);
  });

  it("whether it checks producers is asked without storing anything", async () => {
    const client = new StreamClient();
    for (const contentType of ["text/plain", "application/json"]) {
      const url = urlOf(target, `${name}-${contentType.slice(0, 4)}`);
      await create(url, { contentType });
      expect(await client.checksProducers(url, { producerId: "p", contentType })).toBe(true);
      expect((await readWhole(url)).bytes.byteLength).toBe(0);
      await close(url);
      expect(await client.checksProducers(url, { producerId: "p", contentType })).toBe(true);
    }
  });
});

const PRODUCER = ["producer-id", "producer-epoch", "producer-seq"];

describe.each([
  ["producers", PRODUCER],
  ["producers and Stream-Seq", [...PRODUCER, "stream-seq"]],
])("mirror to a server that ignores %s", (_what, hidden) => {
  it("is refused, and what it did not send itself is left alone", async () => {
    const target = await startBuilt();
    const proxy = await startMeddling(target.url, { hidden });
    try {
      const from = await make(name, "original");
      const theirs = urlOf(target, `${name}-theirs`);
      await create(theirs, { contentType: "text/plain" });
      await append(theirs, "text/plain", "of somebody else");
      expect((await mirror(from, urlOf(proxy, `${name}-theirs`))).code).toBe(5);
      expect((await readWhole(theirs)).bytes.toString()).toBe("of somebody else");

      for (const stream of [`${name}-new`, `${name}-empty`]) {
        if (stream.endsWith("empty")) await create(urlOf(target, stream), { contentType: "text/plain" });
        expect(await mirror(from, urlOf(proxy, stream))).toMatchObject({ code: 1, error: "NO_SEQUENCE_CHECK" });
        // No more than the beginning of the original, which no message of ours follows.
        expect((await readWhole(urlOf(target, stream))).bytes.toString()).toBe("original");
      }
      if (hidden.includes("stream-seq")) return;
      expect(await mirror(from, urlOf(proxy, `${name}-new`))).toMatchObject({ code: 1, error: "NO_SEQUENCE_CHECK" });
      expect((await readWhole(urlOf(target, `${name}-new`))).bytes.toString()).toBe("original");
    } finally {
      await Promise.all([proxy.stop(), target.stop()]);
    }
  });
});
