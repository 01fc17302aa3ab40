import type { ReadOutcome, ReadRequest } from "../stream/operations.ts";
import { decodeReadOutcome, encodeReadRequest } from "../stream/read-wire.ts";
import { timed } from "../timing.ts";
import type { StreamContext } from "./context.ts";
import { gatherInherited } from "./inherited.ts";
import { withMessages, type MessageForm } from "./located-body.ts";
import type { ObjectRead } from "./object-read.ts";
import type { Unread } from "./read-response.ts";

/** Asks the object, and the streams that a fork inherits from. */
export async function readObject(context: StreamContext, read: ReadRequest, form: MessageForm): Promise<ObjectRead> {
  const response = await timed(context.timing, "object", () => context.object.fetch(encodeReadRequest(read)));
  const outcome = decodeReadOutcome(response);
  if (outcome.kind === "inherited") return gatherInherited(context, read, outcome, form);
  if (isUnread(outcome)) return { kind: "unread", outcome };
  if (response.webSocket !== null) return { kind: "attached", outcome, socket: response.webSocket };
  return {
    kind: "messages",
    outcome,
    messages: () => withMessages(context.segments, response, outcome.contentType, form),
    cancel: async () => {
      await response.body?.cancel();
    },
  };
}

function isUnread(outcome: Exclude<ReadOutcome, { kind: "inherited" }>): outcome is Unread {
  return outcome.kind === "not-found" || outcome.kind === "gone" || outcome.kind === "refused";
}
