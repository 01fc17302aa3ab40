import { encodeStreamPath, isProjectName, RESERVED_SEGMENT } from "../protocol/path.ts";
import { usageFailure } from "./command-failure.ts";

/** Where `durable-streams dev` serves when it is not told otherwise: the protocol's own port (section 13.1). */
export const DEFAULT_SERVER_URL = "http://127.0.0.1:4437";

export interface ServerAddress {
  /** `--url`: a server, or with a path of its own the root below which a server keeps its streams. */
  readonly url: string;
  readonly project?: string | undefined;
}

function parseHttpUrl(text: string, source: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw usageFailure(
      `${source} ${JSON.stringify(text)} is not an http or https URL.`,
      `Write it like ${DEFAULT_SERVER_URL}.`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    url.password = "";
    url.username = "";
    throw usageFailure(
      `${source} carries credentials in the URL, where logs and process lists show them.`,
      `Use ${url.href} and give the token by --token - or DURABLE_STREAMS_TOKEN.`,
    );
  }
  url.hash = "";
  return url;
}

export function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** The folder of the streams: the root that the URL names, or our server's route for the project. */
function streamRoot({ url, project }: ServerAddress): string {
  const server = parseHttpUrl(url, "The server's URL");
  if (server.search !== "") {
    throw usageFailure(
      `The server's URL ${JSON.stringify(url)} has a query.`,
      "Leave out what follows the question mark.",
    );
  }
  const ownPath = server.pathname.replace(/\/+$/, "");
  if (ownPath !== "") {
    if (project === undefined) return `${server.origin}${ownPath}`;
    throw usageFailure(
      `--project ${JSON.stringify(project)} has no place in ${url}, which names the root of the streams itself.`,
      `Use --url ${server.origin} with --project, or leave --project out.`,
    );
  }
  if (project === undefined) return `${server.origin}/v1/stream`;
  if (isProjectName(project)) return `${server.origin}/v1/${project}/stream`;
  throw usageFailure(
    `${JSON.stringify(project)} is not a project's name.`,
    'A project\'s name has 1 to 64 letters, digits, _ and -, begins with a letter or digit, and is not "stream".',
  );
}

/** The URL of a stream: the argument itself when it is one, else its path below the server's root, percent-encoded. */
export function streamUrl(address: ServerAddress, stream: string): string {
  if (isUrl(stream)) return parseHttpUrl(stream, "The stream's URL").href;
  const path = stream.replace(/^\/+/, "");
  const segments = path.split("/");
  // URL parsing would silently resolve dots to another stream.
  if (path === "" || segments.some((segment) => segment === "" || segment === "." || segment === "..")) {
    throw usageFailure(
      `${JSON.stringify(stream)} is not a stream's name: it has an empty, "." or ".." segment.`,
      `Write it like "rooms/42", or give the stream's whole URL.`,
    );
  }
  if (segments[0] === RESERVED_SEGMENT) {
    throw usageFailure(`Names below "${RESERVED_SEGMENT}" are reserved by the protocol.`, "Choose another name.");
  }
  return `${streamRoot(address)}/${encodeStreamPath(path)}`;
}
