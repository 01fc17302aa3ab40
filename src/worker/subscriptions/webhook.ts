import { WEBHOOK_ANSWER_MAX_BYTES, WEBHOOK_TIMEOUT_MS } from "../../protocol/limits.ts";
import { formatOffset } from "../../protocol/offset.ts";
import { hasPending } from "../../protocol/subscription/ack.ts";
import { checkWebhookUrl, type WebhookRules } from "../../protocol/subscription/webhook-url.ts";
import type { Wake } from "../../protocol/subscription/wake.ts";
import { VERSION } from "../edge/health.ts";
import { linkType } from "./link-kind.ts";
import type { SnapshotStream, StoredRecord } from "./record.ts";
import { mintWakeToken } from "./wake-token.ts";
import type { WebhookSigner } from "./webhook-signature.ts";

/** What became of a delivery. Reasons name no URL: it may hold what is nobody else's business. */
export type DeliveryOutcome =
  { readonly kind: "delivered" } | { readonly kind: "finished" } | { readonly kind: "undelivered"; reason: string };

export interface WebhookDelivery {
  readonly record: StoredRecord;
  readonly wake: Wake;
  /** With pending messages first. */
  readonly streams: readonly SnapshotStream[];
  readonly rules: WebhookRules;
  readonly signer: WebhookSigner;
  /** Ends the delivery: because another one takes its place, or because it takes too long. */
  readonly abort: AbortController;
}

/** Calls a webhook (section 7.1). Never rejects for what its receiver does. */
export async function callWebhook(delivery: WebhookDelivery): Promise<DeliveryOutcome> {
  const { record, rules, signer } = delivery;
  const url = record.config.webhookUrl ?? "";
  const refused = checkWebhookUrl(url, rules);
  if (refused !== undefined) return { kind: "undelivered", reason: refused.message };
  // Not `AbortSignal.timeout`, which would keep the object awake for all of that time. Signing may ask the directory, and is
  // part of that time: the wake's lease lasts no longer.
  const timer = setTimeout(() => {
    delivery.abort.abort();
  }, WEBHOOK_TIMEOUT_MS);
  try {
    const body = await webhookBody(delivery);
    const headers = {
      "Content-Type": "application/json",
      "User-Agent": `durable-streams/${VERSION}`,
      "Webhook-Signature": await signer.sign(body),
    };
    // A redirect could lead to where no webhook may go.
    return await send(url, { method: "POST", headers, body, redirect: "manual", signal: delivery.abort.signal });
  } finally {
    clearTimeout(timer);
  }
}

async function send(url: string, request: RequestInit & { readonly signal: AbortSignal }): Promise<DeliveryOutcome> {
  try {
    return await judge(await fetch(url, request));
  } catch {
    return { kind: "undelivered", reason: request.signal.aborted ? LATE : "The webhook could not be reached." };
  }
}

const LATE = `The webhook did not answer within ${String(WEBHOOK_TIMEOUT_MS / 1000)} s.`;

async function judge(response: Response): Promise<DeliveryOutcome> {
  if (!response.ok) {
    await response.body?.cancel();
    const isRedirect = response.status >= 300 && response.status < 400;
    const hint = isRedirect ? "; redirects are not followed" : "";
    return { kind: "undelivered", reason: `The webhook answered ${String(response.status)}${hint}.` };
  }
  return { kind: isDone(await boundedText(response)) ? "finished" : "delivered" };
}

function isDone(text: string | undefined): boolean {
  try {
    const answer: unknown = JSON.parse(text ?? "");
    return typeof answer === "object" && answer !== null && "done" in answer && answer.done === true;
  } catch {
    return false;
  }
}

/** The body, unless it is longer than any answer that means something. */
async function boundedText(response: Response): Promise<string | undefined> {
  if (response.body === null) return undefined;
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body as ReadableStream<Uint8Array>) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the body.
    if (bytes > WEBHOOK_ANSWER_MAX_BYTES) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

async function webhookBody({ record, wake, streams }: WebhookDelivery): Promise<string> {
  return JSON.stringify({
    subscription_id: record.id,
    wake_id: wake.id,
    generation: wake.generation,
    streams: streams.map((stream) => ({
      path: stream.path,
      link_type: linkType(stream.kind),
      acked_offset: formatOffset(stream.acked),
      tail_offset: formatOffset(stream.tail),
      has_pending: hasPending(stream),
    })),
    callback_url: `${record.root}/__ds/subscriptions/${encodeURIComponent(record.id)}/callback`,
    callback_token: await mintWakeToken(record, wake, Date.now()),
  });
}
