import { protocolError, quote, type ProtocolError } from "../../protocol/errors.ts";
import { isProjectName, parseStreamPath } from "../../protocol/path.ts";
import { failed, parsed, type Parsed } from "../../protocol/result.ts";

/** A stream as a URL names it. */
export interface NamedStream {
  readonly project: string;
  readonly path: string;
  readonly doKey: string;
}

/** Reads the name of a stream from the parts of a URL's path. */
export function namedStream(project: string, encodedPath: string): Parsed<NamedStream> {
  if (!isProjectName(project)) return failed(noProjectName(project));
  const path = parseStreamPath(encodedPath);
  // No project name holds a slash, so no two streams share an object name.
  return path.ok ? parsed({ project, path: path.value, doKey: `${project}/${path.value}` }) : path;
}

export function noProjectName(text: string): ProtocolError {
  return protocolError(
    "INVALID_PROJECT",
    `${quote(text)} is no project name; use 1 to 64 letters, digits, "-" and "_", beginning with a letter or digit.`,
  );
}
