import type { BaseEnv } from "../env.ts";
import { BLOCK_MEMORY } from "../segments/block-memory.ts";
import { handleAppend } from "./append.ts";
import { yieldsToPublic } from "../auth/public-refusal.ts";
import { decider, recheckRead, refuse, refuseRead, type Access, type Surroundings } from "./authorization.ts";
import type { StreamContext } from "./context.ts";
import { EVERYONE, share } from "./cors.ts";
import { handleCreate } from "./create.ts";
import { handleDelete } from "./delete.ts";
import { handleHead } from "./head.ts";
import type { Operation as CountedOperation } from "../../protocol/metrics.ts";
import { requestLimits, type SettingsLookup } from "./project-settings.ts";
import { limitAddress, limitProject } from "./rate-limit.ts";
import { handleRead } from "./read.ts";
import { respondMethodNotAllowed } from "./responses.ts";
import type { StreamRoute } from "./route.ts";
import { CACHE_TRIALS } from "./cache-trial.ts";
import { SegmentCache } from "./segment-cache.ts";

/** How a method acts on a stream, and which of the two questions it has to pass. */
interface Operation {
  readonly access: Access;
  readonly handle: (context: StreamContext) => Promise<Response>;
}

/** What can be done with a stream, by HTTP's methods. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ["GET", { access: "read", handle: handleRead }],
  ["HEAD", { access: "read", handle: handleHead }],
  ["PUT", { access: "mutation", handle: handleCreate }],
  ["POST", { access: "mutation", handle: handleAppend }],
  ["DELETE", { access: "mutation", handle: handleDelete }],
]);

/** By what the request is counted. A read that waits is another operation. */
function countedAs({ method }: Request, url: URL): CountedOperation {
  switch (method) {
    case "PUT":
      return "create";
    case "POST":
      return "append";
    case "DELETE":
      return "delete";
    case "HEAD":
      return "head";
    default: {
      const live = url.searchParams.get("live");
      return live === "sse" || live === "long-poll" ? live : "read";
    }
  }
}

const STREAM_METHODS = [...OPERATIONS.keys(), "OPTIONS"].join(", ");

/** A request on a stream, or on what operators see of one. */
interface StreamRequest {
  readonly request: Request;
  readonly url: URL;
  /** `project/path`. */
  readonly name: string;
}

/** One request on a stream: authorisation, the project's rate and limits, operation. */
export async function handleStream<E extends BaseEnv>(
  request: Request,
  url: URL,
  { project, doKey }: StreamRoute,
  settings: SettingsLookup,
  around: Surroundings<E>,
): Promise<Response> {
  const operation = OPERATIONS.get(request.method);
  if (operation === undefined) return respondMethodNotAllowed(request.method, STREAM_METHODS);
  const { env, authorization, measurement } = around;
  measurement.is(countedAs(request, url));
  const isUncounted = env.RATE_LIMITER !== undefined && authorization.isRemembered?.(request, project) === true;
  const refusal = await refuse(operation.access, request, doKey, around);
  if (refusal !== undefined) {
    // The project's rate is for what was let in, and on its address it has not counted yet.
    const overdone = isUncounted ? await limitAddress(env.RATE_LIMITER, request) : undefined;
    if (overdone !== undefined) return overdone;
    if (!yieldsToPublic(refusal)) return refusal;
    // Of all that a project limits, a stranger meets only the number of live readers: for other reads nothing is looked up.
    const limits = requestLimits(url.searchParams.has("live") ? await settings.get() : undefined);
    const context = { ...streamContext({ request, url, name: doKey }, around), limits, unlessPublic: refusal };
    const answer = await operation.handle(context);
    if (answer === refusal) return answer;
    measurement.about(project, doKey);
    // Errors about a public stream are for every page, too.
    return share(answer, EVERYONE);
  }
  const isOpen = decider(operation.access, authorization) === undefined;
  const flooding = isOpen ? undefined : await limitProject(env.RATE_LIMITER, project);
  if (flooding !== undefined) return flooding;
  measurement.about(project, doKey);
  const asked = { request, url, name: doKey };
  const context = { ...streamContext(asked, around), limits: requestLimits(await settings.get()) };
  if (isOpen) return operation.handle(context);
  return operation.handle({ ...context, recheck: (isPublic) => recheckRead(request, doKey, isPublic, around) });
}

/** What working on a stream needs, with the server's own limits. */
export function streamContext<E extends BaseEnv>(
  { request, url, name }: StreamRequest,
  around: Surroundings<E>,
): StreamContext {
  const { env, ctx, authorization, timing, measurement } = around;
  const waitUntil = (work: Promise<unknown>) => {
    ctx.waitUntil(work);
  };
  const cache = new SegmentCache(url.origin, waitUntil, CACHE_TRIALS.at(url.origin));
  return {
    request,
    url,
    name,
    object: env.STREAMS.getByName(name),
    streams: env.STREAMS,
    segments: {
      memory: BLOCK_MEMORY,
      cache,
      bucket: env.R2,
      seen: (where) => {
        measurement.readFrom(where);
      },
    },
    timing,
    measurement,
    limits: requestLimits(undefined),
    refuseRead: (other, otherName) => refuseRead(request, other, otherName, around),
    readsAreOpen: authorization.authorizeRead === undefined,
  };
}
