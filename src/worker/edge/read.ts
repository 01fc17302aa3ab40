import { NO_STORE, readCacheControl } from "../../protocol/cache-policy.ts";
import { contentKind } from "../../protocol/content-type.ts";
import { protocolError, quote } from "../../protocol/errors.ts";
import { matchesEtag, readEtag } from "../../protocol/etag.ts";
import * as header from "../../protocol/headers.ts";
import { READ_CHUNK_MAX_BYTES } from "../../protocol/limits.ts";
import { formatOffset, parseOffsetQuery, type OffsetQuery } from "../../protocol/offset.ts";
import { failed, parsed, type Parsed } from "../../protocol/result.ts";
import { decodeReadOutcome, encodeReadRequest } from "../stream/read-wire.ts";
import type { ReadOutcome } from "../stream/operations.ts";
import type { StreamContext } from "./context.ts";
import { handleLongPoll } from "./long-poll.ts";
import { respond, respondError, type HeaderFields } from "./responses.ts";
import { handleSse } from "./sse.ts";
import { timed } from "./timing.ts";

/** What the query of a `GET` asks for. */
export interface ReadQuery {
  readonly from: OffsetQuery;
  readonly live: "no" | "long-poll" | "sse";
  readonly cursor: string | null;
}

/** Facts about messages that were read. */
export type MessagesOutcome = Extract<ReadOutcome, { kind: "messages" | "attached" }>;

/** `GET`: catch-up, long-poll or SSE (sections 5.6 to 5.8). */
export async function handleRead(context: StreamContext): Promise<Response> {
  const query = parseReadQuery(context.url.searchParams);
  if (!query.ok) return respondError(query.error);
  switch (query.value.live) {
    case "no":
      return handleCatchUp(context, query.value);
    case "long-poll":
      return handleLongPoll(context, query.value);
    case "sse":
      return handleSse(context, query.value);
  }
}

async function handleCatchUp(context: StreamContext, { from }: ReadQuery): Promise<Response> {
  const read = encodeReadRequest({ from, maxBytes: READ_CHUNK_MAX_BYTES, wait: "no" });
  const response = await timed(context.timing, "object", () => context.object.fetch(read));
  const outcome = decodeReadOutcome(response);
  if (outcome.kind === "not-found" || outcome.kind === "refused") return respondUnread(outcome);
  const fields = messageFields(from, outcome);
  if (fields["ETag"] !== undefined && matchesEtag(context.request.headers.get("If-None-Match"), fields["ETag"])) {
    await response.body?.cancel();
    return respond(304, fields);
  }
  // The body goes through untouched: the runtime moves it from the object to the client without waking any code.
  return respond(200, { ...fields, ...bodyFields(outcome.contentType) }, response.body);
}

/** Headers of an answer with messages, or with none because the reader is at the tail. */
export function messageFields(from: OffsetQuery, outcome: MessagesOutcome): HeaderFields {
  const range = { incarnation: outcome.incarnation, start: outcome.start, end: outcome.next, closed: outcome.closed };
  const isSentinel = from.kind === "now";
  return {
    // `now` means another range at every moment: its answer must not be kept, or be compared with a later one.
    "Cache-Control": isSentinel ? NO_STORE : readCacheControl({ hasMessages: outcome.next > outcome.start, remainingMs: outcome.remainingMs }),
    ETag: isSentinel ? undefined : readEtag(range),
    [header.STREAM_NEXT_OFFSET]: formatOffset(outcome.next),
    [header.STREAM_UP_TO_DATE]: outcome.upToDate ? "true" : undefined,
    [header.STREAM_CLOSED]: outcome.closed ? "true" : undefined,
  };
}

/** Headers that describe the bytes of a stream. Binary is downloaded rather than shown (section 12.7). */
export function bodyFields(contentType: string): HeaderFields {
  return { "Content-Type": contentType, "Content-Disposition": contentKind(contentType) === "binary" ? "attachment" : undefined };
}

/** The answer to a read that gave no messages. */
export function respondUnread(outcome: Extract<ReadOutcome, { kind: "not-found" | "refused" }>): Response {
  if (outcome.kind === "refused") return respondError(outcome.error);
  return respondError(protocolError("STREAM_NOT_FOUND", "There is no stream at this URL; create it first with PUT."));
}

function parseReadQuery(params: URLSearchParams): Parsed<ReadQuery> {
  const offsets = params.getAll("offset");
  const [offset] = offsets;
  if (offsets.length > 1) {
    return failed(protocolError("INVALID_OFFSET", `The query has ${String(offsets.length)} offset parameters; send one.`));
  }
  const live = params.get("live");
  if (live !== null && live !== "long-poll" && live !== "sse") {
    return failed(protocolError("INVALID_LIVE_MODE", `live=${quote(live)} is unknown; use live=long-poll or live=sse, or leave it out.`));
  }
  if (offset === undefined && live !== null) {
    return failed(protocolError("OFFSET_REQUIRED", `A live read needs an offset; send offset=-1, offset=now, or the Stream-Next-Offset of your last answer.`));
  }
  const from: OffsetQuery | undefined = offset === undefined ? { kind: "start" } : parseOffsetQuery(offset);
  if (from === undefined) {
    return failed(
      protocolError("INVALID_OFFSET", `offset=${quote(offset ?? "")} is no offset of this server; use -1, now, or a Stream-Next-Offset it gave you.`),
    );
  }
  return parsed({ from, live: live ?? "no", cursor: params.get("cursor") });
}
