import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { CloudflareApi } from "../../src/cloudflare/api.ts";
import { deleteBucket } from "../../src/cloudflare/removal.ts";
import { bucketExists, createBucket, createNamespace, findNamespace } from "../../src/cloudflare/resources.ts";
import { startScripted, type Handler, type ScriptedServer } from "../support/scripted-server.ts";

const ACCOUNT = "a".repeat(32);
const token = randomBytes(20).toString("hex");
let server: ScriptedServer | undefined;
const traced: string[] = [];

afterEach(async () => {
  await server?.stop();
  server = undefined;
  traced.length = 0;
});

async function api(...handlers: readonly Handler[]): Promise<CloudflareApi> {
  server = await startScripted(...handlers);
  const trace = (line: string): unknown => traced.push(line);
  return new CloudflareApi({ credentials: { kind: "token", token }, baseUrl: server.url, userAgent: "test", trace });
}

function good(result: unknown, info: object = {}): Handler {
  return (_request, response) =>
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ success: true, result, ...info }));
}

function bad(status: number, code: number, headers: Record<string, string> = {}): Handler {
  const body = JSON.stringify({ success: false, errors: [{ code, message: "It is so." }], result: null });
  return (_request, response) =>
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
}

const lost: Handler = (request) => request.socket.destroy();

