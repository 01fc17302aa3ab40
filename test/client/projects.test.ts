import { afterAll, afterEach, describe, expect, it } from "vitest";
import { NoOperatorApiError } from "../../src/client/errors/no-operator-api-error.ts";
import { isOutcomeUnknown } from "../../src/client/known-outcome.ts";
import { ProjectsClient } from "../../src/client/projects.ts";
import { Transport } from "../../src/client/transport.ts";
import { newSecret } from "../../src/protocol/secret.ts";
import { startScripted, type Handler, type ScriptedServer } from "../support/scripted-server.ts";

const transport = new Transport();
let server: ScriptedServer | undefined;

afterAll(() => transport.close());
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function projects(...handlers: readonly Handler[]): Promise<ProjectsClient> {
  server = await startScripted(...handlers);
  return new ProjectsClient(transport, `${server.url}/v1/stream`, { firstMs: 1, giveUpAfterMs: 200 });
}

function json(value: unknown, status = 200): Handler {
  return (_request, response) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

function failure(status: number, code: string): Handler {
  return json({ error: { code, message: `It is ${code}.` } }, status);
}

/** The request is taken, and nobody hears what became of it. */
const lost: Handler = (request) => request.socket.destroy();

const SHOP = {
  name: "shop",
  version: 1,
  createdAtMs: 1,
  corsOrigins: [],
  keys: [{ kid: "0123456789abcdef", state: "active", createdAtMs: 1 }],
};

async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("requests", () => {
  it("go to the operator API at the origin, with the name percent-encoded", async () => {
    const client = await projects(json({ project: SHOP }));
    await client.show("a/b");
    await client.rotate("shop", newSecret("project"), 0);
    await client.finish("shop");
    await client.update("shop", { readersMax: null });
    expect(server?.requests).toEqual([
      "GET /v1/__ds/projects/a%2Fb",
      "POST /v1/__ds/projects/shop/keys",
      "DELETE /v1/__ds/projects/shop/keys",
      "PATCH /v1/__ds/projects/shop",
    ]);
  });

  it("list: goes on with the cursor of each page until there is none", async () => {
    const client = await projects(
      json({ projects: [SHOP], cursor: "a b" }),
      json({ projects: [{ ...SHOP, name: "till" }], cursor: null }),
    );
    const names: string[] = [];
    for await (const { name } of client.list()) names.push(name);
    expect(names).toEqual(["shop", "till"]);
    expect(server?.requests).toEqual(["GET /v1/__ds/projects", "GET /v1/__ds/projects?cursor=a%20b"]);
  });

  it("list: a server that gives the same cursor again is not asked for ever", async () => {
    const client = await projects(json({ projects: [], cursor: "a" }));
    for await (const { name } of client.list()) expect(name).toBeUndefined();
    expect(server?.requests).toHaveLength(2);
  });

  it("create: 201 is a new project, 200 one that had this very key", async () => {
    const client = await projects(json({ project: SHOP }, 201), json({ project: SHOP }));
    const secret = newSecret("project");
    expect(await client.create("shop", secret, {})).toMatchObject({ created: true });
    expect(await client.create("shop", secret, {})).toMatchObject({ created: false });
  });
});

describe("answers", () => {
  const [key] = SHOP.keys;
  it.each([
    ["a project's name", { ...SHOP, name: "shop\u009b2J" }],
    ["a key's id", { ...SHOP, keys: [{ ...key, kid: "\u001b[2J" }] }],
    ["a key's id, over several lines,", { ...SHOP, keys: [{ ...key, kid: "a\nb" }] }],
    ["an origin", { ...SHOP, corsOrigins: ["https://\u202eelpmaxe.ppa"] }],
  ])("%s that a terminal would obey makes no sense", async (_what, project) => {
    const client = await projects(json({ project }));
    expect(await thrownBy(client.show("shop"))).toMatchObject({ code: "UNEXPECTED_ANSWER" });
  });
});

describe("what became of it", () => {
  it("is known when the server refuses", async () => {
    const client = await projects(failure(409, "PROJECT_EXISTS"));
    const error = await thrownBy(client.create("shop", newSecret("project"), {}));
    expect(error).toMatchObject({ code: "PROJECT_EXISTS", kind: "conflict" });
    expect(isOutcomeUnknown(error)).toBe(false);
  });

  it.each([
    ["the answer is lost", [lost]],
    ["the server fails", [failure(500, "INTERNAL")]],
    ["the answer of an earlier try was lost, and then it refuses", [lost, failure(403, "OPERATOR_CLOSED")]],
    ["the answer makes no sense", [json({ project: {} }, 201)]],
  ])("is unknown when %s", async (_what, handlers) => {
    const client = await projects(...handlers);
    const error = await thrownBy(client.create("shop", newSecret("project"), {}));
    expect(error).toBeInstanceOf(Error);
    expect(isOutcomeUnknown(error)).toBe(true);
  });

  it("delete: a project that is gone after a lost answer was deleted by it", async () => {
    const client = await projects(lost, failure(404, "PROJECT_NOT_FOUND"));
    await client.delete("shop");
    expect(server?.requests).toHaveLength(2);
  });

  it("delete: a project that was never there is not found", async () => {
    const client = await projects(failure(404, "PROJECT_NOT_FOUND"));
    expect(await thrownBy(client.delete("shop"))).toMatchObject({ code: "PROJECT_NOT_FOUND", kind: "not-found" });
  });
});

describe("servers without an operator API", () => {
  it.each<readonly [string, Handler]>([
    ["404 in plain text", (_request, response) => response.writeHead(404).end("not found")],
    ["404 for the route", failure(404, "ROUTE_NOT_FOUND")],
    ["405", (_request, response) => response.writeHead(405).end()],
    ["200 with a page for people", (_request, response) => response.writeHead(200).end("<html>")],
  ])("%s is NO_OPERATOR_API, and nothing was done", async (_what, handler) => {
    const client = await projects(handler);
    const error = await thrownBy(client.create("shop", newSecret("project"), {}));
    expect(error).toBeInstanceOf(NoOperatorApiError);
    expect(isOutcomeUnknown(error)).toBe(false);
  });
});
