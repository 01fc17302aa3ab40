import type { OffsetQuery } from "../../protocol/offset.ts";
import type { ReadOutcome } from "../stream/operations.ts";
import { decodeReadOutcome, encodeReadRequest } from "../stream/read-wire.ts";
import { timed } from "../timing.ts";
import type { StreamContext } from "./context.ts";
import { withMessages } from "./located-body.ts";
import { LiveBridge } from "./live-bridge.ts";
import type { MessagesOutcome } from "./read-response.ts";

/** What the object answered to a reader that is willing to wait. */
export type LiveRead =
  | { readonly kind: "unread"; readonly outcome: Exclude<ReadOutcome, MessagesOutcome> }
  /** There is something to tell already. */
  | { readonly kind: "messages"; readonly outcome: MessagesOutcome; readonly body: Response }
  /** The reader stands at the tail, or gets there by the first event, and the object keeps it in mind. */
  | { readonly kind: "attached"; readonly outcome: MessagesOutcome; readonly bridge: LiveBridge };

/** Asks the object for what follows `from`, and to be kept in mind where nothing does. */
export async function liveRead(
  context: StreamContext,
  from: OffsetQuery,
  wait: "long-poll" | "sse",
  maxBytes: number,
): Promise<LiveRead> {
  const request = encodeReadRequest({ from, maxBytes, wait });
  const response = await timed(context.timing, "object", () => context.object.fetch(request));
  const outcome = decodeReadOutcome(response);
  if (outcome.kind === "not-found" || outcome.kind === "refused") return { kind: "unread", outcome };
  if (response.webSocket === null) {
    const form = wait === "sse" ? "payload" : "answer";
    const body = await withMessages(context.segments, response, outcome.contentType, form);
    return { kind: "messages", outcome, body };
  }
  // Taken over at once: until then nothing bounds or closes the socket.
  return { kind: "attached", outcome, bridge: new LiveBridge(response.webSocket, outcome.start) };
}
