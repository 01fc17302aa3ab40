// Which token mirror sends where, and what it says of a refusal, with the built command line.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCli, type RunResult } from "../../support/cli.ts";
import { type ScriptedServer, startScripted } from "../../support/scripted-server.ts";

const TOKENS = { DURABLE_STREAMS_SRC_TOKEN: "canary-of-src", DURABLE_STREAMS_DST_TOKEN: "canary-of-dst" };

let home: string;
let server: ScriptedServer;
/** The tokens that came, by method and path. */
let seen: (readonly [what: string, authorization: string | undefined])[];
/** What is let in. */
let opens: (what: string) => boolean;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "durable-streams-mirror-tokens-"));
  seen = [];
  opens = () => false;
  server = await startScripted(({ method = "", url = "", headers }, response) => {
    const what = `${method} ${url.replace(/\?.*/, "")}`;
    seen.push([what, headers.authorization]);
    const list = { streams: [{ path: "shop/a" }], next_cursor: null };
    if (!opens(what)) response.writeHead(401).end();
    else if (url.includes("__ds/streams")) {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(list));
    } else response.writeHead(200, { "content-type": "text/plain", "stream-next-offset": "0" }).end();
  });
});
afterEach(async () => {
  await server.stop();
  await rm(home, { recursive: true, force: true });
});

function mirror(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RunResult> {
  return runCli(["mirror", ...args], {
    cwd: home,
    env: { DURABLE_STREAMS_CONFIG_DIR: join(home, "config"), ...env },
  });
}

describe("mirror: the tokens of the sides", () => {
  beforeEach(() => writeFile(join(home, "durable-streams.jsonc"), JSON.stringify({ url: server.url })));

  it.each([
    ["DURABLE_STREAMS_SRC_TOKEN", ["a", "http://127.0.0.1:9/v1/stream/b"], "HEAD /v1/stream/a"],
    ["DURABLE_STREAMS_DST_TOKEN", ["a", "b"], "HEAD /v1/stream/b"],
    ["DURABLE_STREAMS_SRC_TOKEN", ["--prefix", "shop/", "--prefix-map", "shop/=b/"], "GET /v1/stream/__ds/streams"],
    ["DURABLE_STREAMS_DST_TOKEN", ["--prefix", "shop/", "--prefix-map", "shop/=b/"], "HEAD /v1/stream/b/a"],
  ])("%s does not go to a server that only a folder's file names: %j", async (variable, args, refused) => {
    opens = (what) => what !== refused;
    const { code, stderr } = await mirror(args, TOKENS);
    expect(code).toBe(4);
    expect(seen.at(-1)?.[0]).toBe(refused);
    expect(seen.map(([, authorization]) => authorization)).toEqual(seen.map(() => undefined));
    expect(stderr).toContain(`${variable} does not go to a server that only durable-streams.jsonc names`);
    expect(stderr).toContain(`--url ${server.url}`);
  });

  it("who says that the server is theirs is let through, each side with its own", async () => {
    opens = (what) => what === "HEAD /v1/stream/a" || what === "GET /v1/stream/a";
    await mirror(["a", "b", "--url", server.url], TOKENS);
    await runCli(["context", "add", "mine", "--url", server.url], {
      cwd: home,
      env: { DURABLE_STREAMS_CONFIG_DIR: join(home, "config") },
    });
    await mirror(["a", "b"], TOKENS);
    const once = [
      ["HEAD /v1/stream/a", "Bearer canary-of-src"],
      ["GET /v1/stream/a", "Bearer canary-of-src"],
      ["HEAD /v1/stream/b", "Bearer canary-of-dst"],
    ];
    expect(seen).toEqual([...once, ...once]);
  });
});

describe("mirror within one server: what is said of a refusal names the variable of the side that was refused", () => {
  const many = ["--prefix", "shop/", "--prefix-map", "shop/=b/"];

  it.each([
    ["DURABLE_STREAMS_SRC_TOKEN", ["a", "b"], "HEAD /v1/stream/a"],
    ["DURABLE_STREAMS_DST_TOKEN", ["a", "b"], "HEAD /v1/stream/b"],
    ["DURABLE_STREAMS_SRC_TOKEN", many, "GET /v1/stream/__ds/streams"],
    ["DURABLE_STREAMS_SRC_TOKEN", many, "HEAD /v1/stream/shop/a"],
    ["DURABLE_STREAMS_DST_TOKEN", many, "HEAD /v1/stream/b/a"],
  ])("%s: %j", async (variable, args, refused) => {
    opens = (what) => what !== refused;
    const { code, stderr } = await mirror([...args, "--url", server.url]);
    expect(code).toBe(4);
    expect(seen.at(-1)?.[0]).toBe(refused);
    expect(stderr).toContain(`by ${variable}, or save`);
    expect(stderr.match(/DURABLE_STREAMS_\w*TOKEN/g)).toEqual([variable]);
  });
});
