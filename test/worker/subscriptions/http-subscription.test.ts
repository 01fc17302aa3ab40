import { describe, expect, test } from "vitest";
import { LIST_PAGE_MAX, SUBSCRIPTION_BODY_MAX_BYTES, SUBSCRIPTION_ID_MAX_BYTES } from "../../../src/protocol/limits.ts";
import { errorCode, offsetAt, ORIGIN, sendTo } from "../support/stream-client.ts";
import { ProjectClient, SubscriptionHttp } from "./support/http.ts";

const WEBHOOK = { type: "webhook", pattern: "events/*", webhook: { url: "https://worker.example/hooks" } };
const PULL = { type: "pull-wake", pattern: "events/*", wake_stream: "wake/pool" };

async function refusal(answer: Response): Promise<readonly [number, string]> {
  return [answer.status, await errorCode(answer)];
}

describe("subscription: created and confirmed by PUT (section 6.2)", () => {
  test("a webhook is answered with all that it is, the key that signs, and no secret", async () => {
    const project = new ProjectClient();
    await project.createStream("events/a", 1, 2);
    const subscription = new SubscriptionHttp(project, "sub-1");
    const answer = await subscription.put({ ...WEBHOOK, streams: ["other/b"], lease_ttl_ms: 5000, description: "d" });
    expect(answer.status).toBe(201);
    expect([answer.headers.get("Content-Type"), answer.headers.get("Cache-Control")]).toEqual([
      "application/json",
      "no-store",
    ]);
    const { keys } = await (await project.control("GET", "jwks.json")).json<{ keys: { kid: string }[] }>();
    expect(await answer.json()).toEqual({
      id: "sub-1",
      subscription_id: "sub-1",
      type: "webhook",
      pattern: "events/*",
      streams: [
        {
          path: "events/a",
          link_type: "glob",
          acked_offset: offsetAt(2),
          tail_offset: offsetAt(2),
          has_pending: false,
        },
        {
          path: "other/b",
          link_type: "explicit",
          acked_offset: offsetAt(0),
          tail_offset: offsetAt(0),
          has_pending: false,
        },
      ],
      webhook: {
        url: "https://worker.example/hooks",
        signing: { alg: "ed25519", kid: keys[0]?.kid, jwks_url: `${ORIGIN}${project.root}/__ds/jwks.json` },
      },
      wake_stream: null,
      lease_ttl_ms: 5000,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      status: "active",
      failure: null,
      next_attempt_at: null,
      generation: 0,
      holder: null,
      links_refused: null,
      description: "d",
      next_cursor: null,
    });
  });

  test("a pull-wake has its wake stream, and no webhook", async () => {
    const subscription = await new ProjectClient().subscribe({ ...PULL, wake_stream: "/wake/pool/" });
    expect(await subscription.facts()).toMatchObject({
      type: "pull-wake",
      webhook: null,
      wake_stream: "wake/pool",
      lease_ttl_ms: 30_000,
      description: null,
    });
  });

  test("the same again, however it is written, is confirmed with 200 and changes nothing", async () => {
    const project = new ProjectClient();
    const subscription = await project.subscribe({ ...WEBHOOK, streams: ["a", "b"] }, "again");
    const before = await subscription.facts();
    const answer = await subscription.put({ ...WEBHOOK, streams: ["/b", "a", "a"], lease_ttl_ms: 30_000, later: true });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual(before);
  });

  test.each<[string, object]>([
    ["type", { ...PULL }],
    ["pattern", { ...WEBHOOK, pattern: "events/**" }],
    ["streams", { ...WEBHOOK, streams: ["a"] }],
    ["URL", { ...WEBHOOK, webhook: { url: "https://worker.example/other" } }],
    ["lease", { ...WEBHOOK, lease_ttl_ms: 30_001 }],
    ["description", { ...WEBHOOK, description: "d" }],
  ])("another %s under the same id is 409, and nothing changes", async (_what, other) => {
    const subscription = await new ProjectClient().subscribe(WEBHOOK);
    const before = await subscription.facts();
    expect(await refusal(await subscription.put({ ...other }))).toEqual([409, "SUBSCRIPTION_ALREADY_EXISTS"]);
    expect(await subscription.facts()).toEqual(before);
  });

  test("two projects have subscriptions of their own under one id", async () => {
    const one = await new ProjectClient().subscribe(WEBHOOK, "same");
    const other = await new ProjectClient().subscribe(PULL, "same");
    expect([(await one.facts())["type"], (await other.facts())["type"]]).toEqual(["webhook", "pull-wake"]);
  });

  test.each([
    ["a slash", "a/b"],
    ["what URLs are made of", "a?b#c&d=%2F ü😀"],
    ["what is a route", "streams"],
    ["the most bytes", "x".repeat(SUBSCRIPTION_ID_MAX_BYTES)],
  ])("an id may have %s", async (_what, id) => {
    const project = new ProjectClient();
    const subscription = await project.subscribe(WEBHOOK, id);
    expect(await subscription.facts()).toMatchObject({ id, subscription_id: id });
    expect((await subscription.addStreams("more")).status).toBe(204);
    expect((await subscription.delete()).status).toBe(204);
  });

  test.each([
    ["too many bytes", "x".repeat(SUBSCRIPTION_ID_MAX_BYTES + 1)],
    ["a control character", "a%00"],
    ["no UTF-8", "%ff"],
  ])("an id with %s is refused", async (_what, id) => {
    const answer = await new ProjectClient().control("PUT", `subscriptions/${id}`, WEBHOOK);
    expect(await refusal(answer)).toEqual([400, "INVALID_SUBSCRIPTION"]);
  });

  test.each([
    ["nothing", undefined, 400, "INVALID_JSON"],
    ["no JSON", "{", 400, "INVALID_JSON"],
    ["a list", "[]", 400, "INVALID_SUBSCRIPTION"],
    ["nothing of it", "{}", 400, "INVALID_SUBSCRIPTION"],
    ["too much", `{"x":"${"x".repeat(SUBSCRIPTION_BODY_MAX_BYTES)}"}`, 413, "BODY_TOO_LARGE"],
  ])("a body with %s is refused, and nothing is there", async (_what, body, status, code) => {
    const project = new ProjectClient();
    const answer = await project.send(`${project.root}/__ds/subscriptions/sub`, { method: "PUT", body });
    expect(await refusal(answer)).toEqual([status, code]);
    expect((await new SubscriptionHttp(project, "sub").get()).status).toBe(404);
  });

  test("webhooks go to this very machine only where the Worker is told so", async () => {
    const local = { ...WEBHOOK, webhook: { url: "http://127.0.0.1:4000/hook" } };
    const outside = new SubscriptionHttp(new ProjectClient(), "sub");
    expect(await refusal(await outside.put(local))).toEqual([400, "WEBHOOK_URL_REJECTED"]);
    const atHome = new SubscriptionHttp(new ProjectClient(sendTo({}, { WEBHOOKS_TO_LOOPBACK: "allow" })), "sub");
    expect((await atHome.put(local)).status).toBe(201);
  });

  test("a page of elsewhere has no webhooks sent to the machine of whoever looks at it", async () => {
    const project = new ProjectClient(sendTo({}, { WEBHOOKS_TO_LOOPBACK: "allow" }));
    const local = { ...WEBHOOK, webhook: { url: "http://127.0.0.1:4000/hook" } };
    const ask = (Origin: string): Promise<Response> => project.control("PUT", "subscriptions/sub", local, { Origin });
    expect(await refusal(await ask("https://page.example"))).toEqual([400, "WEBHOOK_URL_REJECTED"]);
    expect((await ask("http://localhost:5173")).status).toBe(201);
  });

  test("the form of the URL that the client used is the one that it is told", async () => {
    const send = sendTo();
    const id = `sub-${crypto.randomUUID()}`;
    const body = JSON.stringify({ ...WEBHOOK, pattern: undefined, streams: ["none"] });
    const answer = await send(`/v1/stream/__ds/subscriptions/${id}`, { method: "PUT", body });
    const jwksUrl = `${ORIGIN}/v1/stream/__ds/jwks.json`;
    expect(await answer.json()).toMatchObject({ webhook: { signing: { jwks_url: jwksUrl } } });
    // It stays that: receivers have seen it.
    const other = await send(`/v1/default/stream/__ds/subscriptions/${id}`);
    expect(await other.json()).toMatchObject({ webhook: { signing: { jwks_url: jwksUrl } } });
  });
});

