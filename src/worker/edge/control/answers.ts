import { NO_STORE } from "../../../protocol/cache-policy.ts";
import { errorStatus, protocolError, quote } from "../../../protocol/errors.ts";
import { formatOffset } from "../../../protocol/offset.ts";
import { hasPending } from "../../../protocol/subscription/ack.ts";
import { respondRefusal } from "../../auth/refusals.ts";
import type {
  AckOutcome,
  ClaimOutcome,
  DeleteSubscriptionOutcome,
  LinkedStream,
  MembershipOutcome,
  NoSubscription,
  Refused,
  ReleaseOutcome,
} from "../../subscriptions/operations.ts";
import { respond, respondError } from "../responses.ts";

/** Fields that are `undefined` are left out. */
export function respondJson(value: object, status = 200): Response {
  return respond(status, { "Content-Type": "application/json", "Cache-Control": NO_STORE }, JSON.stringify(value));
}

/** What a request about a subscription came to, but for those that answer with the subscription itself. */
export type SubscriptionOutcome =
  AckOutcome | ClaimOutcome | DeleteSubscriptionOutcome | MembershipOutcome | NoSubscription | Refused | ReleaseOutcome;

/** Every outcome as HTTP. `id` is the subscription's. */
export function respondOutcome(outcome: SubscriptionOutcome, id: string): Response {
  switch (outcome.kind) {
    case "acked":
      return respondJson({ ok: true, next_wake: outcome.nextWake });
    case "claimed":
      return respondJson({
        wake_id: outcome.wakeId,
        generation: outcome.generation,
        token: outcome.token,
        streams: outcome.streams.map(linkFacts),
        lease_ttl_ms: outcome.leaseTtlMs,
      });
    case "deleted":
    case "done":
    case "released":
      return respond(204, { "Cache-Control": NO_STORE });
    case "absent":
      return respondError(
        protocolError("SUBSCRIPTION_NOT_FOUND", `There is no subscription ${quote(id)}; create it first with PUT.`),
      );
    case "refused":
      return respondRefused(outcome);
  }
}

/** A refused token is challenged; who holds the lease is told beside the error (section 7.2). */
function respondRefused({ error, currentHolder, generation }: Refused): Response {
  if (errorStatus(error.code) === 401) return respondRefusal(error);
  return respondError(error, {}, { current_holder: currentHolder, generation });
}

/** A linked stream as the protocol shows it (section 7.1). */
export function linkFacts(stream: LinkedStream): object {
  return {
    path: stream.path,
    link_type: stream.linkType,
    acked_offset: formatOffset(stream.acked),
    tail_offset: formatOffset(stream.tail),
    has_pending: hasPending(stream),
  };
}

/** An instant as the protocol writes it (RFC 3339). */
export function instant(ms: number): string {
  return new Date(ms).toISOString();
}
