import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { LIVE_RECHECK_MS, PROJECT_FRESH_MS } from "../../../src/protocol/limits.ts";
import type { AuthResult } from "../../../src/worker/create-stream-worker.ts";
import { eventually } from "../support/eventually.ts";
import { SseClient, sseMessages } from "../support/sse-client.ts";
import { createStream, errorCode, freshName, sendTo } from "../support/stream-client.ts";
import { bearer, GuardedServer, type KnownProject } from "./support/guarded-server.ts";
import { nowSeconds, projectToken } from "./support/tokens.ts";

const server = new GuardedServer();

afterEach(() => {
  vi.useRealTimers();
});

/** Moves the clock that the Worker looks at; what waits for a timer of the platform goes on waiting. */
function moveClock(byMs: number): void {
  const nowMs = Date.now();
  vi.useFakeTimers({ toFake: ["Date"], now: nowMs + byMs });
}

async function waiting(name: string): Promise<number> {
  return runInDurableObject(env.STREAMS.getByName(name), (_instance, ctx) => ctx.getWebSockets().length);
}

describe("live readers: what becomes of them when their token does not count any more", () => {
  test("an SSE reader gets nothing of an append that comes after its key was revoked", async () => {
    const project = await server.createProject();
    const path = freshName("live");
    await server.createStream(project, path);
    const url = `/v1/${project.name}/stream/${path}`;
    const headers = bearer(await projectToken(project.name, project.secret));
    const sse = new SseClient(await server.send(`${url}?offset=-1&live=sse`, { headers }));
    expect(sseMessages((await sse.untilUpToDate()).data)).toEqual([1]);
    const rotated = await server.operate(`/projects/${project.name}/keys`, "POST", { overlapSeconds: 0 });
    const { secret } = await rotated.json<{ secret: string }>();
    moveClock(PROJECT_FRESH_MS + LIVE_RECHECK_MS);
    const fresh = bearer(await projectToken(project.name, secret));
    const body = { body: "2", headers: { ...fresh, "Content-Type": "application/json" } };
    const rest = sse.rest();
    expect((await server.send(url, { method: "POST", ...body })).status).toBe(204);
    expect((await rest).filter(({ kind }) => kind === "data")).toEqual([]);
  });

  test("an SSE reader whose token has run out is ended, and nothing more is passed on", async () => {
    const project = await server.createProject();
    const path = freshName("live");
    await server.createStream(project, path);
    const url = `/v1/${project.name}/stream/${path}`;
    const short = await projectToken(project.name, project.secret, { claims: { exp: nowSeconds() + 30 } });
    const sse = new SseClient(await server.send(`${url}?offset=now&live=sse`, { headers: bearer(short) }));
    await sse.untilUpToDate();
    moveClock(31_000);
    const rest = sse.rest();
    const headers = { ...bearer(await projectToken(project.name, project.secret)), "Content-Type": "application/json" };
    await server.send(url, { method: "POST", body: "2", headers });
    expect((await rest).filter(({ kind }) => kind === "data")).toEqual([]);
  });

  test("a long-poll that waited until its key was revoked is answered with the refusal", async () => {
    const project = await server.createProject();
    const path = freshName("live");
    await server.createStream(project, path);
    const url = `/v1/${project.name}/stream/${path}`;
    const headers = bearer(await projectToken(project.name, project.secret));
    const poll = server.send(`${url}?offset=now&live=long-poll`, { headers });
    await eventually(() => waiting(`${project.name}/${path}`)).toBe(1);
    const rotated = await server.operate(`/projects/${project.name}/keys`, "POST", { overlapSeconds: 0 });
    const { secret } = await rotated.json<{ secret: string }>();
    moveClock(PROJECT_FRESH_MS + LIVE_RECHECK_MS);
    const fresh = { ...bearer(await projectToken(project.name, secret)), "Content-Type": "application/json" };
    await server.send(url, { method: "POST", body: "2", headers: fresh });
    const answer = await poll;
    expect([answer.status, await errorCode(answer)]).toEqual([401, "TOKEN_KEY_UNKNOWN"]);
  });

  test.each([401, 403, 404, 302])("a custom authorisation that answers %d ends a reader", async (status) => {
    let isOpen = true;
    const stream = await createStream();
    const send = sendTo({
      authorizeRead: () => (isOpen ? { ok: true } : { ok: false, response: new Response(null, { status }) }),
    });
    const sse = new SseClient(await send(`${stream.path}?offset=now&live=sse`));
    await sse.untilUpToDate();
    isOpen = false;
    moveClock(LIVE_RECHECK_MS);
    const rest = sse.rest();
    await stream.append("1");
    expect((await rest).filter(({ kind }) => kind === "data")).toEqual([]);
  });

  test("a long-poll that only waits is asked about while it does", async () => {
    let asked = 0;
    const stream = await createStream();
    const send = sendTo({
      authorizeRead: () =>
        ++asked === 1 ? { ok: true } : { ok: false, response: new Response(null, { status: 403 }) },
    });
    const nowMs = Date.now();
    vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"], now: nowMs });
    const poll = send(`${stream.path}?offset=now&live=long-poll`);
    // While it is looked for, its clock goes on: not as far as it waits.
    await vi.waitFor(
      () => {
        expect(vi.getTimerCount()).toBe(1);
      },
      { timeout: LIVE_RECHECK_MS / 2 },
    );
    await vi.advanceTimersByTimeAsync(LIVE_RECHECK_MS);
    expect((await poll).status).toBe(403);
  });

  test("a reader is not ended because nobody can tell at the moment, and is asked about again and again", async () => {
    let answers: readonly AuthResult[] = [];
    let asked = 0;
    const stream = await createStream();
    const send = sendTo({
      authorizeRead: () => {
        asked++;
        return answers[asked - 2] ?? { ok: true };
      },
    });
    const sse = new SseClient(await send(`${stream.path}?offset=now&live=sse`));
    await sse.untilUpToDate();
    answers = [503, 500, 403].map((status) => ({ ok: false, response: new Response(null, { status }) }));
    for (const message of [1, 2]) {
      moveClock(LIVE_RECHECK_MS);
      await stream.append(String(message));
      expect(sseMessages((await sse.untilUpToDate()).data)).toEqual([message]);
    }
    moveClock(LIVE_RECHECK_MS);
    const rest = sse.rest();
    await stream.append("3");
    expect((await rest).filter(({ kind }) => kind === "data")).toEqual([]);
    expect(asked).toBe(4);
  });

  test.each([
    ["without a token", () => Promise.resolve({})],
    [
      "whose token has run out",
      async ({ name, secret }: KnownProject) =>
        bearer(await projectToken(name, secret, { claims: { exp: nowSeconds() + 10 } })),
    ],
  ])("a reader of a public stream %s reads on", async (_who, credentials) => {
    const project = await server.createProject();
    const path = freshName("live");
    await server.createStream(project, path, "?public=true");
    const url = `/v1/${project.name}/stream/${path}`;
    const sse = new SseClient(await server.send(`${url}?offset=now&live=sse`, { headers: await credentials(project) }));
    await sse.untilUpToDate();
    moveClock(LIVE_RECHECK_MS);
    const headers = { ...bearer(await projectToken(project.name, project.secret)), "Content-Type": "application/json" };
    await server.send(url, { method: "POST", body: "2", headers });
    expect(sseMessages((await sse.untilUpToDate()).data)).toEqual([2]);
    await sse.cancel();
  });
});
