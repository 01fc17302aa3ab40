import type { Wake } from "../../protocol/subscription/wake.ts";
import { quote } from "../../protocol/errors.ts";
import type { AppendOutcome, AppendRequest } from "../stream/operations.ts";
import type { StoredRecord } from "./record.ts";
import type { DeliveryOutcome } from "./webhook.ts";

/** What tells whoever reads the wake stream that there is something to claim (section 7.2). */
export function wakeEventAppend(
  { id, incarnation }: StoredRecord,
  wake: Wake,
  stream: string,
  nowMs: number,
): AppendRequest {
  const event = { type: "wake", subscription_id: id, stream, generation: wake.generation, ts: nowMs };
  const payload = new TextEncoder().encode(JSON.stringify(event));
  return {
    contentType: "application/json",
    hasBody: true,
    messages: { payload, sizes: [payload.byteLength] },
    // Every wake is an epoch of its own: an attempt that is repeated writes nothing twice, and leaves no gap.
    producer: { id: `__ds/subscription/${encodeURIComponent(id)}/${incarnation}`, epoch: wake.generation, seq: 0 },
    streamSeq: null,
    close: false,
  };
}

/** What it means for the wake. */
export function judgeWakeEvent(wakeStream: string, outcome: AppendOutcome): DeliveryOutcome {
  switch (outcome.kind) {
    // A stale epoch means that a later wake's event lies there already.
    case "appended":
    case "duplicate":
    case "stale-epoch":
      return { kind: "delivered" };
    case "not-found":
    case "gone":
      return undelivered(wakeStream, "is not there; create it, with the content type application/json");
    case "closed":
      return undelivered(wakeStream, "is closed; make a subscription with another one");
    case "sequence-gap":
      return undelivered(wakeStream, `waits for the number ${String(outcome.expectedSeq)} of the event's producer`);
    case "refused":
      return undelivered(wakeStream, `takes no wake event: ${outcome.error.message}`);
  }
}

function undelivered(wakeStream: string, why: string): DeliveryOutcome {
  return { kind: "undelivered", reason: `The wake stream ${quote(wakeStream)} ${why}.` };
}