async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("Cloudflare's API", () => {
  it("the login goes along as a Bearer token, and into no trace", async () => {
    const seen: unknown[] = [];
    const client = await api((request, response, body) => {
      seen.push(request.headers.authorization);
      return good({})(request, response, body);
    });
    await bucketExists(client, ACCOUNT, "b");
    expect(seen).toEqual([`Bearer ${token}`]);
    expect(traced.join("\n")).toContain("r2/buckets/b 200");
    expect(traced.join("\n")).not.toContain(token);
  });

  it.for([
    ["429", bad(429, 971, { "retry-after": "0" })],
    ["502", bad(502, 0)],
    ["a lost connection", lost],
  ] as const)("a look-up is repeated after %s", async ([, failure]) => {
    const client = await api(failure, good({}));
    expect(await bucketExists(client, ACCOUNT, "b")).toBe(true);
    expect(server?.requests.length).toBe(2);
  });

  it("a creation is repeated after 429 only, which says that nothing was done", async () => {
    const client = await api(bad(429, 971), good({}));
    await createBucket(client, ACCOUNT, "b");
    await server?.stop();
    const again = await api(bad(500, 1), good({}));
    expect(await thrownBy(createBucket(again, ACCOUNT, "b"))).toMatchObject({ code: "CLOUDFLARE_UNAVAILABLE" });
    expect(server?.requests.length).toBe(1);
  });

  it.for([
    ["401", bad(401, 10001), { kind: "not-allowed", code: "CLOUDFLARE_LOGIN_REFUSED", hint: "wrangler login" }],
    ["403", bad(403, 10000), { kind: "not-allowed", code: "CLOUDFLARE_NOT_ALLOWED", hint: "Workers R2 Storage: Edit" }],
    ["R2 not being enabled", bad(403, 10042), { kind: "not-allowed", code: "R2_NOT_ENABLED", hint: "Enable R2" }],
    ["400", bad(400, 7), { kind: "rejected", code: "CLOUDFLARE_REJECTED", hint: "DURABLE_STREAMS_DEBUG" }],
  ] as const)("%s becomes an error that says what was asked and what to do", async ([, failure, wanted]) => {
    const client = await api(failure);
    const error = await thrownBy(bucketExists(client, ACCOUNT, "b"));
    expect(error).toMatchObject({
      kind: wanted.kind,
      code: wanted.code,
      hint: expect.stringContaining(wanted.hint) as unknown,
    });
    expect(String(error)).toMatch(
      /Looking for the R2 bucket "b" was answered by Cloudflare with \d+: It is so \(code \d+\)\./,
    );
    expect(server?.requests.length).toBe(1);
  });

  it("an answer that is no answer of Cloudflare's is told from one", async () => {
    const client = await api((_request, response) => response.end("<html>"));
    expect(await thrownBy(bucketExists(client, ACCOUNT, "b"))).toMatchObject({ code: "CLOUDFLARE_ANSWER_UNKNOWN" });
  });

  it("a namespace is found by its exact title on whatever page it is, and no page is asked for after it", async () => {
    const page = (first: number): unknown[] =>
      Array.from({ length: 100 }, (_, i) => ({ id: String(first + i), title: `shop-registry-${String(first + i)}` }));
    const info = { result_info: { total_count: 250 } };
    const client = await api(
      good(page(0), info),
      good([...page(100).slice(1), { id: "it", title: "shop-registry" }], info),
      good([], info),
    );
    expect(await findNamespace(client, ACCOUNT, "shop-registry")).toEqual({ id: "it", title: "shop-registry" });
    expect(server?.requests.map((request) => /page=(\d+)/.exec(request)?.[1])).toEqual(["1", "2"]);
  });

  it("what came to be in the meantime is as good as made", async () => {
    const client = await api(bad(409, 10004));
    await createBucket(client, ACCOUNT, "b");
    await server?.stop();
    const other = await api(bad(400, 10014), good([{ id: "it", title: "t" }]));
    expect(await createNamespace(other, ACCOUNT, "t")).toEqual({ id: "it", title: "t" });
  });

  describe("a query", () => {
    const request = { path: "/sql", doing: "Asking", permission: "Account Analytics: Read" };

    it("goes out as it is, is repeated when Cloudflare is busy, and its answer needs no envelope", async () => {
      const seen: string[] = [];
      const answer: Handler = (incoming, response, body) => {
        seen.push(`${incoming.method ?? ""} ${incoming.headers["content-type"] ?? ""} ${body.toString()}`);
        response.writeHead(200, { "content-type": "application/json" }).end('{"data":[1]}');
      };
      const client = await api(bad(502, 0), answer);
      expect(await client.query(request, "SELECT 1")).toEqual({ data: [1] });
      expect(seen).toEqual(["POST text/plain SELECT 1"]);
    });

    it("fails like any other, with the reason that a plain text gives and without what a terminal would obey", async () => {
      const client = await api((_request, response) =>
        response.writeHead(422, { "content-type": "text/plain" }).end("no\u001b[31m such\ntable"),
      );
      expect(await thrownBy(client.query(request, "SELECT 1"))).toMatchObject({
        code: "CLOUDFLARE_REJECTED",
        status: 422,
        message: "Asking was answered by Cloudflare with 422: no [31m such table.",
      });
      await server?.stop();
      const page = await api((_request, response) =>
        response.writeHead(403, { "content-type": "text/html" }).end("<html>"),
      );
      expect(await thrownBy(page.query(request, "SELECT 1"))).toMatchObject({
        code: "CLOUDFLARE_NOT_ALLOWED",
        message: "Asking was answered by Cloudflare with 403.",
        hint: expect.stringContaining("Account Analytics: Read") as unknown,
      });
    });
  });

  it("a bucket's objects are removed eight at a time, and at the first failure none is begun any more", async () => {
    const keys = Array.from({ length: 20 }, (_, index) => ({ key: `k/${String(index)}` }));
    const held: (() => unknown)[] = [];
    const client = await api(good(keys), (request, response, body) => {
      const answer = (): unknown => bad(403, 10000)(request, response, body);
      held.push(answer);
      // Nobody is answered until the eighth is there.
      if (held.length === 8) held.forEach((each) => each());
      if (held.length > 8) answer();
    });
    const removal = thrownBy(deleteBucket(client, ACCOUNT, { name: "b", prefix: "" }, () => undefined));
    expect(await removal).toMatchObject({
      code: "CLOUDFLARE_NOT_ALLOWED",
      message: expect.stringContaining("Of the objects 0 are removed, and 20 remain") as unknown,
    });
    expect(server?.requests.filter((request) => request.startsWith("DELETE")).length).toBe(8);
  });

  it("of a bucket with more objects than a list tells, it is said that at least so many remain", async () => {
    const keys = Array.from({ length: 1000 }, (_, index) => ({ key: String(index) }));
    const client = await api(good(keys), bad(403, 10000));
    expect(await thrownBy(deleteBucket(client, ACCOUNT, { name: "b", prefix: "" }, () => undefined))).toMatchObject({
      message: expect.stringContaining("at least 1000 remain") as unknown,
    });
  });

  it("a list that goes on showing objects which are gone ends the removal, as worth another try", async () => {
    const client = await api((request, response, body) =>
      (request.method === "GET" ? good([{ key: "k" }]) : bad(404, 10007))(request, response, body),
    );
    expect(await thrownBy(deleteBucket(client, ACCOUNT, { name: "b", prefix: "" }, () => undefined))).toMatchObject({
      code: "BUCKET_LIST_STALE",
      kind: "unavailable",
    });
  });

  it("a bucket with somebody else's objects is left as it is", async () => {
    const client = await api(good([{ key: "backups/1" }, { key: "segments/p/1.seg" }]));
    const removal = deleteBucket(client, ACCOUNT, { name: "b", prefix: "segments/" }, () => undefined);
    expect(await thrownBy(removal)).toMatchObject({ code: "BUCKET_SHARED", kind: "conflict" });
    expect(server?.requests.filter((request) => request.startsWith("DELETE"))).toEqual([]);
  });
});
