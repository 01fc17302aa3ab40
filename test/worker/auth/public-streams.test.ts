import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, test } from "vitest";
import { PROJECT_RECHECK_MS } from "../../../src/protocol/limits.ts";
import type { ReadOutcome } from "../../../src/worker/stream/operations.ts";
import { encodeAttachResponse, encodeReadResponse } from "../../../src/worker/stream/read-wire.ts";
import { projectJwtAuth } from "../../../src/worker/create-stream-worker.ts";
import { Clock } from "../support/clock.ts";
import { eventually } from "../support/eventually.ts";
import { SseClient, sseMessages } from "../support/sse-client.ts";
import { errorCode, freshName, offsetAt, sendTo } from "../support/stream-client.ts";
import { bearer, GuardedServer, type KnownProject } from "./support/guarded-server.ts";
import { projectToken } from "./support/tokens.ts";

const server = new GuardedServer();
let project: KnownProject;
let other: KnownProject;

beforeAll(async () => {
  project = await server.createProject();
  other = await server.createProject();
});

async function publicStream(path = freshName("public")): Promise<string> {
  await server.createStream(project, path, "?public=true");
  return `/v1/${project.name}/stream/${path}`;
}

async function withToken(url: string, method: string, body?: string, of = project): Promise<Response> {
  const headers = { ...bearer(await projectToken(of.name, of.secret)), "Content-Type": "application/json" };
  return server.send(url, { method, headers, body });
}

describe("public streams: reads", () => {
  test("are answered without a token, from any page, and kept by nobody without asking", async () => {
    const url = await publicStream();
    const answer = await server.send(`${url}?offset=-1`, { headers: { Origin: "https://anywhere.example" } });
    expect([answer.status, await answer.json()]).toEqual([200, [1]]);
    expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("*");
    expect(answer.headers.get("Cache-Control")).toBe("public, no-cache");
    const again = await server.send(`${url}?offset=-1`, {
      headers: { "If-None-Match": answer.headers.get("ETag") ?? "" },
    });
    expect(again.status).toBe(304);
    const head = await server.send(url, { method: "HEAD" });
    expect([head.status, head.headers.get("Stream-Next-Offset")]).toEqual([
      200,
      answer.headers.get("Stream-Next-Offset"),
    ]);
  });

  test.each(["garbage", "another project's"])("are answered with a token that is %s, too", async (kind) => {
    const url = await publicStream();
    const token = kind === "garbage" ? kind : await projectToken(other.name, other.secret);
    expect((await server.send(url, { headers: bearer(token) })).status).toBe(200);
  });

  test("wait for more, over long-poll and SSE", async () => {
    const url = await publicStream();
    const poll = server.send(`${url}?offset=now&live=long-poll`);
    const sse = new SseClient(await server.send(`${url}?offset=-1&live=sse`));
    expect(sseMessages((await sse.untilUpToDate()).data)).toEqual([1]);
    const waiting = () => runInDurableObject(env.STREAMS.getByName(name(url)), (_, ctx) => ctx.getWebSockets().length);
    await eventually(waiting).toBe(2);
    await withToken(url, "POST", "2");
    expect(sseMessages((await sse.untilUpToDate()).data)).toEqual([2]);
    await sse.cancel();
    expect(await (await poll).json()).toEqual([2]);
  });

  test("need a token for everything that changes them", async () => {
    const url = await publicStream();
    for (const method of ["PUT", "POST", "DELETE"]) {
      const answer = await server.send(url, { method, body: method === "DELETE" ? undefined : "2" });
      expect([answer.status, await errorCode(answer)], method).toEqual([401, "TOKEN_REQUIRED"]);
    }
    expect(await (await server.send(url)).json()).toEqual([1]);
  });
});

