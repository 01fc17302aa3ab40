import { describe, expect, test } from "vitest";
import { errorCode, offsetAt } from "../support/stream-client.ts";
import { ProjectClient, SubscriptionHttp, type Lease } from "./support/http.ts";
import { Receiver } from "./support/receiver.ts";

async function refusal(answer: Response): Promise<readonly [number, string]> {
  return [answer.status, await errorCode(answer)];
}

/** A project with a pull-wake subscription that has one message to be worked on. */
async function withWork(): Promise<{ readonly project: ProjectClient; readonly subscription: SubscriptionHttp }> {
  const project = new ProjectClient();
  const subscription = await project.pullWake({ pattern: "events/*", lease_ttl_ms: 60_000 });
  await project.createStream("events/a", 1);
  return { project, subscription };
}

const done = { acks: [{ stream: "events/a", offset: offsetAt(1) }], done: true };

describe("claim: the lease of a pull-wake (section 7.2)", () => {
  test("it tells the wake, its token and the streams, those with something pending first", async () => {
    const { project, subscription } = await withWork();
    const answer = await subscription.claim("worker-1");
    expect([answer.status, answer.headers.get("Cache-Control")]).toEqual([200, "no-store"]);
    const lease = await answer.json<Lease>();
    expect(lease).toEqual({
      wake_id: expect.any(String) as string,
      generation: 1,
      token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as string,
      streams: [
        {
          path: "events/a",
          link_type: "glob",
          acked_offset: offsetAt(0),
          tail_offset: offsetAt(1),
          has_pending: true,
        },
      ],
      lease_ttl_ms: 60_000,
    });
    expect(await subscription.facts()).toMatchObject({ holder: "worker-1", generation: 1 });
    // Neither the token nor the key of it is shown to whoever reads the subscription.
    expect(await (await subscription.get()).text()).not.toContain(lease.token.slice(-20));
    await project.append("events/a", 2);
  });

  test("of two workers one gets it, and the other is told who has it", async () => {
    const { subscription } = await withWork();
    const answers = await Promise.all([subscription.claim("w1"), subscription.claim("w2")]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    const [winner, loser] = answers[0].status === 200 ? ["w1", answers[1]] : ["w2", answers[0]];
    expect(await loser.json()).toEqual({
      error: {
        code: "ALREADY_CLAIMED",
        message: expect.any(String) as string,
        current_holder: winner,
        generation: 1,
      },
    });
  });

  test("without anything to do there is no lease", async () => {
    const subscription = await new ProjectClient().pullWake({ pattern: "events/*" });
    expect(await refusal(await subscription.claim())).toEqual([409, "NO_PENDING_WORK"]);
  });

  test("a subscription that is not there has none", async () => {
    const subscription = new SubscriptionHttp(new ProjectClient(), "none");
    expect(await refusal(await subscription.claim())).toEqual([404, "SUBSCRIPTION_NOT_FOUND"]);
  });

  test.each([{}, { worker: "" }, { worker: 1 }, { worker: "a\nb" }])("a worker without a name: %j", async (body) => {
    const { project, subscription } = await withWork();
    const answer = await project.control("POST", `subscriptions/${subscription.id}/claim`, body);
    expect(await refusal(answer)).toEqual([400, "INVALID_SUBSCRIPTION"]);
  });
});

describe("ack and release: with the token of the lease", () => {
  test("an ack moves the cursor, ends the wake, and tells whether another one follows", async () => {
    const { project, subscription } = await withWork();
    const lease = await subscription.claimed();
    await project.append("events/a", 2);
    const answer = await subscription.wake("ack", lease, { acks: done.acks });
    expect([answer.status, answer.headers.get("Cache-Control")]).toEqual([200, "no-store"]);
    expect(await answer.json()).toMatchObject({ ok: true });
    const last = await subscription.wake("ack", lease, {
      acks: [{ stream: "/events/a", offset: offsetAt(2) }],
      done: true,
    });
    expect(await last.json()).toEqual({ ok: true, next_wake: false });
    expect(await subscription.facts()).toMatchObject({ holder: null, streams: [{ acked_offset: offsetAt(2) }] });
  });

  test("what is said about a wake that is over is fenced", async () => {
    const { subscription } = await withWork();
    const lease = await subscription.claimed();
    expect((await subscription.wake("ack", lease, done)).status).toBe(200);
    expect(await refusal(await subscription.wake("ack", lease, done))).toEqual([409, "FENCED"]);
    expect(await refusal(await subscription.wake("release", lease))).toEqual([409, "FENCED"]);
  });

  test("a release leaves the work to the next worker", async () => {
    const { subscription } = await withWork();
    const lease = await subscription.claimed("w1");
    const answer = await subscription.wake("release", lease);
    expect([answer.status, await answer.text()]).toEqual([204, ""]);
    const next = await subscription.claimed("w2");
    expect(next.generation).toBeGreaterThan(lease.generation);
    expect(next.streams).toMatchObject([{ path: "events/a", acked_offset: offsetAt(0), has_pending: true }]);
  });

  test("an offset that is behind the cursor, or where nothing is yet, acks nothing of all that came with it", async () => {
    const { project, subscription } = await withWork();
    await project.createStream("events/b", 1);
    const lease = await subscription.claimed();
    for (const stream of ["events/b", "nothing/of/it"]) {
      const acks = [...done.acks, { stream, offset: offsetAt(9) }];
      expect(await refusal(await subscription.wake("ack", lease, { acks, done: true }))).toEqual([409, "INVALID_ACK"]);
    }
    expect(await subscription.facts()).toMatchObject({
      streams: [{ acked_offset: offsetAt(0) }, { acked_offset: offsetAt(0) }],
    });
  });

  test.each<[string, object, string]>([
    ["no wake", { wake_id: undefined }, "INVALID_SUBSCRIPTION"],
    ["no generation", { generation: undefined }, "INVALID_SUBSCRIPTION"],
    ["an offset that nobody gave", { acks: [{ stream: "events/a", offset: "1" }] }, "INVALID_OFFSET"],
  ])("a body with %s is refused", async (_what, fields, code) => {
    const { subscription } = await withWork();
    const lease = await subscription.claimed();
    expect(await refusal(await subscription.wake("ack", lease, { ...fields }))).toEqual([400, code]);
  });

  test("a refused token is challenged as every other one", async () => {
    const { project, subscription } = await withWork();
    const lease = await subscription.claimed();
    const forged = { ...lease, token: `${lease.token.slice(0, -8)}AAAAAAAA` };
    for (const answer of [
      await subscription.wake("ack", forged),
      await project.control("POST", `subscriptions/${subscription.id}/ack`, {}),
    ]) {
      expect(answer.headers.get("WWW-Authenticate")).toMatch(/^Bearer realm="durable-streams", error="invalid_token"/);
      expect(await refusal(answer)).toEqual([401, "TOKEN_INVALID"]);
    }
  });

  test("a token opens one subscription, and after its deletion nothing", async () => {
    const { project, subscription } = await withWork();
    const other = await project.pullWake({ pattern: "events/*" });
    const lease = await subscription.claimed();
    expect(await refusal(await other.wake("ack", lease))).toEqual([401, "TOKEN_INVALID"]);
    await subscription.delete();
    for (const action of ["ack", "release", "callback"] as const) {
      expect(await refusal(await subscription.wake(action, lease))).toEqual([401, "TOKEN_INVALID"]);
    }
  });
});

describe("callback: with the token of a webhook's wake (section 7.1)", () => {
  test("it is called where the wake says, and acks as an ack does", async () => {
    const receiver = new Receiver(() => Response.json({}));
    const project = new ProjectClient();
    const subscription = await project.subscribe({
      type: "webhook",
      pattern: "events/*",
      webhook: { url: "https://receiver.example.com/hook" },
    });
    await project.createStream("events/a", 1);
    const { wake } = await receiver.received(1);
    const url = new URL(wake.callback_url);
    const { wake_id, generation } = wake;
    const call = (): Promise<Response> =>
      project.send(url.pathname, {
        method: "POST",
        headers: { Authorization: `Bearer ${wake.callback_token}` },
        body: JSON.stringify({ wake_id, generation, ...done }),
      });
    const answer = await call();
    expect([answer.status, await answer.json()]).toEqual([200, { ok: true, next_wake: false }]);
    expect(await refusal(await call())).toEqual([409, "FENCED"]);
    expect(await subscription.facts()).toMatchObject({ streams: [{ acked_offset: offsetAt(1) }] });
  });
});
