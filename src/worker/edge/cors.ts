import { NO_STORE } from "../../protocol/cache-policy.ts";
import * as header from "../../protocol/headers.ts";
import { allowedOrigin, type ProjectSettings } from "../../protocol/project.ts";
import { respond } from "./responses.ts";

/** Whose pages may read an answer. */
export type Sharing =
  | { readonly kind: "everyone" }
  /** Those of one origin, or of none; which it is depends on the origin that asks. */
  | { readonly kind: "origin"; readonly allowed: string | undefined }
  /** Not even whoever embeds it: what is for operators. */
  | { readonly kind: "nobody" };

export const EVERYONE: Sharing = { kind: "everyone" };
export const NOBODY: Sharing = { kind: "nobody" };

/** Whose pages may read what is answered for a project; `settings` are `undefined` where nothing is known of it. */
export function projectSharing(settings: ProjectSettings | undefined, request: Request): Sharing {
  const allowed = allowedOrigin(settings?.corsOrigins ?? [], request.headers.get("Origin"));
  return allowed === "*" ? EVERYONE : { kind: "origin", allowed };
}

/** What a public stream is answered with, whoever reads it and whatever holds for its project. */
export function publicFields(isPublic: boolean): { readonly [ALLOW_ORIGIN]: string | undefined } {
  return { [ALLOW_ORIGIN]: isPublic ? "*" : undefined };
}

const ALLOW_ORIGIN = "Access-Control-Allow-Origin";
const EXPOSE_HEADERS = "Access-Control-Expose-Headers";

const EXPOSED = [
  header.STREAM_NEXT_OFFSET,
  header.STREAM_UP_TO_DATE,
  header.STREAM_CLOSED,
  header.STREAM_CURSOR,
  header.STREAM_TTL,
  header.STREAM_EXPIRES_AT,
  header.STREAM_SSE_DATA_ENCODING,
  header.PRODUCER_EPOCH,
  header.PRODUCER_SEQ,
  header.PRODUCER_EXPECTED_SEQ,
  header.PRODUCER_RECEIVED_SEQ,
  "ETag",
  "Location",
  "Retry-After",
  "Server-Timing",
].join(", ");

const ALLOWED = [
  "Authorization",
  "Content-Type",
  "If-None-Match",
  header.STREAM_TTL,
  header.STREAM_EXPIRES_AT,
  header.STREAM_CLOSED,
  header.STREAM_SEQ,
  header.STREAM_FORKED_FROM,
  header.STREAM_FORK_OFFSET,
  header.STREAM_FORK_SUB_OFFSET,
  header.PRODUCER_ID,
  header.PRODUCER_EPOCH,
  header.PRODUCER_SEQ,
  // And whatever a custom authorisation looks at. The star does not cover Authorization, and not every browser has it.
  "*",
].join(", ");

const METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS";
const PREFLIGHT_MAX_AGE_SECONDS = "86400";

/** The answer to a CORS preflight; {@link share} says whether it is a yes. */
export function respondPreflight(): Response {
  return respond(204, {
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": ALLOWED,
    "Access-Control-Max-Age": PREFLIGHT_MAX_AGE_SECONDS,
    "Cache-Control": NO_STORE,
  });
}

/**
 * Says on an answer, or on a refusal, whose pages may read it; an answer that says so itself is left as it is. Where it
 * depends on the origin that asks, caches are told, also when it is a no: the next one that asks may be another.
 */
export function share(response: Response, sharing: Sharing): Response {
  const { headers } = response;
  switch (sharing.kind) {
    case "nobody":
      headers.delete(ALLOW_ORIGIN);
      headers.set("Cross-Origin-Resource-Policy", "same-origin");
      return response;
    case "everyone":
      if (!headers.has(ALLOW_ORIGIN)) headers.set(ALLOW_ORIGIN, "*");
      break;
    case "origin":
      if (headers.has(ALLOW_ORIGIN)) break;
      headers.append("Vary", "Origin");
      if (sharing.allowed === undefined) return response;
      headers.set(ALLOW_ORIGIN, sharing.allowed);
      break;
  }
  if (!headers.has(EXPOSE_HEADERS)) headers.set(EXPOSE_HEADERS, EXPOSED);
  return response;
}
