import { DEFAULT_PROJECT, isProjectName, parseStreamPath } from "../protocol/path.ts";

/** Where a stream is on a server of ours. */
export interface StreamPlace {
  readonly project: string;
  /** As it stands in the URL, percent-encoded. */
  readonly encodedPath: string;
}

const DEFAULT_STREAM = /^\/v1\/stream\/(.+)$/s;
const PROJECT_STREAM = /^\/v1\/([^/]+)\/stream\/(.+)$/s;

/** The project and path that a URL names on a server of ours; `undefined` where the URL is none of such a server's. */
export function streamPlace(url: string): StreamPlace | undefined {
  const { pathname } = new URL(url);
  const short = DEFAULT_STREAM.exec(pathname)?.[1];
  if (short !== undefined) return { project: DEFAULT_PROJECT, encodedPath: short };
  const [, project, encodedPath] = PROJECT_STREAM.exec(pathname) ?? [];
  if (project === undefined || encodedPath === undefined || !isProjectName(project)) return undefined;
  return { project, encodedPath };
}

/** The one name that the server knows a stream by, if its path is the path of a stream. */
export function streamName({ encodedPath }: StreamPlace): string | undefined {
  const path = parseStreamPath(encodedPath);
  return path.ok ? path.value : undefined;
}
