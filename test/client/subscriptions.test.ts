import { randomUUID } from "node:crypto";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { NoControlApiError } from "../../src/client/errors/no-control-api-error.ts";
import { SubscriptionsClient } from "../../src/client/subscriptions.ts";
import { Transport } from "../../src/client/transport.ts";
import { startScripted, type Handler, type ScriptedServer } from "../support/scripted-server.ts";

/** Asked again after a 401, which it gets when a wake's token is taken for its own. */
const asked: (string | undefined)[] = [];
const projectToken = randomUUID();
const transport = new Transport({
  token: (_request, refused) => {
    asked.push(refused);
    return Promise.resolve(projectToken);
  },
});
let server: ScriptedServer | undefined;
const bodies: unknown[] = [];
const tokens: (string | undefined)[] = [];

afterAll(() => transport.close());
afterEach(async () => {
  await server?.stop();
  server = undefined;
  for (const list of [asked, bodies, tokens]) list.length = 0;
});

async function subscriptions(...handlers: readonly Handler[]): Promise<SubscriptionsClient> {
  const noting = handlers.map<Handler>((handler) => (request, response, body) => {
    bodies.push(body.byteLength === 0 ? undefined : JSON.parse(body.toString()));
    tokens.push(request.headers.authorization);
    return handler(request, response, body);
  });
  server = await startScripted(...noting);
  return new SubscriptionsClient(transport, `${server.url}/v1/stream`, { firstMs: 1, giveUpAfterMs: 200 });
}

