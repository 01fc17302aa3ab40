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
  const { unlessPublic } = context;
  const asked = { ...read, publicOnly: unlessPublic !== undefined };
  const response = await timed(context.timing, "object", () => context.object.fetch(encodeReadRequest(asked)));
  const outcome = decodeReadOutcome(response);
  // An object that runs older code does not know what it was asked: only its own word that the stream is public counts.
  const isPublic = "public" in outcome && outcome.public;
  if (outcome.kind === "not-public" || (unlessPublic !== undefined && !isPublic)) {
    letGo(response);
    return notAllowed(unlessPublic);
  }
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

type Told = Exclude<ReadOutcome, { kind: "inherited" | "not-public" }>;

function isUnread(outcome: Told): outcome is Exclude<Unread, { kind: "not-allowed" }> {
  return outcome.kind === "not-found" || outcome.kind === "gone" || outcome.kind === "refused";
}

function notAllowed(refusal: Response | undefined): ObjectRead {
  if (refusal === undefined) throw new Error("the stream's object refused a read that it was not asked to");
  return { kind: "unread", outcome: { kind: "not-allowed", refusal } };
}

function letGo({ webSocket, body }: Response): void {
  webSocket?.accept();
  webSocket?.close();
  void body?.cancel();
}
