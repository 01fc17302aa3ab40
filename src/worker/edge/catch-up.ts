import { matchesEtag } from "../../protocol/etag.ts";
import { READ_CHUNK_MAX_BYTES } from "../../protocol/limits.ts";
import { decodeReadOutcome, encodeReadRequest } from "../stream/read-wire.ts";
import { timed } from "../timing.ts";
import type { StreamContext } from "./context.ts";
import { withMessages } from "./located-body.ts";
import type { ReadQuery } from "./read-query.ts";
import { bodyFields, messageFields, respondUnread } from "./read-response.ts";
import { respond } from "./responses.ts";

/** A read that takes what there is and does not wait (section 5.6). */
export async function handleCatchUp(context: StreamContext, { from }: ReadQuery): Promise<Response> {
  const read = encodeReadRequest({ from, maxBytes: READ_CHUNK_MAX_BYTES, wait: "no" });
  const response = await timed(context.timing, "object", () => context.object.fetch(read));
  const outcome = decodeReadOutcome(response);
  if (outcome.kind === "not-found" || outcome.kind === "refused") return respondUnread(outcome);
  const fields = messageFields(from, outcome, context.readsAreOpen);
  if (fields["ETag"] !== undefined && matchesEtag(context.request.headers.get("If-None-Match"), fields["ETag"])) {
    await response.body?.cancel();
    return respond(304, fields);
  }
  const { contentType } = outcome;
  const { body } = await withMessages(context.segments, response, contentType, "answer");
  // From the hot log it goes through untouched: the runtime moves it to the client without waking any code.
  return respond(200, { ...fields, ...bodyFields(contentType) }, body);
}
