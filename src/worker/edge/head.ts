import { NO_STORE } from "../../protocol/cache-policy.ts";
import * as header from "../../protocol/headers.ts";
import { formatOffset } from "../../protocol/offset.ts";
import type { HeadOutcome } from "../stream/operations.ts";
import type { StreamContext } from "./context.ts";
import { publicFields } from "./cors.ts";
import { bodyFields } from "./read-response.ts";
import { respond, respondAbsence } from "./responses.ts";
import { timed } from "../timing.ts";

/** `HEAD`: what a stream is and where its tail lies (section 5.5). */
export async function handleHead(context: StreamContext): Promise<Response> {
  const outcome = await timed(context.timing, "object", async (): Promise<HeadOutcome> => context.object.head());
  const isPublic = outcome.kind === "found" && outcome.public;
  if (context.unlessPublic !== undefined && !isPublic) return context.unlessPublic;
  if (outcome.kind !== "found") return respondAbsence(outcome);
  const { expiry } = outcome;
  return respond(200, {
    ...bodyFields(outcome.contentType),
    ...publicFields(outcome.public),
    "Cache-Control": NO_STORE,
    [header.STREAM_NEXT_OFFSET]: formatOffset(outcome.next),
    [header.STREAM_TTL]: expiry.kind === "ttl" ? String(expiry.ttlSeconds) : undefined,
    [header.STREAM_EXPIRES_AT]: expiry.kind === "at" ? expiry.expiresAt : undefined,
    [header.STREAM_CLOSED]: outcome.closed ? "true" : undefined,
  });
}
