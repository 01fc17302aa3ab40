import { NO_STORE } from "../../protocol/cache-policy.ts";
import { parseContentType } from "../../protocol/create.ts";
import { protocolError } from "../../protocol/errors.ts";
import { parseExpiry } from "../../protocol/expiry.ts";
import * as header from "../../protocol/headers.ts";
import { BODY_MAX_BYTES } from "../../protocol/limits.ts";
import { readMessages } from "../../protocol/messages.ts";
import { formatOffset } from "../../protocol/offset.ts";
import { failed, parsed, type Parsed } from "../../protocol/result.ts";
import type { CreateOutcome, CreateRequest } from "../stream/operations.ts";
import { readRequestBody } from "./body.ts";
import type { StreamContext } from "./context.ts";
import { respond, respondError } from "./responses.ts";
import { timed } from "../timing.ts";

/** `PUT`: creates a stream, with its first messages if the request has a body (section 5.1). */
export async function handleCreate(context: StreamContext): Promise<Response> {
  const request = await timed(context.timing, "body", () => parseCreate(context));
  if (!request.ok) return respondError(request.error);
  const outcome = await timed(context.timing, "object", async (): Promise<CreateOutcome> =>
    context.object.create(request.value),
  );
  return respondCreate(context, outcome);
}

async function parseCreate({ request, url, name }: StreamContext): Promise<Parsed<CreateRequest>> {
  const { headers } = request;
  if (
    headers.has(header.STREAM_FORKED_FROM) ||
    headers.has(header.STREAM_FORK_OFFSET) ||
    headers.has(header.STREAM_FORK_SUB_OFFSET)
  ) {
    return failed(
      protocolError(
        "FORK_NOT_SUPPORTED",
        "This server does not fork streams; create the stream without the Stream-Fork headers and append what it should begin with.",
      ),
    );
  }
  const contentType = parseContentType(headers.get("Content-Type"));
  if (!contentType.ok) return contentType;
  const expiry = parseExpiry(headers.get(header.STREAM_TTL), headers.get(header.STREAM_EXPIRES_AT));
  if (!expiry.ok) return expiry;
  const body = await readRequestBody(request, BODY_MAX_BYTES);
  if (!body.ok) return body;
  const messages = readMessages(contentType.value, body.value);
  if (!messages.ok) return messages;
  return parsed({
    name,
    contentType: contentType.value,
    expiry: expiry.value,
    public: url.searchParams.has("public") ? url.searchParams.get("public") === "true" : undefined,
    closed: header.isClosedHeader(headers.get(header.STREAM_CLOSED)),
    messages: messages.value,
  });
}

function respondCreate({ url }: StreamContext, outcome: CreateOutcome): Response {
  switch (outcome.kind) {
    case "refused":
      return respondError(outcome.error);
    case "created":
    case "exists":
      return respond(outcome.kind === "created" ? 201 : 200, {
        "Cache-Control": NO_STORE,
        "Content-Type": outcome.contentType,
        [header.STREAM_NEXT_OFFSET]: formatOffset(outcome.next),
        [header.STREAM_CLOSED]: outcome.closed ? "true" : undefined,
        Location: outcome.kind === "created" ? `${url.origin}${url.pathname}` : undefined,
      });
  }
}
