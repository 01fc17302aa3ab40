import { afterAll, afterEach, describe, expect, it } from "vitest";
import { DirectoryClient } from "../../src/client/directory.ts";
import { MalformedAnswerError } from "../../src/client/errors/malformed-answer-error.ts";
import { NoControlApiError } from "../../src/client/errors/no-control-api-error.ts";
import { Transport } from "../../src/client/transport.ts";
import { startScripted, type Handler, type ScriptedServer } from "../support/scripted-server.ts";

const transport = new Transport();
let server: ScriptedServer | undefined;

afterAll(() => transport.close());
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function directory(...handlers: readonly Handler[]): Promise<DirectoryClient> {
  server = await startScripted(...handlers);
  return new DirectoryClient(transport, `${server.url}/v1/shop/stream`, { firstMs: 1 });
}

function json(value: unknown, status = 200): Handler {
  return (_request, response) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

async function all<T>(pages: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const page of pages) found.push(...page);
  return found;
}

const A = {
  path: "a",
  content_type: "text/plain",
  next_offset: "0000000000000000_0000000000000003",
  closed: false,
  public: true,
  created_at: "2026-11-29T00:00:00.000Z",
  expires_at: null,
};

describe("names", () => {
  it("goes on with the cursor of each page, empty ones too, until there is none", async () => {
    const client = await directory(
      json({ streams: [{ path: "a é" }], next_cursor: "x+/=" }),
      json({ streams: [], next_cursor: "y" }),
      json({ streams: [{ path: "b" }], next_cursor: null }),
    );
    expect(await all(client.names({ prefix: "a &" }))).toEqual(["a é", "b"]);
    const path = "GET /v1/shop/stream/__ds/streams?prefix=a+%26";
    expect(server?.requests).toEqual([
      `${path}&limit=1000&fields=name`,
      `${path}&cursor=x%2B%2F%3D&limit=1000&fields=name`,
      `${path}&cursor=y&limit=1000&fields=name`,
    ]);
  });

  it("a limit is asked for, held, and ends it", async () => {
    const client = await directory(
      json({ streams: [{ path: "a" }, { path: "b" }], next_cursor: "b" }),
      json({ streams: [{ path: "c" }, { path: "d" }], next_cursor: "d" }),
    );
    expect(await all(client.names({ limit: 3 }))).toEqual(["a", "b", "c"]);
    expect(server?.requests.map((request) => /limit=\d+/.exec(request)?.[0])).toEqual(["limit=3", "limit=1"]);
  });

  it("a server that gives the same page again is not asked for ever", async () => {
    const client = await directory(json({ streams: [{ path: "a" }], next_cursor: "a" }));
    await expect(all(client.names())).rejects.toThrow(MalformedAnswerError);
    expect(server?.requests).toHaveLength(2);
  });

  it("a page that fails is asked for again", async () => {
    const client = await directory(
      (request) => request.socket.destroy(),
      json({ error: { code: "UNAVAILABLE", message: "Later." } }, 503),
      json({ streams: [{ path: "a" }], next_cursor: null }),
    );
    expect(await all(client.names())).toEqual(["a"]);
  });
});

describe("streams", () => {
  it("tells what the server says of each", async () => {
    const expiring = { ...A, path: "b", expires_at: "2027-01-01T00:00:00.000Z", ttl_seconds: 60 };
    const client = await directory(json({ streams: [A, expiring], next_cursor: null }));
    expect(await all(client.streams())).toEqual([
      {
        path: "a",
        contentType: "text/plain",
        nextOffset: A.next_offset,
        closed: false,
        public: true,
        createdAt: A.created_at,
        expiresAt: undefined,
        ttlSeconds: undefined,
      },
      expect.objectContaining({ path: "b", expiresAt: "2027-01-01T00:00:00.000Z", ttlSeconds: 60 }),
    ]);
  });

  it("an answer without what is needed is no list", async () => {
    const client = await directory(json({ streams: [{ path: "a" }], next_cursor: null }));
    await expect(all(client.streams())).rejects.toMatchObject({ code: "UNEXPECTED_ANSWER" });
  });
});

describe("a server without a list", () => {
  it.each<[string, Handler]>([
    ["404 in plain text", (_request, response) => response.writeHead(404).end("not found")],
    ["404 with a code of another meaning", json({ error: { code: "SUBSCRIPTION_NOT_FOUND", message: "No." } }, 404)],
    ["the answer of an older server of ours", json({ error: { code: "RESERVED_PATH", message: "No." } }, 404)],
    ["405", (_request, response) => response.writeHead(405).end()],
    ["a page for people", (_request, response) => response.writeHead(200).end("<html>")],
  ])("is told by its name: %s", async (_name, handler) => {
    const client = await directory(handler);
    await expect(all(client.names())).rejects.toThrow(NoControlApiError);
  });

  it("a project that is not there is another matter", async () => {
    const client = await directory(json({ error: { code: "PROJECT_NOT_FOUND", message: "No." } }, 404));
    await expect(all(client.names())).rejects.toMatchObject({ code: "PROJECT_NOT_FOUND", kind: "not-found" });
  });
});
