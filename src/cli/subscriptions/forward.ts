import { setTimeout as wait } from "node:timers/promises";
import { Backoff } from "../../client/backoff.ts";
import { isClientError } from "../../client/errors/client-error.ts";
import { readJson } from "../../client/read-json.ts";
import type { Transport } from "../../client/transport.ts";
import { DELIVERY_PAUSE_MAX_MS, DELIVERY_PAUSE_MIN_MS, WEBHOOK_ANSWER_MAX_BYTES } from "../../protocol/limits.ts";
import { ForwardedWake } from "./forwarded-wake.ts";
import { isLeaseLost, type Lease } from "./lease.ts";
import type { LoopbackEndpoint } from "./loopback-endpoint.ts";
import type { WebhookSigner } from "./webhook-signer.ts";

/** One request to the handler, and what came of it. */
export interface Delivery {
  readonly generation: number;
  readonly wakeId: string;
  /** 1 for the first request of the wake. */
  readonly attempt: number;
  /** `undefined` when no answer came. */
  readonly status: number | undefined;
  /** `done`: all of it is acked. `accepted`: the handler works on, and will call back. */
  readonly outcome: "done" | "accepted" | "failed";
  /** Why it failed, in one sentence. */
  readonly failure: string | undefined;
  readonly tookMs: number;
  /** Those with pending messages. */
  readonly streams: readonly string[];
}

export interface ForwardOptions {
  readonly subscription: string;
  /** The handler. */
  readonly target: string;
  readonly transport: Transport;
  readonly signer: WebhookSigner;
  readonly endpoint: LoopbackEndpoint;
  readonly signal: AbortSignal;
  readonly onDelivery: (delivery: Delivery) => Promise<void>;
}

/** How the forwarding of one wake ended. */
export type ForwardEnd =
  | { readonly kind: "done" }
  /** Nobody called back in the time of the lease, or the server gave the wake to somebody else: it comes again. */
  | { readonly kind: "lost"; readonly error: unknown }
  | { readonly kind: "interrupted" };

/**
 * Forwards a wake as a server delivers one (section 7.1): again and again, with pauses, until the handler takes it. A
 * handler that answers `{"done":true}` has processed all of it; another calls back before the lease runs out.
 */
export async function forwardWake(lease: Lease, options: ForwardOptions): Promise<ForwardEnd> {
  const wake = new ForwardedWake(lease);
  options.endpoint.expect(wake);
  lease.startHeartbeats();
  try {
    const outcome = await deliver(wake, options);
    if (outcome === "done" && !wake.over.aborted) await wake.finish();
    else if (outcome === "accepted") {
      // From here on it is the handler who keeps the lease alive, by callbacks.
      lease.stopHeartbeats();
      await lease.untilExpired(AbortSignal.any([wake.over, options.signal]));
    }
    return endOf(wake, options.signal);
  } catch (error) {
    if (isLeaseLost(error) || (isClientError(error) && error.code === "INVALID_ACK")) return { kind: "lost", error };
    throw error;
  } finally {
    await lease.release();
  }
}

function endOf({ lease, over }: ForwardedWake, signal: AbortSignal): ForwardEnd {
  if (lease.isLost) return { kind: "lost", error: lease.lost.reason };
  if (over.aborted) return { kind: "done" };
  if (signal.aborted) return { kind: "interrupted" };
  return { kind: "lost", error: new Error("The handler did not call back in the time of the lease.") };
}

/** Sends the wake until it is taken, has ended otherwise, or the command is to end. */
async function deliver(wake: ForwardedWake, options: ForwardOptions): Promise<"done" | "accepted" | "ended"> {
  const backoff = new Backoff({ firstMs: DELIVERY_PAUSE_MIN_MS, maxMs: DELIVERY_PAUSE_MAX_MS });
  const ended = AbortSignal.any([wake.over, options.signal]);
  for (let attempt = 1; ; attempt++) {
    const delivery = await attemptDelivery(wake, attempt, options);
    // What was broken off by Ctrl-C is no failure of the handler.
    if (delivery === undefined) return "ended";
    await options.onDelivery(delivery);
    if (delivery.outcome !== "failed") return delivery.outcome;
    await wait(backoff.next(), undefined, { signal: ended }).catch(() => undefined);
    if (ended.aborted) return "ended";
  }
}

async function attemptDelivery(
  wake: ForwardedWake,
  attempt: number,
  { subscription, target, transport, signer, endpoint, signal }: ForwardOptions,
): Promise<Delivery | undefined> {
  const { wakeId, generation, streams } = wake.lease.claim;
  const body = JSON.stringify({
    subscription_id: subscription,
    wake_id: wakeId,
    generation,
    streams: streams.map(({ path, linkType, ackedOffset, tailOffset, hasPending }) => ({
      path,
      link_type: linkType,
      acked_offset: ackedOffset,
      tail_offset: tailOffset,
      has_pending: hasPending,
    })),
    callback_url: endpoint.callbackUrl,
    callback_token: wake.token,
  });
  const headers = { "content-type": "application/json", "webhook-signature": signer.header(body) };
  const startedMs = performance.now();
  const result = (status: number | undefined, outcome: Delivery["outcome"], failure?: string): Delivery => ({
    generation,
    wakeId,
    attempt,
    status,
    outcome,
    failure,
    tookMs: Math.round(performance.now() - startedMs),
    streams: streams.filter(({ hasPending }) => hasPending).map(({ path }) => path),
  });
  try {
    const answer = await transport.send({ method: "POST", url: target, headers, body: Buffer.from(body), signal });
    const { status } = answer;
    if (status < 200 || status >= 300) {
      await answer.dump();
      return result(status, "failed", `The handler answered with ${String(status)}.`);
    }
    const said = await readJson(answer, WEBHOOK_ANSWER_MAX_BYTES);
    const isDone = typeof said === "object" && said !== null && "done" in said && said.done === true;
    return result(status, isDone ? "done" : "accepted");
  } catch (error) {
    if (signal.aborted) return undefined;
    if (!isClientError(error)) throw error;
    return result(undefined, "failed", error.message);
  }
}
