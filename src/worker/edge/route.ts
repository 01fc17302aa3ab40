import { protocolError, quote } from "../../protocol/errors.ts";
import { DEFAULT_PROJECT } from "../../protocol/path.ts";
import { failed, parsed, type Parsed } from "../../protocol/result.ts";
import { matchControlRoute, type ControlRoute } from "./control/control-route.ts";
import { namedStream, type NamedStream } from "./named-stream.ts";
import { isForOperators, matchOperatorRoute, type OperatorRoute } from "./operator/operator-route.ts";

export type StreamRoute = NamedStream & { readonly kind: "stream" };

/** What a URL of this server stands for. */
export type Route =
  | { readonly kind: "health" }
  | StreamRoute
  | (ControlRoute & { readonly kind: "control" })
  | { readonly kind: "operator"; readonly to: OperatorRoute };

const DEFAULT_STREAM = /^\/v1\/stream\/(.*)$/s;
const PROJECT_STREAM = /^\/v1\/([^/]+)\/stream\/(.*)$/s;

/** Finds the route of a URL's path, as the URL parser left it: `.` and `..` segments are resolved by then. */
export function matchRoute(pathname: string): Parsed<Route> {
  if (pathname === "/v1/health") return parsed({ kind: "health" });
  if (isForOperators(pathname)) return operatorRoute(pathname);
  const short = DEFAULT_STREAM.exec(pathname);
  if (short?.[1] !== undefined) return streamRoute(DEFAULT_PROJECT, short[1]);
  const full = PROJECT_STREAM.exec(pathname);
  if (full?.[1] !== undefined && full[2] !== undefined) return streamRoute(full[1], full[2]);
  return notFound(pathname);
}

function notFound(pathname: string): Parsed<never> {
  return failed(
    protocolError(
      "ROUTE_NOT_FOUND",
      `Nothing is served at ${quote(pathname)}; streams are at /v1/stream/{path} and /v1/{project}/stream/{path}.`,
    ),
  );
}

function operatorRoute(pathname: string): Parsed<Route> {
  const route = matchOperatorRoute(pathname);
  if (route === undefined) return notFound(pathname);
  return route.ok ? parsed({ kind: "operator", to: route.value }) : route;
}

/** What is reserved comes before all streams (section 6). */
function streamRoute(project: string, path: string): Parsed<Route> {
  const control = matchControlRoute(project, path);
  if (control !== undefined) return control.ok ? parsed({ kind: "control", ...control.value }) : control;
  const stream = namedStream(project, path);
  return stream.ok ? parsed({ kind: "stream", ...stream.value }) : stream;
}
