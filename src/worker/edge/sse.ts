import { SSE_CACHE_CONTROL } from "../../protocol/cache-policy.ts";
import { contentKind } from "../../protocol/content-type.ts";
import * as header from "../../protocol/headers.ts";
import { READ_CHUNK_MAX_BYTES } from "../../protocol/limits.ts";
import { formatOffset } from "../../protocol/offset.ts";
import type { StreamContext } from "./context.ts";
import { publicFields } from "./cors.ts";
import { liveRead, type LiveRead } from "./live-read.ts";
import type { ReadQuery } from "./read-query.ts";
import { respondUnread } from "./read-response.ts";
import { respond, type HeaderFields } from "./responses.ts";
import { SseSession } from "./sse-session.ts";

/**
 * `live=sse` (section 5.8). The first read decides the status; what follows it happens inside the answer's body.
 */
export async function handleSse(context: StreamContext, query: ReadQuery): Promise<Response> {
  const first = await liveRead(context, query.from, "sse", READ_CHUNK_MAX_BYTES);
  if (first.kind === "unread") return respondUnread(first.outcome);
  const kind = contentKind(first.outcome.contentType);
  context.measurement.goesOn();
  const session = new SseSession(context, kind, query.cursor, first);
  const fields: HeaderFields = {
    "Content-Type": "text/event-stream",
    "Cache-Control": SSE_CACHE_CONTROL,
    ...publicFields(first.outcome.public),
    [header.STREAM_SSE_DATA_ENCODING]: kind === "binary" ? "base64" : undefined,
    ...endFields(first),
  };
  return respond(200, fields, session.body());
}

/** A reader at the end of a closed stream learns that from the headers already (section 8, `offset=now`). */
function endFields(first: Exclude<LiveRead, { kind: "unread" }>): HeaderFields {
  const { closed, start, next } = first.outcome;
  if (!closed || next !== start) return {};
  return {
    [header.STREAM_CLOSED]: "true",
    [header.STREAM_UP_TO_DATE]: "true",
    [header.STREAM_NEXT_OFFSET]: formatOffset(next),
  };
}
