import { protocolError, quote } from "../../protocol/errors.ts";
import { DEFAULT_PROJECT, isProjectName, parseStreamPath, RESERVED_SEGMENT } from "../../protocol/path.ts";
import { failed, parsed, type Parsed } from "../../protocol/result.ts";
import { isOperatorSubject, type OperatorSubject } from "./operator/handle-operator.ts";

/** A stream as a URL names it. */
interface NamedStream {
  readonly project: string;
  readonly path: string;
  readonly doKey: string;
}

export type StreamRoute = NamedStream & { readonly kind: "stream" };

/** What a URL of this server stands for. */
export type Route =
  | { readonly kind: "health" }
  | StreamRoute
  | (NamedStream & { readonly kind: "operator"; readonly subject: OperatorSubject });

const DEFAULT_STREAM = /^\/v1\/stream\/(.*)$/s;
const PROJECT_STREAM = /^\/v1\/([^/]+)\/stream\/(.*)$/s;
const OPERATOR_ROOT = `/v1/${RESERVED_SEGMENT}`;
/** No project is called like that: it begins with a letter or a digit. */
const OPERATOR = new RegExp(`^${OPERATOR_ROOT}/([^/]+)/([^/]+)/(.*)$`, "s");

/** Finds the route of a URL's path, as the URL parser left it: `.` and `..` segments are resolved by then. */
export function matchRoute(pathname: string): Parsed<Route> {
  if (pathname === "/v1/health") return parsed({ kind: "health" });
  const operator = OPERATOR.exec(pathname);
  if (operator !== null) return operatorRoute(pathname, operator);
  const short = DEFAULT_STREAM.exec(pathname);
  if (short?.[1] !== undefined) return streamRoute(DEFAULT_PROJECT, short[1]);
  const full = PROJECT_STREAM.exec(pathname);
  if (full?.[1] !== undefined && full[2] !== undefined) return streamRoute(full[1], full[2]);
  return notFound(pathname);
}

/** Whether a URL lies where only operators' routes are, known ones or not. */
export function isForOperators({ pathname }: URL): boolean {
  return pathname === OPERATOR_ROOT || pathname.startsWith(`${OPERATOR_ROOT}/`);
}

function notFound(pathname: string): Parsed<never> {
  return failed(
    protocolError(
      "ROUTE_NOT_FOUND",
      `Nothing is served at ${quote(pathname)}; streams are at /v1/stream/{path} and /v1/{project}/stream/{path}.`,
    ),
  );
}

function operatorRoute(pathname: string, [, project, subject, path]: RegExpExecArray): Parsed<Route> {
  if (project === undefined || subject === undefined || path === undefined || !isOperatorSubject(subject))
    return notFound(pathname);
  const stream = namedStream(project, path);
  return stream.ok ? parsed({ kind: "operator", subject, ...stream.value }) : stream;
}

function streamRoute(project: string, path: string): Parsed<Route> {
  const stream = namedStream(project, path);
  return stream.ok ? parsed({ kind: "stream", ...stream.value }) : stream;
}

function namedStream(project: string, encodedPath: string): Parsed<NamedStream> {
  if (!isProjectName(project)) {
    return failed(
      protocolError(
        "INVALID_PROJECT",
        `${quote(project)} is no project name; use 1 to 64 letters, digits, "-" and "_", beginning with a letter or digit.`,
      ),
    );
  }
  const path = parseStreamPath(encodedPath);
  // No project name holds a slash, so no two streams share an object name.
  return path.ok ? parsed({ project, path: path.value, doKey: `${project}/${path.value}` }) : path;
}
