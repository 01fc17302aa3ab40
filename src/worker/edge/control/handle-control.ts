import type { ProtocolError } from "../../../protocol/errors.ts";
import { SUBSCRIPTION_BODY_MAX_BYTES } from "../../../protocol/limits.ts";
import { DEFAULT_PROJECT } from "../../../protocol/path.ts";
import { webhookRulesFor } from "../../../protocol/subscription/webhook-url.ts";
import type { DirectoryDO } from "../../directory/directory-do.ts";
import type { BaseEnv } from "../../env.ts";
import type { SubscriptionDO } from "../../subscriptions/subscription-do.ts";
import { decider, refuse, type Access, type Surroundings } from "../authorization.ts";
import { bindingError } from "../configuration.ts";
import { requestLimits, type SettingsLookup } from "../project-settings.ts";
import { limitAddress, limitProject } from "../rate-limit.ts";
import { respondError, respondMethodNotAllowed } from "../responses.ts";
import type { ControlContext } from "./context.ts";
import type { ControlRoute } from "./control-route.ts";
import { operationsOf } from "./operations.ts";

/** A request to a project's control API. */
interface ControlRequest {
  readonly request: Request;
  readonly url: URL;
  readonly route: ControlRoute;
}

/**
 * One request to what lies below a project's `__ds` (section 6): authorisation, the project's rate and limits, operation.
 * What carries the token of a wake is let in by that, in the operation.
 */
export async function handleControl<E extends BaseEnv>(
  asked: ControlRequest,
  settings: SettingsLookup,
  around: Surroundings<E>,
): Promise<Response> {
  const { request, route } = asked;
  const { project } = route;
  const operations = operationsOf(route.to);
  const operation = Object.hasOwn(operations, request.method) ? operations[request.method] : undefined;
  if (operation === undefined) {
    return respondMethodNotAllowed(request.method, [...Object.keys(operations), "OPTIONS"].join(", "));
  }
  const { measurement } = around;
  measurement.is(operation.counted);
  const found = findObjects(route, around.env);
  if ("code" in found) return respondError(found);
  const { asks } = operation;
  if (asks === "nobody") return operation.handle(controlContext(asked, found, SUBSCRIPTION_BODY_MAX_BYTES, around));
  if (asks === "wake") {
    const answer = await operation.handle(controlContext(asked, found, SUBSCRIPTION_BODY_MAX_BYTES, around));
    if (answer.ok) measurement.about(project, "");
    return answer;
  }
  const refusal = await refuseControl(asks, asked, around);
  if (refusal !== undefined) return refusal;
  measurement.about(project, "");
  const { bodyMaxBytes } = requestLimits(await settings.get());
  const most = Math.min(bodyMaxBytes, SUBSCRIPTION_BODY_MAX_BYTES);
  return operation.handle(controlContext(asked, found, most, around));
}

/** The answer to who may not, or asks too often. */
async function refuseControl<E extends BaseEnv>(
  access: Access,
  { request, route }: ControlRequest,
  around: Surroundings<E>,
): Promise<Response | undefined> {
  const { env, authorization } = around;
  const isUncounted = env.RATE_LIMITER !== undefined && authorization.isRemembered?.(request, route.project) === true;
  const refusal = await refuse(access, request, route.doKey, around);
  if (refusal === undefined) {
    const isOpen = decider(access, authorization) === undefined;
    return isOpen ? undefined : limitProject(env.RATE_LIMITER, route.project);
  }
  // The project's rate is for what was let in, and on its address it has not counted yet.
  return (isUncounted ? await limitAddress(env.RATE_LIMITER, request) : undefined) ?? refusal;
}

/** Where what a route needs is found. */
interface Objects {
  readonly directory: DurableObjectNamespace<DirectoryDO>;
  /** Of the routes that are about one subscription. */
  readonly subscriptions: DurableObjectNamespace<SubscriptionDO> | undefined;
}

/** The error where the Worker lacks a binding for the route. */
function findObjects({ to }: ControlRoute, { DIRECTORY, SUBSCRIPTIONS }: BaseEnv): Objects | ProtocolError {
  if (DIRECTORY === undefined) return bindingError("DIRECTORY");
  if ("id" in to && SUBSCRIPTIONS === undefined) return bindingError("SUBSCRIPTIONS");
  return { directory: DIRECTORY, subscriptions: SUBSCRIPTIONS };
}

/** What working on a route needs. */
function controlContext<E extends BaseEnv>(
  { request, url, route: { project } }: ControlRequest,
  { directory, subscriptions }: Objects,
  bodyMaxBytes: number,
  { env, ctx, timing, measurement }: Surroundings<E>,
): ControlContext {
  const context = {
    request,
    url,
    project,
    root: rootOf(url, project),
    directory: directory.getByName(project),
    streams: env.STREAMS,
    timing,
    measurement,
    bodyMaxBytes,
    later: (work: Promise<unknown>) => {
      ctx.waitUntil(work);
    },
  };
  return {
    ...context,
    about(id) {
      if (subscriptions === undefined) throw new Error("a route of a subscription without the binding SUBSCRIPTIONS");
      const subscription = subscriptions.getByName(`${project}/${id}`);
      const webhooks = webhookRulesFor(request.headers.get("Origin"), env.WEBHOOKS_TO_LOOPBACK);
      return { ...context, name: { project, id }, subscription, webhooks };
    },
  };
}

/** The form of the URL in which the client asked. */
function rootOf({ origin, pathname }: URL, project: string): string {
  const isShort = project === DEFAULT_PROJECT && pathname.startsWith("/v1/stream/");
  return `${origin}/v1${isShort ? "" : `/${project}`}/stream`;
}
