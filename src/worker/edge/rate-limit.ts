import { protocolError } from "../../protocol/errors.ts";
import { respondError } from "./responses.ts";

/** When it may be tried again: the platform counts over 10 or 60 seconds. */
const RETRY_AFTER_SECONDS = "10";

const RATE_LIMITED = protocolError(
  "RATE_LIMITED",
  "Too many requests came from here lately; wait as long as Retry-After says, then send the request again. Nothing was done.",
);

/** Counts a request that nobody vouches for on the address that it comes from; gives the answer to one too many. */
export async function limitAddress(limiter: RateLimit | undefined, request: Request): Promise<Response | undefined> {
  return limit(limiter, `ip:${request.headers.get("CF-Connecting-IP") ?? "unknown"}`);
}

/** Counts a request that was let in on its project. */
export async function limitProject(limiter: RateLimit | undefined, project: string): Promise<Response | undefined> {
  return limit(limiter, `project:${project}`);
}

/** A limiter that fails lets everything through: it protects against load, and never decides who may do what. */
async function limit(limiter: RateLimit | undefined, key: string): Promise<Response | undefined> {
  if (limiter === undefined) return undefined;
  try {
    const { success } = await limiter.limit({ key });
    return success ? undefined : respondError(RATE_LIMITED, { "Retry-After": RETRY_AFTER_SECONDS });
  } catch (error) {
    console.error(error);
    return undefined;
  }
}
