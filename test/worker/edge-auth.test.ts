import { describe, expect, test, vi } from "vitest";
import type { AuthorizeMutation, AuthorizeRead, AuthResult, BaseEnv } from "../../src/worker/create-stream-worker.ts";
import { Timing } from "../../src/worker/timing.ts";
import { ErrorLog } from "./support/error-log.ts";
import { createStream, errorCode, freshName, sendTo, StreamClient, type Send } from "./support/stream-client.ts";

const READS = ["GET", "HEAD"];
const MUTATIONS = ["PUT", "POST", "DELETE"];
const ALLOWED: AuthResult = { ok: true };

function refuse(): AuthResult {
  return {
    ok: false,
    response: new Response("who are you?", { status: 401, headers: { "WWW-Authenticate": "Bearer" } }),
  };
}

async function statuses(send: Send, path: string, methods: readonly string[]): Promise<number[]> {
  const answers = await Promise.all(
    methods.map((method) =>
      send(path, {
        method,
        headers: { "Content-Type": "application/json" },
        body: READS.includes(method) ? undefined : "1",
      }),
    ),
  );
  return answers.map(({ status }) => status);
}

describe("authorisation: custom callbacks", () => {
  test.each([
    ["synchronous", () => refuse()],
    ["asynchronous", async () => Promise.resolve(refuse())],
  ])("a %s refusal is the answer, with its status and headers and what every answer carries", async (_kind, decide) => {
    const stream = await createStream({ body: "[1]" });
    const send = sendTo({ authorizeRead: decide, authorizeMutation: decide });
    for (const method of [...READS, ...MUTATIONS]) {
      const answer = await send(stream.path, { method });
      expect([answer.status, answer.headers.get("WWW-Authenticate")], method).toEqual([401, "Bearer"]);
      expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("*");
      expect(answer.headers.get("X-Content-Type-Options")).toBe("nosniff");
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
      if (method !== "HEAD") expect(await answer.text()).toBe("who are you?");
    }
    expect(await stream.readMessages()).toEqual([1]);
  });

  test("a refusal may say how it is cached and who may read it", async () => {
    const response = new Response(null, {
      status: 403,
      headers: { "Cache-Control": "private", "Access-Control-Allow-Origin": "https://a.example" },
    });
    const answer = await sendTo({ authorizeRead: () => ({ ok: false, response }) })("/v1/stream/a");
    expect(answer.headers.get("Cache-Control")).toBe("private");
    expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("https://a.example");
  });

  test("a redirect or an immutable response is passed on as well", async () => {
    const send = sendTo({
      authorizeRead: () => ({ ok: false, response: Response.redirect("https://login.example/", 302) }),
    });
    const answer = await send("/v1/stream/a");
    expect([answer.status, answer.headers.get("Location")]).toEqual([302, "https://login.example/"]);
    expect(answer.headers.get("X-Content-Type-Options")).toBe("nosniff");
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("the secret is hunter2");
      },
    ],
    ["rejects", () => Promise.reject(new Error("the secret is hunter2"))],
  ])("a callback that %s gives 500 without details, and nothing is done", async (_how, fail) => {
    using log = new ErrorLog();
    const stream = await createStream({ body: "[1]" });
    const send = sendTo({ authorizeRead: fail, authorizeMutation: fail });
    expect(await statuses(send, stream.path, [...READS, ...MUTATIONS])).toEqual([500, 500, 500, 500, 500]);
    expect(await (await send(stream.path)).text()).not.toContain("hunter2");
    expect(log.take()).toContain("the secret is hunter2");
    expect(await stream.readMessages()).toEqual([1]);
  });

  test("reads and mutations are asked about separately; what is left out is allowed", async () => {
    const stream = await createStream({ body: "[1]" });
    const readOnly = sendTo({ authorizeMutation: refuse });
    expect(await statuses(readOnly, stream.path, [...READS, ...MUTATIONS])).toEqual([200, 200, 401, 401, 401]);
    const writeOnly = sendTo({ authorizeRead: refuse });
    expect(await statuses(writeOnly, stream.path, [...READS, "POST"])).toEqual([401, 401, 204]);
  });

  test.each(["?offset=-1", "?offset=now&live=long-poll", "?offset=-1&live=sse"])(
    "a read with %s is asked about",
    async (query) => {
      const stream = await createStream();
      const answer = await sendTo({ authorizeRead: refuse })(`${stream.path}${query}`);
      expect(answer.status).toBe(401);
    },
  );

  test.each([
    ["undefined", undefined],
    ["a truthy word", { ok: "yes" }],
    ["1", { ok: 1 }],
  ])("a callback without types that answers %s allows nothing", async (_what, result) => {
    using log = new ErrorLog();
    const stream = await createStream({ body: "[1]" });
    const decide = (() => result) as unknown as () => AuthResult;
    const send = sendTo({ authorizeRead: decide, authorizeMutation: decide });
    for (const status of await statuses(send, stream.path, [...READS, ...MUTATIONS])) expect(status).toBe(500);
    expect(log.take()).toHaveLength(5);
    expect(await stream.readMessages()).toEqual([1]);
  });

  test("what an authorisation let through is kept by no cache, unless the stream is public", async () => {
    const send = sendTo({ authorizeRead: () => ALLOWED });
    const closed = await createStream({ body: "[1]", send });
    for (const query of ["", "?offset=now", "?offset=-1&live=long-poll"]) {
      expect((await closed.get(query)).headers.get("Cache-Control"), query).toMatch(/^(private, )?no-store$/);
    }
    expect((await closed.get()).headers.get("Cache-Control")).toBe("private, no-store");
    const open = new StreamClient(freshName(), "application/json", send);
    await send(`${open.path}?public=true`, {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: "1",
    });
    expect((await open.get()).headers.get("Cache-Control")).toBe("public, no-cache");
  });

  test("callbacks get the request with its body unread, the object's name, the bindings and the timing", async () => {
    const stream = new StreamClient(freshName("a b"), "application/json", sendTo());
    const seen = vi.fn<AuthorizeMutation<BaseEnv>>(async (request) => {
      expect(await request.clone().text()).toBe("[7]");
      return ALLOWED;
    });
    const read = vi.fn<AuthorizeRead<BaseEnv>>(() => ALLOWED);
    const send = sendTo({ authorizeMutation: seen, authorizeRead: read }, { DEBUG_TIMING: "1", SECRET: "s" });
    const path = `/v1/stream/${encodeURIComponent(stream.name)}`;
    expect(
      (await send(path, { method: "PUT", headers: { "Content-Type": "application/json" }, body: "[7]" })).status,
    ).toBe(201);
    expect(await (await send(path)).text()).toBe("[7]");
    const [request, doKey, env, timing] = seen.mock.calls[0] ?? [];
    expect([request?.method, doKey, env]).toEqual([
      "PUT",
      `default/${stream.name}`,
      expect.objectContaining({ SECRET: "s" }),
    ]);
    expect(timing).toBeInstanceOf(Timing);
    expect(read.mock.calls[0]?.[1]).toBe(`default/${stream.name}`);
  });

  test("without DEBUG_TIMING the timing is null", async () => {
    const read = vi.fn<AuthorizeRead<BaseEnv>>(() => ALLOWED);
    await sendTo({ authorizeRead: read })(`/v1/p/stream/${freshName()}`);
    expect(read.mock.calls[0]?.[3]).toBeNull();
  });

  test("health, preflights and what is no route are answered without asking anybody", async () => {
    const ask = vi.fn(refuse);
    const send = sendTo({ authorizeRead: ask, authorizeMutation: ask });
    expect((await send("/v1/health")).status).toBe(200);
    expect((await send("/v1/stream/a", { method: "OPTIONS" })).status).toBe(204);
    expect((await send("/nothing")).status).toBe(404);
    expect((await send("/v1/stream/a", { method: "PATCH" })).status).toBe(405);
    expect(ask).not.toHaveBeenCalled();
  });
});

