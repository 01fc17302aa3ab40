import { matchesEtag } from "../../protocol/etag.ts";
import { READ_CHUNK_MAX_BYTES } from "../../protocol/limits.ts";
import { wholeChunk } from "../storage/chunk.ts";
import type { StreamContext } from "./context.ts";
import { readObject } from "./read-object.ts";
import type { ReadQuery } from "./read-query.ts";
import { bodyFields, countMessages, messageFields, respondUnread } from "./read-response.ts";
import { respond } from "./responses.ts";

/** A read that takes what there is and does not wait (section 5.6). */
export async function handleCatchUp(context: StreamContext, { from }: ReadQuery): Promise<Response> {
  const read = await readObject(context, { from, limits: wholeChunk(READ_CHUNK_MAX_BYTES), wait: "no" }, "answer");
  if (read.kind === "unread") return respondUnread(read.outcome);
  if (read.kind === "attached") throw new Error("the stream's object attached a reader that does not wait");
  const { outcome } = read;
  const fields = messageFields(from, outcome, context.readsAreOpen);
  if (fields["ETag"] !== undefined && matchesEtag(context.request.headers.get("If-None-Match"), fields["ETag"])) {
    await read.cancel();
    return respond(304, fields);
  }
  const { body } = await read.messages();
  countMessages(context.measurement, outcome.bytes);
  // From the hot log it goes through untouched: the runtime moves it to the client without waking any code.
  return respond(200, { ...fields, ...bodyFields(outcome.contentType) }, body);
}
