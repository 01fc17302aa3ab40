import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { WEBHOOK_ANSWER_MAX_BYTES } from "../../../src/protocol/limits.ts";
import type { StoredWake } from "../../../src/worker/subscriptions/record.ts";
import { onlyByHand } from "../support/alarms.ts";
import { Gate } from "../support/at-the-door.ts";
import { Clock } from "../support/clock.ts";
import { offsetAt } from "../support/stream-client.ts";
import { NEVER, Receiver, type Delivery } from "./support/receiver.ts";
import { HOOK, LEASE_SECONDS, SubscriptionClient, webhook } from "./support/subscriptions.ts";

const PATTERN = { pattern: "events/*" };

function wakeOf({ wake }: Delivery): { readonly token: string; readonly wakeId: string; readonly generation: number } {
  return { token: wake.callback_token, wakeId: wake.wake_id, generation: wake.generation };
}

async function callback(subscription: SubscriptionClient, delivery: Delivery, offset: number, done: boolean) {
  return subscription.object.callback(subscription.request(wakeOf(delivery), { "events/a": offset }, done));
}

describe("webhook: what is sent", () => {
  test("webhook: it tells the wake, the streams and where to call back", async () => {
    const receiver = new Receiver();
    const subscription = await new SubscriptionClient(webhook({ ...PATTERN, streams: ["events/b"] })).created();
    await subscription.notify("events/a", 3);
    const { url, wake, method, redirect } = await receiver.received(1);
    expect(url).toBe(HOOK);
    expect({ method, redirect }).toEqual({ method: "POST", redirect: "manual" });
    expect(wake).toMatchObject({
      subscription_id: subscription.name.id,
      generation: 1,
      streams: [
        {
          path: "events/a",
          link_type: "glob",
          acked_offset: offsetAt(0),
          tail_offset: offsetAt(3),
          has_pending: true,
        },
        {
          path: "events/b",
          link_type: "explicit",
          acked_offset: offsetAt(0),
          tail_offset: offsetAt(0),
          has_pending: false,
        },
      ],
      callback_url: `https://streams.test/v1/${subscription.name.project}/stream/__ds/subscriptions/${subscription.name.id}/callback`,
    });
  });

  test("webhook: its signature is over the time and the very body, by a key that the project shows", async () => {
    const receiver = new Receiver();
    const subscription = await new SubscriptionClient(webhook(PATTERN)).created();
    await subscription.notify("events/a", 3);
    const { headers, body } = await receiver.received(1);
    expect(headers.get("User-Agent")).toMatch(/^durable-streams\/\d/);
    const [, t, kid, signature] =
      /^t=(\d+),kid=(ds_[\w-]+),ed25519=([\w-]+)$/.exec(headers.get("Webhook-Signature") ?? "") ?? [];
    const keys = await env.DIRECTORY.getByName(subscription.name.project).publicKeys();
    const jwk = keys.find((key) => key.kid === kid);
    if (jwk === undefined) throw new Error("the key that signed is not shown");
    const key = await crypto.subtle.importKey(
      "jwk",
      { kty: "OKP", crv: "Ed25519", x: jwk.x },
      { name: "Ed25519" },
      false,
      ["verify"],
    );
    const bytes = Uint8Array.from(atob((signature ?? "").replaceAll("-", "+").replaceAll("_", "/")), (c) =>
      c.charCodeAt(0),
    );
    const signed = (text: string) => crypto.subtle.verify("Ed25519", key, bytes, new TextEncoder().encode(text));
    expect(await signed(`${t ?? ""}.${body}`)).toBe(true);
    expect(await signed(`${t ?? ""}.${body} `)).toBe(false);
  });

  test("webhook: a URL that may not be called any more is not called", async () => {
    const receiver = new Receiver();
    const subscription = await new SubscriptionClient(
      webhook({ ...PATTERN, webhookUrl: "https://10.0.0.1/hook" }),
    ).created();
    await subscription.notify("events/a", 1);
    const { failing } = await subscription.reaches("pausing");
    expect(failing?.reason).toContain("URL is refused");
    expect(receiver.deliveries).toEqual([]);
  });
});

