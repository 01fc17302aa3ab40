import { isProjectName, RESERVED_SEGMENT } from "../../../protocol/path.ts";
import { failed, parsed, type Parsed } from "../../../protocol/result.ts";
import { namedStream, noProjectName, type NamedStream } from "../named-stream.ts";
import { isStreamSubject, type StreamSubject } from "./stream-subjects.ts";

/** What a URL below `/v1/__ds/` stands for. */
export type OperatorRoute =
  | { readonly about: "health" }
  | { readonly about: "metrics" }
  | { readonly about: "projects" }
  | { readonly about: "project"; readonly name: string }
  | { readonly about: "keys"; readonly name: string }
  | { readonly about: "key"; readonly name: string; readonly kid: string }
  | (NamedStream & { readonly about: "stream"; readonly subject: StreamSubject });

/** No project is called like that: it begins with a letter or a digit. */
const ROOT = `/v1/${RESERVED_SEGMENT}`;
const STREAM = /^\/streams\/([^/]+)\/([^/]+)\/(.*)$/s;
const PROJECT = /^\/projects\/([^/]+)(?:(\/keys)(?:\/([^/]+))?)?$/;

/** Whether a URL's path lies where only operators' routes are, known ones or not. */
export function isForOperators(pathname: string): boolean {
  return pathname === ROOT || pathname.startsWith(`${ROOT}/`);
}

/** Finds the route of a path below `/v1/__ds`; `undefined` when there is none. */
export function matchOperatorRoute(pathname: string): Parsed<OperatorRoute> | undefined {
  const rest = pathname.slice(ROOT.length);
  if (rest === "/health") return parsed({ about: "health" });
  if (rest === "/metrics") return parsed({ about: "metrics" });
  if (rest === "/projects") return parsed({ about: "projects" });
  const project = PROJECT.exec(rest);
  if (project !== null) return projectRoute(project);
  const [, name, subject, path] = STREAM.exec(rest) ?? [];
  if (name === undefined || subject === undefined || path === undefined || !isStreamSubject(subject)) return undefined;
  const stream = namedStream(name, path);
  return stream.ok ? parsed({ about: "stream", subject, ...stream.value }) : stream;
}

function projectRoute([, name = "", keys, kid]: RegExpExecArray): Parsed<OperatorRoute> {
  if (!isProjectName(name)) return failed(noProjectName(name));
  if (keys === undefined) return parsed({ about: "project", name });
  return parsed(kid === undefined ? { about: "keys", name } : { about: "key", name, kid });
}
