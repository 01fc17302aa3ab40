import type { ProjectSettings } from "../../protocol/project.ts";
import { failed, type Parsed } from "../../protocol/result.ts";
import type { BaseEnv } from "../env.ts";
import type { Surroundings } from "./authorization.ts";
import { drainRest } from "./body.ts";
import { configurationError } from "./configuration.ts";
import { handleControl } from "./control/handle-control.ts";
import { EVERYONE, NOBODY, projectSharing, respondPreflight, share, type Sharing } from "./cors.ts";
import { orFailure } from "./failure.ts";
import { handleStream } from "./handle-stream.ts";
import { respondHealth } from "./health.ts";
import { hostError } from "./host.ts";
import { handleOperator } from "./operator/handle-operator.ts";
import { isForOperators } from "./operator/operator-route.ts";
import { SettingsLookup } from "./project-settings.ts";
import { limitAddress } from "./rate-limit.ts";
import { respondError, respondMethodNotAllowed } from "./responses.ts";
import { matchRoute, type Route } from "./route.ts";

const HEALTH_METHODS = "GET, HEAD, OPTIONS";

/** A request on its way to an answer. */
interface Asked {
  readonly request: Request;
  readonly url: URL;
  readonly route: Parsed<Route>;
  readonly settings: SettingsLookup;
}

/** One request, from its URL to its answer: host, route, rate, authorisation, operation, and who may read the answer. */
export async function handleRequest<E extends BaseEnv>(request: Request, around: Surroundings<E>): Promise<Response> {
  const url = new URL(request.url);
  const misdirected = hostError(around.env.ALLOWED_HOSTS, url, request.headers.get("Host"));
  const route = misdirected === undefined ? matchRoute(url.pathname) : failed(misdirected);
  const asked = { request, url, route, settings: new SettingsLookup(() => projectSettings(route, around)) };
  const flooding = await refuseFlooding(asked, around);
  const answer = flooding ?? (await orFailure(() => answerRoute(asked, around)));
  await drainRest(request);
  return share(answer, await sharing(asked, around, flooding !== undefined));
}

/** Requests of strangers are counted before anything is looked up for them. */
async function refuseFlooding<E extends BaseEnv>(
  { request, route }: Asked,
  { env, authorization }: Surroundings<E>,
): Promise<Response | undefined> {
  if (env.RATE_LIMITER === undefined || !route.ok || route.value.kind === "health") return undefined;
  const project = projectOf(route);
  const isKnown = project !== undefined && authorization.isRemembered?.(request, project) === true;
  return isKnown ? undefined : limitAddress(env.RATE_LIMITER, request);
}

async function answerRoute<E extends BaseEnv>(asked: Asked, around: Surroundings<E>): Promise<Response> {
  const { request, url, route, settings } = asked;
  const { method } = request;
  const isPreflight = method === "OPTIONS" && !isForOperators(url.pathname);
  if (!route.ok)
    return isPreflight && route.error.code !== "HOST_NOT_ALLOWED" ? respondPreflight() : respondError(route.error);
  if (isPreflight) return respondPreflight();
  if (route.value.kind === "health")
    return isReadMethod(method) ? respondHealth(around.env) : respondMethodNotAllowed(method, HEALTH_METHODS);

  const error = configurationError(around.env);
  if (error !== undefined) return respondError(error);
  if (route.value.kind === "stream") return handleStream(request, url, route.value, settings, around);
  if (route.value.kind === "control") return handleControl({ request, url, route: route.value }, settings, around);
  return handleOperator(route.value.to, request, url, around);
}

function isReadMethod(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

async function projectSettings<E>(
  route: Parsed<Route>,
  { env, authorization }: Surroundings<E>,
): Promise<ProjectSettings | undefined> {
  const project = projectOf(route);
  return project === undefined ? undefined : authorization.settingsOf?.(project, env);
}

/** The project that a route is of, if it is one's. */
function projectOf(route: Parsed<Route>): string | undefined {
  return route.ok && (route.value.kind === "stream" || route.value.kind === "control")
    ? route.value.project
    : undefined;
}

/** Whose pages may read the answer: refusals and errors go to the same ones as what they take the place of. */
async function sharing<E>(
  { request, url, route, settings }: Asked,
  { authorization }: Surroundings<E>,
  isFlooding: boolean,
): Promise<Sharing> {
  if (isForOperators(url.pathname)) return NOBODY;
  if (projectOf(route) === undefined || authorization.settingsOf === undefined) return EVERYONE;
  // Nothing is looked up for who floods the server, or for a refusal that no page asked for.
  const isLookedUp = settings.wasAsked || (!isFlooding && request.headers.has("Origin"));
  return projectSharing(isLookedUp ? await settings.get() : undefined, request);
}