describe("subscription: read by GET and ended by DELETE (section 6.3)", () => {
  test("one that is not there is 404, and deleting it is 204 every time", async () => {
    const project = new ProjectClient();
    const subscription = await project.subscribe(WEBHOOK);
    for (let times = 0; times < 2; times++) {
      const answer = await subscription.delete();
      expect([answer.status, await answer.text()]).toEqual([204, ""]);
    }
    expect(await refusal(await subscription.get())).toEqual([404, "SUBSCRIPTION_NOT_FOUND"]);
    expect((await new SubscriptionHttp(project, "never").delete()).status).toBe(204);
  });

  test("after a deletion the id is free for another configuration", async () => {
    const subscription = await new ProjectClient().subscribe(WEBHOOK);
    await subscription.delete();
    expect((await subscription.put(PULL)).status).toBe(201);
  });

  test("a long list of streams comes in pages, in order and each once", async () => {
    const streams = Array.from({ length: 7 }, (_, i) => `s/${String(i)}`);
    const subscription = await new ProjectClient().subscribe({ ...WEBHOOK, pattern: undefined, streams });
    const seen: string[] = [];
    let query = "?limit=3";
    for (let pages = 1; pages <= 3; pages++) {
      const { streams: page, next_cursor: next } = (await subscription.facts(query)) as {
        streams: { path: string }[];
        next_cursor: string | null;
      };
      seen.push(...page.map(({ path }) => path));
      expect(next === null).toBe(pages === 3);
      query = `?limit=3&cursor=${String(next)}`;
    }
    expect(seen).toEqual(streams);
  });

  test.each([
    ["limit=0", "INVALID_LIMIT"],
    [`limit=${String(LIST_PAGE_MAX + 1)}`, "INVALID_LIMIT"],
    ["limit=x", "INVALID_LIMIT"],
    ["cursor=", "INVALID_CURSOR"],
    ["cursor=%25", "INVALID_CURSOR"],
  ])("a page of %s is refused", async (query, code) => {
    const subscription = await new ProjectClient().subscribe(WEBHOOK);
    expect(await refusal(await subscription.get(`?${query}`))).toEqual([400, code]);
  });
});

