import { NO_STORE } from "../../protocol/cache-policy.ts";
import { contentKind } from "../../protocol/content-type.ts";
import { nextCursor } from "../../protocol/cursor.ts";
import { matchesEtag } from "../../protocol/etag.ts";
import * as header from "../../protocol/headers.ts";
import { LONG_POLL_WAIT_MS, READ_CHUNK_MAX_BYTES } from "../../protocol/limits.ts";
import { readBody } from "../../protocol/messages.ts";
import type { OffsetQuery } from "../../protocol/offset.ts";
import type { StreamContext } from "./context.ts";
import type { BridgeNews, LiveBridge } from "./live-bridge.ts";
import { liveRead } from "./live-read.ts";
import { LiveRecheck } from "./live-recheck.ts";
import type { ReadQuery } from "./read-query.ts";
import { bodyFields, countMessages, messageFields, respondUnread, type MessagesOutcome } from "./read-response.ts";
import { respond } from "./responses.ts";

/**
 * `live=long-poll` (section 5.7). What is there already is answered at once. At the tail the reader waits here, at the
 * edge, on a socket to the object, which may sleep meanwhile.
 */
export async function handleLongPoll(context: StreamContext, query: ReadQuery): Promise<Response> {
  const waiting: Waiting = { endsAtMs: Date.now() + LONG_POLL_WAIT_MS, recheck: new LiveRecheck(context) };
  let from: OffsetQuery = query.from;
  let incarnation: string | undefined;
  for (;;) {
    const read = await liveRead(context, from, "long-poll", READ_CHUNK_MAX_BYTES);
    if (read.kind === "unread") return respondUnread(read.outcome);
    const { outcome } = read;
    incarnation ??= outcome.incarnation;
    // Deleted and created again meanwhile: the positions of the one stream mean nothing in the other.
    const isStranger = outcome.incarnation !== incarnation;
    if (read.kind === "messages") {
      if (isStranger) return respondUnread({ kind: "not-found" });
      const refusal = await waiting.recheck.refusal(outcome.public);
      return refusal ?? respondMessages(context, query, outcome, read.body.body);
    }
    try {
      if (isStranger) return respondUnread({ kind: "not-found" });
      const response = await waitAtTail(context, query, outcome, read.bridge, waiting);
      if (response !== undefined) return response;
    } finally {
      read.bridge.close();
    }
    from = { kind: "position", position: outcome.next };
  }
}

/** How long a reader waits, and when it is looked at again meanwhile. */
interface Waiting {
  readonly endsAtMs: number;
  readonly recheck: LiveRecheck;
}

/** Waits for the next append; `undefined` when the reader has to ask again from where it stands. */
async function waitAtTail(
  context: StreamContext,
  query: ReadQuery,
  outcome: MessagesOutcome,
  bridge: LiveBridge,
  waiting: Waiting,
): Promise<Response | undefined> {
  const startedAtMs = Date.now();
  const news = await newsWithin(bridge, waiting, outcome.public);
  if (news instanceof Response) return news;
  if (news.kind === "timeout") return respondMessages(context, query, outcome, null);
  // Asked again, the object says whether the stream is gone for good or only for us.
  if (news.kind === "gone" || news.kind === "dropped") return undefined;
  const { event } = news;
  if (event.start !== outcome.next || event.payload === undefined) return undefined;
  const body = event.end > event.start ? readBody(contentKind(outcome.contentType), [event.payload]) : null;
  const answered: MessagesOutcome = {
    ...outcome,
    ...(outcome.remainingMs === undefined ? {} : { remainingMs: outcome.remainingMs - (Date.now() - startedAtMs) }),
    next: event.end,
    closed: event.closed,
    bytes: event.payload.byteLength,
    upToDate: bridge.isDrained,
  };
  return respondMessages(context, query, answered, body);
}

/** What the bridge tells, or the refusal of a reader that is locked out meanwhile. */
async function newsWithin(
  bridge: LiveBridge,
  { endsAtMs, recheck }: Waiting,
  isPublic: boolean,
): Promise<BridgeNews | Response> {
  for (;;) {
    const leftMs = Math.max(0, endsAtMs - Date.now());
    const trustedMs = recheck.remainingMs;
    const news = await bridge.next(Math.min(leftMs, trustedMs));
    const refusal = await recheck.refusal(isPublic);
    if (refusal !== undefined) return refusal;
    if (news.kind !== "timeout" || leftMs <= trustedMs) return news;
  }
}

function respondMessages(
  context: StreamContext,
  query: ReadQuery,
  outcome: MessagesOutcome,
  body: BodyInit | null,
): Response {
  const fields = messageFields(query.from, outcome, context.readsAreOpen);
  const cursor = nextCursor(Date.now(), query.cursor, Math.random());
  if (outcome.next === outcome.start) {
    const cursorField = { [header.STREAM_CURSOR]: outcome.closed ? undefined : cursor };
    return respond(204, { ...fields, ETag: undefined, "Cache-Control": NO_STORE, ...cursorField });
  }
  const all = { ...fields, [header.STREAM_CURSOR]: cursor };
  countMessages(context.measurement, outcome.bytes);
  const isKnown =
    fields["ETag"] !== undefined && matchesEtag(context.request.headers.get("If-None-Match"), fields["ETag"]);
  return isKnown ? respond(304, all) : respond(200, { ...all, ...bodyFields(outcome.contentType) }, body);
}