function json(value: unknown, status = 200): Handler {
  return (_request, response) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

const failure = (status: number, code: string): Handler => json({ error: { code, message: `It is ${code}.` } }, status);
const lost: Handler = (request) => request.socket.destroy();
const empty: Handler = (_request, response) => response.writeHead(204).end();

const LINK = { path: "e/a", link_type: "glob", acked_offset: "1" };
const SUBSCRIPTION = {
  id: "s",
  type: "pull-wake",
  streams: [LINK],
  lease_ttl_ms: 1000,
  wake_stream: "w",
  pattern: null,
};
const CLAIM = {
  wake_id: "w_1",
  generation: 3,
  token: randomUUID(),
  streams: [{ ...LINK, tail_offset: "2", has_pending: true }],
  lease_ttl_ms: 1000,
};

describe("requests", () => {
  it("create: says what was asked, and whether it is new; repeated when the answer is lost", async () => {
    const client = await subscriptions(lost, json(SUBSCRIPTION, 201), json(SUBSCRIPTION));
    const request = { type: "pull-wake", streams: ["e/a"], wakeStream: "w", leaseTtlMs: 1000 } as const;
    const made = await client.create("a b/c", request);
    expect(made).toMatchObject({ created: true, subscription: { id: "s", wakeStream: "w", pattern: undefined } });
    expect(await client.create("a b/c", request)).toMatchObject({ created: false });
    expect(server?.requests).toEqual(Array(3).fill("PUT /v1/stream/__ds/subscriptions/a%20b%2Fc"));
    expect(bodies[1]).toEqual({ type: "pull-wake", streams: ["e/a"], wake_stream: "w", lease_ttl_ms: 1000 });
  });

  it("membership and deletion: paths are percent-encoded, slashes stay", async () => {
    const client = await subscriptions(empty);
    await client.addStreams("s", ["e/a", "é"]);
    await client.removeStream("s", "e/a b");
    await client.delete("s");
    expect(server?.requests).toEqual([
      "POST /v1/stream/__ds/subscriptions/s/streams",
      "DELETE /v1/stream/__ds/subscriptions/s/streams/e/a%20b",
      "DELETE /v1/stream/__ds/subscriptions/s",
    ]);
    expect(bodies[0]).toEqual({ streams: ["e/a", "é"] });
  });

  it("show: why the last delivery failed, when the next is, and what is pending", async () => {
    const failed = { status: "failed", failure: "It was refused.", next_attempt_at: "2026-11-29T10:00:00.000Z" };
    const client = await subscriptions(json({ ...SUBSCRIPTION, ...failed, streams: [{ ...LINK, has_pending: true }] }));
    expect(await client.show("s")).toMatchObject({
      status: "failed",
      failure: failed.failure,
      nextAttemptAt: failed.next_attempt_at,
      streams: [{ path: "e/a", hasPending: true }],
    });
  });

  it("show: since when the server links no more streams, and which was the first", async () => {
    const links_refused = { since: "2026-11-29T10:00:00.000Z", first: "e/z" };
    expect(await (await subscriptions(json({ ...SUBSCRIPTION, links_refused }))).show("s")).toMatchObject({
      linksRefused: links_refused,
    });
    const none = await (await subscriptions(json({ ...SUBSCRIPTION, links_refused: null }))).show("s");
    expect(none.linksRefused).toBeUndefined();
  });

  it("streams: all pages of a server that has pages", async () => {
    const client = await subscriptions(json({ ...SUBSCRIPTION, next_cursor: "x" }), json(SUBSCRIPTION));
    const paths: string[] = [];
    for await (const page of client.streams("s")) paths.push(...page.map(({ path }) => path));
    expect(paths).toEqual(["e/a", "e/a"]);
    expect(server?.requests[1]).toContain("?cursor=x");
  });
});

describe("wakes", () => {
  it("claim: is sent once, since a lost answer may have been a lease", async () => {
    const client = await subscriptions(lost, json(CLAIM));
    await expect(client.claim("s", "me")).rejects.toMatchObject({ code: "CONNECTION_FAILED" });
    expect(await client.claim("s", "me")).toMatchObject({
      wakeId: "w_1",
      streams: [{ path: "e/a", ackedOffset: "1", tailOffset: "2", hasPending: true }],
    });
    expect(bodies).toEqual([{ worker: "me" }, { worker: "me" }]);
  });

  it("ack: carries the wake's own token and no other, and is repeated", async () => {
    const client = await subscriptions(lost, json({ ok: true, next_wake: true }));
    const claim = { wakeId: "w_1", generation: 3, token: CLAIM.token };
    const acks = [{ stream: "e/a", offset: "2" }];
    expect(await client.ack("s", claim, { acks, done: true, giveUpAfterMs: 1000 })).toBe(true);
    expect(bodies[1]).toEqual({ wake_id: "w_1", generation: 3, acks, done: true });
    expect(tokens).toEqual(Array(2).fill(`Bearer ${CLAIM.token}`));
  });

  it("ack: a wake's token that is refused is not taken for the project's", async () => {
    const client = await subscriptions(failure(401, "TOKEN_EXPIRED"));
    const claim = { wakeId: "w_1", generation: 3, token: CLAIM.token };
    await expect(client.ack("s", claim, { acks: [], done: false, giveUpAfterMs: 0 })).rejects.toMatchObject({
      code: "TOKEN_EXPIRED",
    });
    expect(server?.requests).toHaveLength(1);
    expect(asked).toEqual([]);
  });

  it.each(["FENCED", "ALREADY_CLAIMED", "NO_PENDING_WORK"])("%s is told by its code", async (code) => {
    const client = await subscriptions(failure(409, code));
    await expect(client.claim("s", "me")).rejects.toMatchObject({ code, kind: "conflict", retryable: false });
  });
});

describe("a server without", () => {
  it("subscriptions is told by its name, and a subscription that is not there is another matter", async () => {
    const client = await subscriptions(failure(404, "RESERVED_PATH"), failure(404, "SUBSCRIPTION_NOT_FOUND"));
    await expect(client.show("s")).rejects.toThrow(NoControlApiError);
    await expect(client.show("s")).rejects.toMatchObject({ code: "SUBSCRIPTION_NOT_FOUND", kind: "not-found" });
  });

  it("our extensions says of them that there is no such subscription", async () => {
    const client = await subscriptions(failure(404, "SUBSCRIPTION_NOT_FOUND"));
    await expect(client.list().next()).rejects.toThrow(NoControlApiError);
    await expect(client.rotateKey()).rejects.toThrow(NoControlApiError);
  });
});