describe("bindings: what is missing is named", () => {
  test("without STREAMS the first request says which lines to add", async () => {
    const answer = await sendTo({}, { STREAMS: undefined })("/v1/stream/a");
    const text = await answer.clone().text();
    expect([answer.status, await errorCode(answer)]).toEqual([500, "BINDING_MISSING"]);
    expect(text).toContain("STREAMS");
    expect(text).toContain("new_sqlite_classes");
  });
});

describe("timing: DEBUG_TIMING", () => {
  test("1 adds Server-Timing with its parts to every answer, errors included", async () => {
    const send = sendTo({ authorizeRead: () => ALLOWED }, { DEBUG_TIMING: "1" });
    const stream = await createStream({ send });
    const parts = (await send(stream.path)).headers.get("Server-Timing") ?? "";
    for (const part of ["auth", "object", "total"]) expect(parts).toMatch(new RegExp(`${part};dur=\\d+(\\.\\d+)?`));
    expect((await send("/nothing")).headers.get("Server-Timing")).toMatch(/^total;dur=/);
  });

  test.each([undefined, "0", "true"])("%s adds nothing", async (value) => {
    const answer = await sendTo({}, { DEBUG_TIMING: value })("/v1/health");
    expect(answer.headers.get("Server-Timing")).toBeNull();
  });
});
