import { handleCatchUp } from "./catch-up.ts";
import type { StreamContext } from "./context.ts";
import { handleLongPoll } from "./long-poll.ts";
import { parseReadQuery } from "./read-query.ts";
import { respondError } from "./responses.ts";
import { handleSse } from "./sse.ts";

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
