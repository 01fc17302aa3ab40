import { protocolError } from "../protocol/errors.ts";
import type { BaseEnv } from "./env.ts";
import { handleRequest, type Authorization, type Surroundings } from "./edge/handle-request.ts";
import { respondError } from "./edge/responses.ts";
import { Timing } from "./timing.ts";

export type { AuthorizeMutation, AuthorizeRead, AuthResult, ReadAuthResult } from "./auth/types.ts";
export type { BaseEnv } from "./env.ts";
export type { Timing } from "./timing.ts";
export { StreamDO } from "./stream/stream-do.ts";

/** Configuration of {@link createStreamWorker}. */
export type StreamWorkerConfig<E extends BaseEnv> = Authorization<E>;

/**
 * Makes a Worker that serves Durable Streams at `/v1/stream/{path}` and `/v1/{project}/stream/{path}`. Use it as the
 * default export, and export `StreamDO` beside it. Without a configuration every request is allowed.
 */
export function createStreamWorker<E extends BaseEnv = BaseEnv>(
  config: StreamWorkerConfig<E> = {},
): ExportedHandler<E> {
  return {
    async fetch(request, env, ctx): Promise<Response> {
      const timing = env.DEBUG_TIMING === "1" ? new Timing() : null;
      const end = timing?.start("total");
      const response = await answer(request, { env, ctx, authorization: config, timing });
      end?.();
      if (timing !== null) response.headers.set("Server-Timing", timing.toHeader());
      return response;
    },
  };
}

/** What is thrown on the way is logged and never told to the client: it may hold what is none of the client's business. */
async function answer<E extends BaseEnv>(request: Request, around: Surroundings<E>): Promise<Response> {
  try {
    return await handleRequest(request, around);
  } catch (error) {
    console.error(error);
    return respondError(isPassing(error) ? UNAVAILABLE : INTERNAL);
  }
}

const UNAVAILABLE = protocolError(
  "UNAVAILABLE",
  "The stream could not be reached at the moment; send the request again, with producer headers if it must not be done twice.",
);

const INTERNAL = protocolError(
  "INTERNAL",
  "Something went wrong inside the server, and its log says what; the request may be sent again.",
);

/** The platform marks what its objects throw while they are moved, updated or flooded with requests. */
function isPassing(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  return ("retryable" in error && error.retryable === true) || ("overloaded" in error && error.overloaded === true);
}
