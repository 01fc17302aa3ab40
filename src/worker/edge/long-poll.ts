import { NO_STORE } from "../../protocol/cache-policy.ts";
import { contentKind } from "../../protocol/content-type.ts";
import { nextCursor } from "../../protocol/cursor.ts";
import * as header from "../../protocol/headers.ts";
import { LONG_POLL_WAIT_MS, READ_CHUNK_MAX_BYTES } from "../../protocol/limits.ts";
import { readBody } from "../../protocol/messages.ts";
import { decodeReadOutcome, encodeReadRequest } from "../stream/read-wire.ts";
import type { StreamContext } from "./context.ts";
import { LiveBridge } from "./live-bridge.ts";
import type { ReadQuery } from "./read-query.ts";
import { bodyFields, messageFields, respondUnread, type MessagesOutcome } from "./read-response.ts";
import { respond } from "./responses.ts";
import { timed } from "../timing.ts";

/**
 * `live=long-poll` (section 5.7). What is there already is answered at once. At the tail the reader waits here, at the
 * edge, on a socket to the object, which may sleep meanwhile.
 */
export async function handleLongPoll(context: StreamContext, query: ReadQuery): Promise<Response> {
  const first = await read(context, query, "long-poll");
  if (!("socket" in first)) return first.respond();
  const bridge = new LiveBridge(first.socket);
  try {
    return await waitAtTail(context, query, first.outcome, bridge);
  } finally {
    bridge.close();
  }
}

/** What the object answered: a finished answer, or a socket to wait on. */
type LongPollRead = { respond(): Response } | { readonly outcome: MessagesOutcome; readonly socket: WebSocket };

async function read(context: StreamContext, query: ReadQuery, wait: "long-poll" | "no"): Promise<LongPollRead> {
  const request = encodeReadRequest({ from: query.from, maxBytes: READ_CHUNK_MAX_BYTES, wait });
  const response = await timed(context.timing, "object", () => context.object.fetch(request));
  const outcome = decodeReadOutcome(response);
  if (outcome.kind === "not-found" || outcome.kind === "refused") return { respond: () => respondUnread(outcome) };
  if (response.webSocket !== null) return { outcome, socket: response.webSocket };
  return { respond: () => respondMessages(query, outcome, response.body) };
}

async function waitAtTail(
  context: StreamContext,
  query: ReadQuery,
  outcome: MessagesOutcome,
  bridge: LiveBridge,
): Promise<Response> {
  const news = await bridge.next(LONG_POLL_WAIT_MS);
  if (news.kind === "timeout") return respondMessages(query, outcome, null);
  if (news.kind === "event") {
    const { event } = news;
    const follows = event.start === outcome.next && event.payload !== undefined;
    if (follows) {
      const body = event.end > event.start ? readBody(contentKind(outcome.contentType), [event.payload]) : null;
      return respondMessages(query, { ...outcome, next: event.end, closed: event.closed, upToDate: true }, body);
    }
  }
  if (news.kind === "gone") return respondUnread({ kind: "not-found" });
  // Too much to push, or the socket is gone: what there is now is a plain read from where the reader stands.
  const rest = await read(context, { ...query, from: { kind: "position", position: outcome.next } }, "no");
  return "socket" in rest ? respondMessages(query, outcome, null) : rest.respond();
}

function respondMessages(query: ReadQuery, outcome: MessagesOutcome, body: BodyInit | null): Response {
  const hasMessages = outcome.next > outcome.start;
  const fields = {
    ...messageFields(query.from, outcome),
    [header.STREAM_CURSOR]: outcome.closed ? undefined : nextCursor(Date.now(), query.cursor, Math.random()),
  };
  if (hasMessages) return respond(200, { ...fields, ...bodyFields(outcome.contentType) }, body);
  return respond(204, { ...fields, ETag: undefined, "Cache-Control": NO_STORE });
}