describe("public streams: what is not public", () => {
  test("are not changed by who may only read them, where one callback decides about both", async () => {
    const { authorizeRead } = projectJwtAuth();
    const send = sendTo({ authorizeRead, authorizeMutation: authorizeRead });
    const url = await publicStream();
    const headers = { "Content-Type": "application/json" };
    for (const method of ["POST", "PUT", "DELETE"]) {
      expect((await send(url, { method, headers, body: "2" })).status, method).toBe(401);
      expect((await send(`${url}-new`, { method, headers, body: "2" })).status, method).toBe(401);
    }
    expect(await (await send(url)).json()).toEqual([1]);
    expect((await withToken(`${url}-new`, "HEAD")).status).toBe(404);
  });

  test("are read at once where their project was asked for before it was there", async () => {
    using clock = new Clock();
    const name = freshName("late").slice(0, 64);
    const url = `/v1/${name}/stream/a`;
    expect((await server.send(url)).status).toBe(401);
    const late = await server.createProject(name);
    // By another place: this one has to learn of the project by itself.
    await new GuardedServer().createStream(late, "a", "?public=true");
    clock.advanceSeconds(PROJECT_RECHECK_MS / 1000);
    expect((await server.send(url)).status).toBe(200);
  });

  test("are out of reach while their project is deleted, and are not forked", async () => {
    const own = await server.createProject();
    await server.createStream(own, "news", "?public=true");
    const url = `/v1/${own.name}/stream/news`;
    await server.operate(`/projects/${own.name}`, "DELETE");
    const fresh = new GuardedServer();
    for (const query of ["", "?offset=-1", "?offset=-1&live=sse", "?offset=-1&live=long-poll"]) {
      expect([(await fresh.send(`${url}${query}`)).status, query]).toEqual([401, query]);
    }
    expect((await fresh.send(url, { method: "HEAD" })).status).toBe(401);
    const headers = { ...bearer(await projectToken(other.name, other.secret)), "Stream-Forked-From": url };
    const fork = await fresh.send(`/v1/${other.name}/stream/${freshName()}`, { method: "PUT", headers });
    expect(fork.status).toBe(401);
    await server.createProject(own.name);
    expect((await new GuardedServer().send(url)).status).toBe(200);
  });

  test("a private stream and one that is not there look the same to a stranger", async () => {
    const path = freshName("private");
    await server.createStream(project, path);
    const there = await server.send(`/v1/${project.name}/stream/${path}`);
    const missing = await server.send(`/v1/${project.name}/stream/${freshName("missing")}`);
    for (const answer of [there, missing]) {
      expect([answer.status, answer.headers.get("WWW-Authenticate")]).toEqual([401, 'Bearer realm="durable-streams"']);
    }
    expect(await there.text()).toBe(await missing.text());
    for (const live of ["long-poll", "sse"]) {
      const answer = await server.send(`/v1/${project.name}/stream/${path}?offset=now&live=${live}`);
      expect([answer.status, await errorCode(answer)]).toEqual([401, "TOKEN_REQUIRED"]);
    }
  });

  test("asking for a public stream with GET does not make a private one public", async () => {
    const path = freshName("private");
    await server.createStream(project, path);
    expect((await server.send(`/v1/${project.name}/stream/${path}?public=true`)).status).toBe(401);
  });

  test("a stranger's refused read is no access: it keeps no stream alive", async () => {
    using clock = new Clock();
    const url = `/v1/${project.name}/stream/${freshName("expiring")}`;
    const put = async (headers: Record<string, string>): Promise<Response> =>
      server.send(url, {
        method: "PUT",
        headers: { ...bearer(await projectToken(project.name, project.secret)), ...headers },
      });
    expect((await put({ "Stream-TTL": "1000" })).status).toBe(201);
    clock.advanceSeconds(600);
    expect((await server.send(url)).status).toBe(401);
    clock.advanceSeconds(600);
    expect((await withToken(url, "GET")).status).toBe(404);
  });

  test("a public name deleted and created again as private is private at once, ETags included", async () => {
    const path = freshName("reborn");
    const url = await publicStream(path);
    const before = await server.send(`${url}?offset=-1`);
    expect(before.status).toBe(200);
    expect((await withToken(url, "DELETE")).status).toBe(204);
    await server.createStream(project, path);
    const headers = { "If-None-Match": before.headers.get("ETag") ?? "" };
    expect((await server.send(`${url}?offset=-1`, { headers })).status).toBe(401);
    expect((await server.send(url, { method: "HEAD" })).status).toBe(401);
    const mine = await withToken(`${url}?offset=-1`, "GET");
    expect(mine.headers.get("Cache-Control")).toBe("private, no-store");
  });

  const REFUSED = { kind: "refused", error: { code: "OFFSET_BEYOND_TAIL", message: "it ends at 7" } } as const;
  const MESSAGES = {
    kind: "messages",
    incarnation: "i",
    contentType: "application/json",
    public: false,
    start: 0,
    next: 1,
    upToDate: true,
    closed: false,
  } as const;

  test.each<[string, ReadOutcome]>([
    ["messages", MESSAGES],
    ["a refusal", REFUSED],
    ["that there is nothing", { kind: "not-found" }],
    ["that it is gone", { kind: "gone" }],
    ["where a fork's history lies", { ...MESSAGES, kind: "inherited", stretches: [], tail: 1 }],
  ])(
    "an object that knows nothing of public readers and answers %s does not let one through",
    async (_what, outcome) => {
      const older = {
        getByName: () => ({
          fetch: () => Promise.resolve(encodeReadResponse(outcome, new TextEncoder().encode("[1]"))),
        }),
      };
      const answer = await new GuardedServer({ STREAMS: older }).send(`/v1/${project.name}/stream/${freshName()}`);
      expect([answer.status, await errorCode(answer)]).toEqual([401, "TOKEN_REQUIRED"]);
    },
  );

  test("a live reader that such an object takes in is let go of", async () => {
    const { 0: client, 1: object } = new WebSocketPair();
    const closed = new Promise((resolve) => {
      object.addEventListener("close", resolve);
    });
    object.accept();
    const older = {
      getByName: () => ({
        fetch: () => Promise.resolve(encodeAttachResponse({ ...MESSAGES, kind: "attached" }, client)),
      }),
    };
    const url = `/v1/${project.name}/stream/${freshName()}?offset=-1&live=sse`;
    expect((await new GuardedServer({ STREAMS: older }).send(url)).status).toBe(401);
    await closed;
  });
});

