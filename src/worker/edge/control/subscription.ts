import { NO_STORE } from "../../../protocol/cache-policy.ts";
import { encodeHex } from "../../../protocol/hex.ts";
import { LIST_PAGE_MAX } from "../../../protocol/limits.ts";
import { formatPageCursor, parsePageCursor } from "../../../protocol/page-cursor.ts";
import { configText, parseConfig } from "../../../protocol/subscription/config.ts";
import type {
  CreateSubscriptionOutcome,
  DeleteSubscriptionOutcome,
  DescribedSubscription,
  DescribeOutcome,
} from "../../subscriptions/operations.ts";
import { timed } from "../../timing.ts";
import { parseLimit } from "../page-limit.ts";
import { respond, respondError } from "../responses.ts";
import { instant, linkFacts, respondJson, respondOutcome } from "./answers.ts";
import type { SubscriptionContext } from "./context.ts";
import { readFields } from "./fields.ts";
import { signingKid } from "./signing-key.ts";

/** `PUT`: creates a subscription, or confirms that it is there as it is asked for (section 6.2). */
export async function handlePutSubscription(context: SubscriptionContext): Promise<Response> {
  const { name, root, timing, webhooks } = context;
  const fields = await readFields(context);
  if (!fields.ok) return respondError(fields.error);
  const config = parseConfig(fields.value, webhooks);
  if (!config.ok) return respondError(config.error);
  const request = { ...name, root, config: config.value, configHash: await sha256(configText(config.value)) };
  const outcome = await timed(timing, "object", async (): Promise<CreateSubscriptionOutcome> =>
    context.subscription.create(request),
  );
  switch (outcome.kind) {
    case "created":
      return respondJson(await facts(context, outcome.subscription), 201);
    case "confirmed":
      return respondJson(await facts(context, outcome.subscription));
    case "refused":
      return respondOutcome(outcome, name.id);
  }
}

/** `GET`: what a subscription is, and how far it is with its streams (section 6.3). A long list of them comes in pages. */
export async function handleGetSubscription(context: SubscriptionContext): Promise<Response> {
  const { url, timing } = context;
  const after = parsePageCursor(url.searchParams.get("cursor"));
  if (!after.ok) return respondError(after.error);
  const limit = parseLimit(url.searchParams.get("limit"), LIST_PAGE_MAX);
  if (!limit.ok) return respondError(limit.error);
  const outcome = await timed(timing, "object", async (): Promise<DescribeOutcome> =>
    context.subscription.describe(after.value, limit.value),
  );
  if (outcome.kind === "absent") return respondOutcome(outcome, context.name.id);
  return respondJson(await facts(context, outcome.subscription));
}

/** `DELETE` (section 6.3). What is not there needs no deleting: the second of two requests is answered as the first. */
export async function handleDeleteSubscription({ name, subscription, timing }: SubscriptionContext): Promise<Response> {
  const outcome = await timed(timing, "object", async (): Promise<DeleteSubscriptionOutcome> =>
    subscription.delete(name),
  );
  return outcome.kind === "absent" ? respond(204, { "Cache-Control": NO_STORE }) : respondOutcome(outcome, name.id);
}

/** A subscription as the protocol shows it, and what an operator asks next: why it failed, and who holds it. */
async function facts(context: SubscriptionContext, subscription: DescribedSubscription): Promise<object> {
  const { id, config, streams, more } = subscription;
  const last = more ? streams.at(-1)?.path : undefined;
  return {
    id,
    subscription_id: id,
    type: config.type,
    pattern: config.pattern ?? null,
    streams: streams.map(linkFacts),
    webhook: await webhookFacts(context, subscription),
    wake_stream: config.wakeStream ?? null,
    lease_ttl_ms: config.leaseTtlMs,
    created_at: instant(subscription.createdAtMs),
    status: subscription.status,
    failure: subscription.failure ?? null,
    next_attempt_at: subscription.nextAttemptAtMs === undefined ? null : instant(subscription.nextAttemptAtMs),
    generation: subscription.generation,
    holder: subscription.holder ?? null,
    links_refused: refusedFacts(subscription),
    description: config.description ?? null,
    next_cursor: last === undefined ? null : formatPageCursor(last),
  };
}

/** That streams which the pattern matches are not linked, since when, and the first of them. */
function refusedFacts({ refusedLink }: DescribedSubscription): object | null {
  return refusedLink === undefined ? null : { since: instant(refusedLink.atMs), first: refusedLink.path };
}

/** Where its wakes go, and what they are signed with: no secret is told, since there is none to be shared. */
async function webhookFacts(
  context: SubscriptionContext,
  { config, root }: DescribedSubscription,
): Promise<object | null> {
  if (config.webhookUrl === undefined) return null;
  const kid = await signingKid(context);
  return { url: config.webhookUrl, signing: { alg: "ed25519", kid, jwks_url: `${root}/__ds/jwks.json` } };
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return encodeHex(new Uint8Array(digest));
}
