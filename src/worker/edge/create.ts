import { NO_STORE } from "../../protocol/cache-policy.ts";
import { parseContentType } from "../../protocol/create.ts";
import { protocolError } from "../../protocol/errors.ts";
import { parseExpiry } from "../../protocol/expiry.ts";
import * as header from "../../protocol/headers.ts";
import { NO_MESSAGES, readMessages } from "../../protocol/messages.ts";
import { formatOffset } from "../../protocol/offset.ts";
import { parsed, type Parsed } from "../../protocol/result.ts";
import { yieldsToPublic } from "../auth/public-refusal.ts";
import type { CreateOutcome, CreateRequest, HeadOutcome } from "../stream/operations.ts";
import { readRequestBody } from "./body.ts";
import type { StreamContext } from "./context.ts";
import { parseFork, type RequestedFork } from "./fork-request.ts";
import { respond, respondError } from "./responses.ts";
import { timed } from "../timing.ts";

/** `PUT`: creates a stream, with its first messages if the request has a body (section 5.1). */
export async function handleCreate(context: StreamContext): Promise<Response> {
  const fork = parseFork(context.request.headers, context.url.origin);
  if (!fork.ok) return respondError(fork.error);
  const refusal = fork.value === undefined ? undefined : await refuseFork(context, fork.value);
  if (refusal !== undefined) return refusal;
  const request = await timed(context.timing, "body", () => parseCreate(context, fork.value));
  if (!request.ok) return respondError(request.error);
  const outcome = await timed(context.timing, "object", async (): Promise<CreateOutcome> =>
    context.object.create(request.value),
  );
  return respondCreate(context, outcome);
}

async function parseCreate(context: StreamContext, fork: RequestedFork | undefined): Promise<Parsed<CreateRequest>> {
  const { request, url, name, limits } = context;
  const { headers } = request;
  const contentType = parseContentType(headers.get("Content-Type"));
  if (!contentType.ok) return contentType;
  const expiry = parseExpiry(headers.get(header.STREAM_TTL), headers.get(header.STREAM_EXPIRES_AT));
  if (!expiry.ok) return expiry;
  const body = await readRequestBody(request, limits.bodyMaxBytes);
  if (!body.ok) return body;
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
    fork: fork?.request,
    ...(takesType ? { unparsedBody: body.value } : {}),
  });
}

function isAbsent(contentType: string | null): boolean {
  return contentType === null || contentType.trim() === "";
}

/**
 * Whoever forks a stream reads it: what decides about reads is asked about the source too. Where nothing does, a fork
 * stays within its project.
 */
async function refuseFork(
  context: StreamContext,
  { request, sourceUrl }: RequestedFork,
): Promise<Response | undefined> {
  const isAcross = projectOf(request.source) !== projectOf(context.name);
  if (!isAcross || !context.readsAreOpen) return refuseSource(context, sourceUrl, request.source);
  return respondError(
    protocolError(
      "FORK_ACROSS_PROJECTS",
      `The stream ${request.source} is in another project, and nothing here decides who may read it; fork within a project.`,
    ),
  );
}

/** A public stream is everybody's to read, and so everybody's to fork who may write where the fork is to be. */
async function refuseSource(context: StreamContext, url: URL, source: string): Promise<Response | undefined> {
  const refusal = await context.refuseRead(url, source);
  if (refusal === undefined || !yieldsToPublic(refusal)) return refusal;
  const head = await timed(context.timing, "source", async (): Promise<HeadOutcome> =>
    context.streams.getByName(source).head(),
  );
  return head.kind === "found" && head.public ? undefined : refusal;
}

function projectOf(name: string): string {
  return name.slice(0, name.indexOf("/"));
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
