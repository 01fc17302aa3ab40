import { handleCatchUp } from "./catch-up.ts";
import type { StreamContext } from "./context.ts";
import { handleLongPoll } from "./long-poll.ts";
import { respondFault } from "./located-body.ts";
import { SegmentFault } from "../segments/segment-fault.ts";
import { readAgainIfGone } from "./read-again.ts";
import { parseReadQuery, type ReadQuery } from "./read-query.ts";
import { respondError } from "./responses.ts";
import { handleSse } from "./sse.ts";

/** `GET`: catch-up, long-poll or SSE (sections 5.6 to 5.8). */
export async function handleRead(context: StreamContext): Promise<Response> {
  const query = parseReadQuery(context.url.searchParams);
  if (!query.ok) return respondError(query.error);
  try {
    return await readAgainIfGone(() => answerQuery(context, query.value));
  } catch (error) {
    if (error instanceof SegmentFault) return respondFault(error);
    throw error;
  }
}

async function answerQuery(context: StreamContext, query: ReadQuery): Promise<Response> {
  switch (query.live) {
    case "no":
      return handleCatchUp(context, query);
    case "long-poll":
      return handleLongPoll(context, query);
    case "sse":
      return handleSse(context, query);
  }
}
