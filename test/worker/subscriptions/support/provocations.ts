import { PROJECT_SUBSCRIPTIONS_MAX, SUBSCRIPTION_LINKS_MAX } from "../../../../src/protocol/limits.ts";
import type { ErrorCode } from "../../../../src/protocol/errors.ts";
import { directoryOf, inDirectory, listed } from "../../directory/support/directories.ts";
import { offsetAt } from "../../support/stream-client.ts";
import { ProjectClient, SubscriptionHttp, type Lease } from "./http.ts";

interface Provocation {
  readonly status: number;
  /** A request that gets this error. */
  readonly provoke: () => Promise<Response>;
}

const WEBHOOK = { type: "webhook", pattern: "events/*", webhook: { url: "https://worker.example/hooks" } };
const PULL = { type: "pull-wake", pattern: "events/*", wake_stream: "wake" };

function put(fields: object): Promise<Response> {
  return new SubscriptionHttp(new ProjectClient(), "sub").put({ ...fields });
}

/** A subscription with one message to be worked on, and the lease of whoever does. */
async function claimed(): Promise<{ readonly subscription: SubscriptionHttp; readonly lease: Lease }> {
  const project = new ProjectClient();
  const subscription = await project.pullWake({ pattern: "events/*" });
  await project.createStream("events/a", 1);
  return { subscription, lease: await subscription.claimed() };
}

/** One request for every code of lists and subscriptions. The limits have to be small for these tests. */
export const SUBSCRIPTION_PROVOCATIONS = {
  INVALID_CURSOR: { status: 400, provoke: () => new ProjectClient().control("GET", "streams?cursor=nonsense") },
  INVALID_SUBSCRIPTION: { status: 400, provoke: () => put({ ...WEBHOOK, type: "push" }) },
  WEBHOOK_URL_REJECTED: { status: 400, provoke: () => put({ ...WEBHOOK, webhook: { url: "https://10.0.0.1/hook" } }) },
  SUBSCRIPTION_NOT_FOUND: { status: 404, provoke: () => new SubscriptionHttp(new ProjectClient(), "none").get() },
  SUBSCRIPTION_ALREADY_EXISTS: {
    status: 409,
    provoke: async () => {
      const subscription = await new ProjectClient().subscribe(PULL);
      return subscription.put({ ...PULL, description: "another one" });
    },
  },
  TOO_MANY_SUBSCRIPTIONS: {
    status: 409,
    provoke: async () => {
      const project = new ProjectClient();
      // Of so many objects that are made, one by one, some would be slow on a busy machine.
      await inDirectory(directoryOf(project.project), (directory) => {
        for (let i = 0; i < PROJECT_SUBSCRIPTIONS_MAX; i++) directory.putSubscription(listed(String(i)));
      });
      return new SubscriptionHttp(project, "one-more").put(PULL);
    },
  },
  TOO_MANY_LINKS: {
    status: 409,
    provoke: async () => {
      const subscription = await new ProjectClient().subscribe(PULL);
      return subscription.addStreams(...Array.from({ length: SUBSCRIPTION_LINKS_MAX + 1 }, (_, i) => `s/${String(i)}`));
    },
  },
  TOKEN_INVALID: {
    status: 401,
    provoke: async () => {
      const { subscription, lease } = await claimed();
      return subscription.wake("ack", { ...lease, token: `${lease.token.slice(0, -4)}AAAA` });
    },
  },
  FENCED: {
    status: 409,
    provoke: async () => {
      const { subscription, lease } = await claimed();
      return subscription.wake("ack", { ...lease, generation: lease.generation + 1 });
    },
  },
  ALREADY_CLAIMED: {
    status: 409,
    provoke: async () => {
      const { subscription } = await claimed();
      return subscription.claim("worker-2");
    },
  },
  NO_PENDING_WORK: {
    status: 409,
    provoke: async () => (await new ProjectClient().pullWake({ pattern: "events/*" })).claim(),
  },
  INVALID_ACK: {
    status: 409,
    provoke: async () => {
      const { subscription, lease } = await claimed();
      return subscription.wake("ack", lease, { acks: [{ stream: "events/a", offset: offsetAt(2) }] });
    },
  },
} as const satisfies Partial<Record<ErrorCode, Provocation>>;
