import { NO_STORE } from "../../protocol/cache-policy.ts";
import { parseContentType } from "../../protocol/create.ts";
import { parseExpiry } from "../../protocol/expiry.ts";
import * as header from "../../protocol/headers.ts";
import { NO_MESSAGES, readMessages } from "../../protocol/messages.ts";
import { formatOffset } from "../../protocol/offset.ts";
import { parsed, type Parsed } from "../../protocol/result.ts";
import type { CreateOutcome, CreateRequest } from "../stream/operations.ts";
import { readRequestBody } from "./body.ts";
import type { StreamContext } from "./context.ts";
import { forkAccess } from "./fork-access.ts";
import { parseFork, type RequestedFork } from "./fork-request.ts";
import { respond, respondError } from "./responses.ts";
import { timed } from "../timing.ts";

/** `PUT`: creates a stream, with its first messages if the request has a body (section 5.1). */
export async function handleCreate(context: StreamContext): Promise<Response> {
  const fork = parseFork(context.request.headers, context.url.origin);
  if (!fork.ok) return respondError(fork.error);
  const access = fork.value === undefined ? undefined : await forkAccess(context, fork.value);
  if (access?.kind === "refused") return access.response;
  const request = await timed(context.timing, "body", () => parseCreate(context, fork.value));
  if (!request.ok) return respondError(request.error);
  const outcome = await timed(context.timing, "object", async (): Promise<CreateOutcome> =>
    context.object.create({ ...request.value, publicSourceOnly: access?.kind === "public" }),
  );
  return respondCreate(context, outcome);
}

async function parseCreate(context: StreamContext, fork: RequestedFork | undefined): Promise<Parsed<CreateRequest>> {
  const { request, url, name, limits, measurement } = context;
  const { streamsMax } = limits;
  const { headers } = request;
  const contentType = parseContentType(headers.get("Content-Type"));
  if (!contentType.ok) return contentType;
  const expiry = parseExpiry(headers.get(header.STREAM_TTL), headers.get(header.STREAM_EXPIRES_AT));
  if (!expiry.ok) return expiry;
  const body = await readRequestBody(request, limits.bodyMaxBytes);
  if (!body.ok) return body;
  measurement.bytesIn = body.value.byteLength;
  // A fork may leave both to its source (section 4.2), and then its body can only be understood there.
  const takesType = fork !== undefined && isAbsent(headers.get("Content-Type"));
  const takesExpiry = fork !== undefined && expiry.value.kind === "never";
  const messages = takesType ? parsed(NO_MESSAGES) : readMessages(contentType.value, body.value);
  if (!messages.ok) return messages;
  return parsed({
    name,
    contentType: takesType ? undefined : contentType.value,
    expiry: takesExpiry ? undefined : expiry.value,
    public: url.searchParams.has("public") ? url.searchParams.get("public") === "true" : undefined,
    closed: header.isClosedHeader(headers.get(header.STREAM_CLOSED)),
    messages: messages.value,
    ...(streamsMax === undefined ? {} : { streamsMax }),
    fork: fork?.request,
    ...(takesType ? { unparsedBody: body.value } : {}),
  });
}

function isAbsent(contentType: string | null): boolean {
  return contentType === null || contentType.trim() === "";
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