describe("webhook: what its answer means", () => {
  test("webhook: done acks what the wake told of, and what came meanwhile makes another wake", async () => {
    const gate = new Gate();
    const receiver = new Receiver(async () => {
      await gate.pass();
      return Response.json({ done: true });
    });
    const subscription = await new SubscriptionClient(webhook(PATTERN)).created();
    await subscription.notify("events/a", 3);
    const first = await receiver.received(1);
    await subscription.notify("events/a", 5);
    receiver.answer = () => Response.json({ done: false });
    await runInDurableObject(subscription.object, gate.open);
    const second = await receiver.received(2);
    expect(second.wake.generation).toBe(2);
    expect(second.wake.wake_id).not.toBe(first.wake.wake_id);
    expect(second.wake.streams).toMatchObject([{ acked_offset: offsetAt(3), tail_offset: offsetAt(5) }]);
    await subscription.reaches("sent");
  });

  test("webhook: a callback about a stream that is another by now acks nothing of the later one, also once the wake was sent again", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const receiver = new Receiver(() => new Response(null, { status: 500 }));
    const subscription = await new SubscriptionClient(webhook(PATTERN)).created();
    await subscription.notify("events/a", 3);
    const first = await receiver.received(1);
    await subscription.reaches("pausing");
    await subscription.notify("events/a", 3, { kind: "ended" });
    await subscription.notify("events/a", 5, { incarnation: "the later one" });
    await subscription.evict();
    receiver.answer = () => new Response(null, { status: 202 });
    clock.advanceSeconds(2);
    await subscription.alarm();
    expect((await receiver.received(2)).wake.wake_id).toBe(first.wake.wake_id);
    // Who calls back may have seen the first attempt only.
    await callback(subscription, first, 3, false);
    expect(await subscription.cursor("events/a")).toEqual([0, 5]);
  });

  test("webhook: done about a stream that is another by now acks nothing of the later one", async () => {
    const gate = new Gate();
    const receiver = new Receiver(async () => {
      await gate.pass();
      return Response.json({ done: true });
    });
    const subscription = await new SubscriptionClient(webhook(PATTERN)).created();
    await subscription.notify("events/a", 3);
    await receiver.received(1);
    await subscription.notify("events/a", 3, { kind: "ended" });
    await subscription.notify("events/a", 5, { incarnation: "the later one" });
    receiver.answer = () => Response.json({ done: false });
    await runInDurableObject(subscription.object, gate.open);
    const { wake } = await receiver.received(2);
    expect(wake.streams).toMatchObject([{ acked_offset: offsetAt(0), tail_offset: offsetAt(5) }]);
    await subscription.reaches("sent");
    expect(await subscription.cursor("events/a")).toEqual([0, 5]);
  });

  test.each([
    { what: "no body", response: () => new Response(null, { status: 204 }) },
    { what: "no JSON", response: () => new Response("done") },
    { what: "done: false", response: () => Response.json({ done: false }) },
    { what: 'done: "true"', response: () => Response.json({ done: "true" }) },
    {
      what: "more than is read",
      response: () => Response.json({ done: true, padding: "x".repeat(WEBHOOK_ANSWER_MAX_BYTES) }),
    },
  ])("webhook: an answer with $what takes the wake, and acks nothing", async ({ response }) => {
    new Receiver(response);
    const subscription = await new SubscriptionClient(webhook(PATTERN)).created();
    await subscription.notify("events/a", 3);
    await subscription.reaches("sent");
    expect(await subscription.cursor("events/a")).toEqual([0, 3]);
    expect((await subscription.describe()).status).toBe("active");
  });

  test.each([
    { what: "500", answer: () => new Response("no", { status: 500 }), reason: "The webhook answered 500." },
    {
      what: "302",
      answer: () => new Response(null, { status: 302, headers: { Location: "http://169.254.169.254/" } }),
      reason: "The webhook answered 302; redirects are not followed.",
    },
    {
      what: "no answer",
      answer: () => Promise.reject(new Error("refused")),
      reason: "The webhook could not be reached.",
    },
  ])("webhook: after $what the same wake is sent again, after a pause", async ({ answer, reason }) => {
    using clock = new Clock();
    onlyByHand(clock);
    const receiver = new Receiver(answer);
    const subscription = await new SubscriptionClient(webhook(PATTERN)).created();
    await subscription.notify("events/a", 3);
    const { phase } = await subscription.reaches("pausing");
    expect(await subscription.describe()).toMatchObject({ status: "failed", failure: reason });
    await subscription.evict();
    await subscription.alarm();
    expect(receiver.deliveries).toHaveLength(1);
    if (phase.kind === "pausing") clock.advanceSeconds((phase.dueAtMs - clock.nowMs) / 1000);
    receiver.answer = () => Response.json({ done: true });
    await subscription.alarm();
    await subscription.reaches("idle");
    const [first, second] = receiver.deliveries;
    expect(second?.wake.wake_id).toBe(first?.wake.wake_id);
    expect(await subscription.describe()).toMatchObject({
      status: "active",
      failure: undefined,
      nextAttemptAtMs: undefined,
    });
    expect(await subscription.cursor("events/a")).toEqual([3, 3]);
  });

  test("webhook: while a delivery is under way, notices and callbacks are taken", async () => {
    const receiver = new Receiver(NEVER);
    const subscription = await new SubscriptionClient(webhook(PATTERN)).created();
    await subscription.notify("events/a", 3);
    const delivery = await receiver.received(1);
    expect(await subscription.notify("events/a", 4)).toBe("noted");
    expect(await callback(subscription, delivery, 2, false)).toEqual({ kind: "acked", nextWake: false });
    receiver.answer = () => Response.json({ done: true });
    expect(await callback(subscription, delivery, 3, true)).toEqual({ kind: "acked", nextWake: true });
    expect((await receiver.received(2)).wake.generation).toBe(2);
    await subscription.reaches("idle");
    expect(await subscription.cursor("events/a")).toEqual([4, 4]);
  });

  test("webhook: when the lease ends without a callback, another wake follows, and the token of the first is worth nothing", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const receiver = new Receiver(() => new Response());
    const subscription = await new SubscriptionClient(webhook(PATTERN)).created();
    await subscription.notify("events/a", 3);
    const first = await receiver.received(1);
    await subscription.reaches("sent");
    clock.advanceSeconds(LEASE_SECONDS);
    // However late the alarm is.
    expect(await callback(subscription, first, 3, true)).toMatchObject({ error: { code: "FENCED" } });
    expect((await receiver.received(2)).wake.generation).toBe(2);
    expect(await subscription.cursor("events/a")).toEqual([0, 3]);
  });

  test("webhook: a delivery whose answer is lost with the object is repeated, with the same wake", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const receiver = new Receiver();
    const subscription = await new SubscriptionClient(webhook(PATTERN)).created();
    receiver.answer = () => new Response(null, { status: 500 });
    await subscription.notify("events/a", 3);
    const { phase } = await subscription.reaches("pausing");
    const { state, snapshot } = JSON.parse(await subscription.wakeRow()) as StoredWake;
    const soonMs = clock.nowMs + 10_000;
    const sending = { kind: "sending", attempt: 1, answerByMs: soonMs, leaseEndsAtMs: soonMs };
    const lost = { state: { ...state, failing: undefined, phase: { ...phase, ...sending } }, snapshot };
    receiver.answer = () => Response.json({ done: true });
    await subscription.loseSince(JSON.stringify(lost));
    expect(await subscription.describe()).toMatchObject({ generation: 1 });
    await subscription.reaches("idle");
    const [first, second] = receiver.deliveries;
    expect(second?.wake.wake_id).toBe(first?.wake.wake_id);
    expect(await subscription.cursor("events/a")).toEqual([3, 3]);
  });

  test("webhook: nobody claims its wakes", async () => {
    const subscription = await new SubscriptionClient(webhook(PATTERN)).created();
    expect(await subscription.claim()).toMatchObject({ kind: "refused", error: { code: "INVALID_SUBSCRIPTION" } });
  });
});
