import type { BaseEnv } from "./env.ts";
import type { Authorization } from "./edge/authorization.ts";
import { handleRequest } from "./edge/handle-request.ts";
import { codeOf } from "./edge/responses.ts";
import { VERSION } from "./edge/health.ts";
import { Measurement } from "./metrics/measurement.ts";
import { Timing } from "./timing.ts";

export { projectJwtAuth, type ProjectJwtAuth } from "./auth/project-jwt-auth.ts";
export type { AuthorizeMutation, AuthorizeRead, AuthResult, ReadAuthResult, SettingsOf } from "./auth/types.ts";
export type { ProjectSettings } from "../protocol/project.ts";
export type { BaseEnv } from "./env.ts";
export type { Timing } from "./timing.ts";
export { DirectoryDO } from "./directory/directory-do.ts";
export { ProjectDO } from "./projects/project-do.ts";
export { StreamDO } from "./stream/stream-do.ts";
export { SubscriptionDO } from "./subscriptions/subscription-do.ts";

/** A Worker's default export. */
export interface StreamWorker<E> extends ExportedHandler<E> {
  fetch(request: Request, env: E, ctx: ExecutionContext): Promise<Response>;
}

/** Configuration of {@link createStreamWorker}. */
export type StreamWorkerConfig<E extends BaseEnv> = Authorization<E>;

/**
 * Makes a Worker that serves Durable Streams at `/v1/stream/{path}` and `/v1/{project}/stream/{path}`. Use it as the
 * default export, and export `StreamDO`, `DirectoryDO` and `SubscriptionDO` beside it. Without a configuration every
 * request is allowed; with `projectJwtAuth()` tokens of projects decide, and `ProjectDO` has to be exported too.
 */
export function createStreamWorker<E extends BaseEnv = BaseEnv>(config: StreamWorkerConfig<E> = {}): StreamWorker<E> {
  return {
    async fetch(request, env, ctx): Promise<Response> {
      const timing = env.DEBUG_TIMING === "1" ? new Timing() : null;
      const end = timing?.start("total");
      const measurement = new Measurement({ dataset: env.METRICS, version: VERSION });
      const response = await handleRequest(request, { env, ctx, authorization: config, timing, measurement });
      measurement.answered(response.status, codeOf(response));
      end?.();
      if (timing !== null) response.headers.set("Server-Timing", timing.toHeader());
      return response;
    },
  };
}
