// The example as a user would build it: bundled against the built library, on workerd.
import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "../../scripts/lib/process.mjs";

const EXAMPLE = join(ROOT, "examples/api-keys");
const keys = { writer: secret(), reader: secret(), otherProject: secret() };

let server: Miniflare;
let url: URL;

beforeAll(async () => {
  server = new Miniflare({
    modules: true,
    script: await bundle(),
    compatibilityDate: "2026-07-30",
    durableObjects: {
      STREAMS: { className: "StreamDO", useSQLite: true },
      DIRECTORY: { className: "DirectoryDO", useSQLite: true },
      SUBSCRIPTIONS: { className: "SubscriptionDO", useSQLite: true },
    },
    r2Buckets: ["R2"],
    kvNamespaces: ["API_KEYS"],
    cf: false,
  });
  url = await server.ready;
  const grants = await server.getKVNamespace("API_KEYS");
  await grants.put(sha256(keys.writer), JSON.stringify({ project: "default", access: "write" }));
  await grants.put(sha256(keys.reader), JSON.stringify({ project: "default", access: "read" }));
  await grants.put(sha256(keys.otherProject), JSON.stringify({ project: "other", access: "write" }));
});

afterAll(() => server.dispose());

function secret(): string {
  return randomBytes(32).toString("hex");
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: EXAMPLE,
    alias: { "durable-streams/worker": join(ROOT, "dist/worker/library.js") },
    bundle: true,
    entryPoints: ["src/worker.ts"],
    external: ["cloudflare:*"],
    format: "esm",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

async function send(method: string, key: string | undefined, path = "/v1/stream/hello", body?: string) {
  const headers = { ...(key === undefined ? {} : { "X-Api-Key": key }), "Content-Type": "text/plain" };
  const answer = await fetch(new URL(path, url), { method, headers, ...(body === undefined ? {} : { body }) });
  return { status: answer.status, text: await answer.text() };
}

test("example api-keys: a key that may write creates, appends and reads", async () => {
  expect((await send("PUT", keys.writer)).status).toBe(201);
  expect((await send("POST", keys.writer, undefined, "hi")).status).toBe(204);
  expect(await send("GET", keys.writer)).toEqual({ status: 200, text: "hi" });
});

test("example api-keys: a key that may read reads, and changes nothing", async () => {
  await send("PUT", keys.writer, "/v1/stream/read-only", "as it was");
  for (const method of ["PUT", "POST", "DELETE"]) {
    expect(
      (await send(method, keys.reader, "/v1/stream/read-only", method === "DELETE" ? undefined : "!")).status,
    ).toBe(403);
  }
  expect(await send("GET", keys.reader, "/v1/stream/read-only")).toEqual({ status: 200, text: "as it was" });
});

test.for(["PUT", "POST", "GET", "HEAD", "DELETE"])(
  "example api-keys: %s is 401 without a key or with an unknown one",
  async (method) => {
    expect((await send(method, undefined)).status).toBe(401);
    expect((await send(method, secret())).status).toBe(401);
  },
);

test("example api-keys: a key of another project is 403", async () => {
  expect((await send("PUT", keys.otherProject, "/v1/stream/foreign")).status).toBe(403);
  expect((await send("PUT", keys.otherProject, "/v1/other/stream/own")).status).toBe(201);
});

test("example api-keys: a key that may read lists the streams of its own project alone", async () => {
  expect((await send("PUT", keys.writer, "/v1/stream/listed/a")).status).toBe(201);
  const { status, text } = await send("GET", keys.reader, "/v1/stream/__ds/streams?prefix=listed/");
  expect([status, JSON.parse(text)]).toMatchObject([200, { streams: [{ path: "listed/a" }], next_cursor: null }]);
  expect((await send("GET", keys.otherProject, "/v1/stream/__ds/streams")).status).toBe(403);
});

test("example api-keys: its configuration has every binding that the Worker needs", async () => {
  const config = await readFile(join(EXAMPLE, "wrangler.jsonc"), "utf8");
  for (const binding of ["STREAMS", "DIRECTORY", "SUBSCRIPTIONS", "R2", "API_KEYS"])
    expect(config).toContain(`"${binding}"`);
});