describe("subscription: explicit streams (section 6.4)", () => {
  test("streams are added at their tail, and adding them again changes nothing", async () => {
    const project = new ProjectClient();
    await project.createStream("events/a", 1, 2, 3);
    const subscription = await project.subscribe({ ...WEBHOOK, pattern: undefined, streams: ["first"] });
    for (let times = 0; times < 2; times++) {
      const answer = await subscription.addStreams("/events/a/", "later");
      expect([answer.status, await answer.text()]).toEqual([204, ""]);
    }
    expect(await subscription.facts()).toMatchObject({
      streams: [
        { path: "events/a", link_type: "explicit", acked_offset: offsetAt(3) },
        { path: "first", link_type: "explicit", acked_offset: offsetAt(0) },
        { path: "later", link_type: "explicit", acked_offset: offsetAt(0) },
      ],
    });
  });

  test("a stream is removed by its path, encoded or with its slashes, and again without harm", async () => {
    const subscription = await new ProjectClient().subscribe({ ...WEBHOOK, streams: ["x/a b", "x/c"] });
    expect((await subscription.removeStream("x/a b")).status).toBe(204);
    expect((await subscription.removeStream("x/a b")).status).toBe(204);
    expect(await subscription.facts()).toMatchObject({ streams: [{ path: "x/c" }] });
  });

  test("a stream that the pattern matches as well stays, as one of the pattern", async () => {
    const project = new ProjectClient();
    await project.createStream("events/a", 1);
    const subscription = await project.subscribe({ ...WEBHOOK, streams: ["events/a"] });
    expect(await subscription.facts()).toMatchObject({ streams: [{ path: "events/a", link_type: "explicit" }] });
    expect((await project.control("DELETE", `subscriptions/${subscription.id}/streams/events/a`)).status).toBe(204);
    expect(await subscription.facts()).toMatchObject({ streams: [{ path: "events/a", link_type: "glob" }] });
  });

  test("a subscription that is not there has no streams", async () => {
    const subscription = new SubscriptionHttp(new ProjectClient(), "none");
    for (const answer of [await subscription.addStreams("a"), await subscription.removeStream("a")]) {
      expect(await refusal(answer)).toEqual([404, "SUBSCRIPTION_NOT_FOUND"]);
    }
  });

  test("its own wake stream is refused: every wake would cause the next", async () => {
    const subscription = await new ProjectClient().subscribe(PULL);
    expect(await refusal(await subscription.addStreams("wake/pool"))).toEqual([400, "INVALID_SUBSCRIPTION"]);
  });

  test.each([
    ["none", { streams: [] }],
    ["no list", { streams: "a" }],
    ["one that is reserved", { streams: ["__ds/x"] }],
  ])("refused is a list of %s", async (_what, body) => {
    const project = new ProjectClient();
    const { id } = await project.subscribe(WEBHOOK);
    const answer = await project.control("POST", `subscriptions/${id}/streams`, body);
    expect(await refusal(answer)).toEqual([400, "INVALID_SUBSCRIPTION"]);
  });
});