describe("public streams: limits of their project", () => {
  test("a reader without a token counts among the live readers, and is one too many like any other", async () => {
    const url = await publicStream();
    const limited = async (readersMax: number | null) =>
      server.operate(`/projects/${project.name}`, "PATCH", { settings: { readersMax } });
    expect((await limited(1)).status).toBe(200);
    const fresh = new GuardedServer();
    const sse = new SseClient(await fresh.send(`${url}?offset=now&live=sse`));
    await sse.untilUpToDate();
    const answer = await fresh.send(`${url}?offset=now&live=sse`);
    expect([answer.status, await errorCode(answer)]).toEqual([429, "TOO_MANY_READERS"]);
    expect((await fresh.send(url)).status).toBe(200);
    await sse.cancel();
    await limited(null);
  });

  test("what is wrong with a request on a public stream is told without a token, too", async () => {
    const url = await publicStream();
    const beyond = await server.send(`${url}?offset=${offsetAt(9)}`);
    expect([beyond.status, await errorCode(beyond)]).toEqual([400, "OFFSET_BEYOND_TAIL"]);
  });

  test("rates: a reader without a token counts on its address, and takes nothing from the project's own rate", async () => {
    const url = await publicStream();
    const keys: string[] = [];
    const limit = ({ key }: { readonly key: string }) => {
      keys.push(key);
      return Promise.resolve({ success: true });
    };
    expect((await new GuardedServer({ RATE_LIMITER: { limit } }).send(url)).status).toBe(200);
    expect(keys).toEqual(["ip:unknown"]);
  });
});

describe("public streams: forks", () => {
  test("whoever may write in one project forks a public stream of another, and no private one", async () => {
    const source = await publicStream();
    const path = freshName("private");
    await server.createStream(project, path);
    const fork = async (from: string): Promise<Response> => {
      const headers = { ...bearer(await projectToken(other.name, other.secret)), "Stream-Forked-From": from };
      return server.send(`/v1/${other.name}/stream/${freshName("fork")}`, { method: "PUT", headers });
    };
    expect((await fork(source)).status).toBe(201);
    const refused = await fork(`/v1/${project.name}/stream/${path}`);
    expect([refused.status, await errorCode(refused)]).toEqual([401, "TOKEN_KEY_UNKNOWN"]);
  });

  test("a source that is private by the time its history is lent is not forked", async () => {
    const path = freshName("private");
    await server.createStream(project, path);
    const source = `${project.name}/${path}`;
    const name = freshName("fork");
    // Asked whether it is public, the name still answers for the stream that was there before.
    const before = {
      getByName: (key: string) =>
        key === source ? { head: () => ({ kind: "found", public: true }) } : env.STREAMS.getByName(key),
    };
    const headers = {
      ...bearer(await projectToken(other.name, other.secret)),
      "Stream-Forked-From": `/v1/${project.name}/stream/${path}`,
    };
    const answer = await new GuardedServer({ STREAMS: before }).send(`/v1/${other.name}/stream/${name}`, {
      method: "PUT",
      headers,
    });
    expect([answer.status, await errorCode(answer)]).toEqual([404, "FORK_SOURCE_NOT_FOUND"]);
    expect(await env.STREAMS.getByName(`${other.name}/${name}`).head()).toEqual({ kind: "not-found" });
  });

  test("with a token of the source's own project that may read it, a private one is forked", async () => {
    const path = freshName("private");
    await server.createStream(project, path);
    const from = { "Stream-Forked-From": `/v1/${project.name}/stream/${path}` };
    const fork = async (claims: Record<string, unknown>): Promise<number> => {
      const headers = { ...bearer(await projectToken(project.name, project.secret, { claims })), ...from };
      return (await server.send(`/v1/${project.name}/stream/forks/${freshName()}`, { method: "PUT", headers })).status;
    };
    expect(await fork({ stream_prefix: "forks/" })).toBe(403);
    expect(await fork({})).toBe(201);
  });
});

function name(url: string): string {
  return url.replace(/^\/v1\//, "").replace("/stream/", "/");
}
