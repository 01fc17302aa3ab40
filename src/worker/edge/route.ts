import { protocolError, quote } from "../../protocol/errors.ts";
import { DEFAULT_PROJECT, isProjectName, parseStreamPath } from "../../protocol/path.ts";
import { failed, parsed, type Parsed } from "../../protocol/result.ts";

/** What a URL of this server stands for. */
export type Route =
  | { readonly kind: "health" }
  | { readonly kind: "stream"; readonly project: string; readonly path: string; readonly doKey: string };

const DEFAULT_STREAM = /^\/v1\/stream\/(.*)$/s;
const PROJECT_STREAM = /^\/v1\/([^/]+)\/stream\/(.*)$/s;

/** Finds the route of a URL's path, as the URL parser left it: `.` and `..` segments are resolved by then. */
export function matchRoute(pathname: string): Parsed<Route> {
  if (pathname === "/v1/health") return parsed({ kind: "health" });
  const short = DEFAULT_STREAM.exec(pathname);
  if (short?.[1] !== undefined) return streamRoute(DEFAULT_PROJECT, short[1]);
  const full = PROJECT_STREAM.exec(pathname);
  if (full?.[1] !== undefined && full[2] !== undefined) return streamRoute(full[1], full[2]);
  return failed(
    protocolError(
      "ROUTE_NOT_FOUND",
      `Nothing is served at ${quote(pathname)}; streams are at /v1/stream/{path} and /v1/{project}/stream/{path}.`,
    ),
  );
}

function streamRoute(project: string, encodedPath: string): Parsed<Route> {
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
  return path.ok ? parsed({ kind: "stream", project, path: path.value, doKey: `${project}/${path.value}` }) : path;
}
