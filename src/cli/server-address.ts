import { encodeStreamPath, isProjectName, RESERVED_SEGMENT } from "../protocol/path.ts";
import { shortened } from "../client/shortened.ts";
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

/** Refuses what is no server's URL, by the name of who said it: `--url`, or a variable. */
export function requireServerUrl(text: string, source: string): void {
  parseHttpUrl(text, source);
}

export function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** The folder of the streams, without a slash at its end: the root that the URL names, or our server's route for the project. */
export function streamRoot({ url, project }: ServerAddress): string {
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

/** A query belongs to one request, and which one that is the command says by its flags. */
function wholeStreamUrl(text: string): string {
  const url = parseHttpUrl(text, "The stream's URL");
  const names = [...new Set(url.searchParams.keys())];
  const offset = url.searchParams.get("offset");
  if (url.search === "") return url.href;
  url.search = "";
  throw usageFailure(
    `The stream's URL has a query (${names.map((name) => JSON.stringify(shortened(name))).join(", ")}), and a stream's has none.`,
    offset === null
      ? `Leave it out: ${url.href}`
      : `Leave it out, and say where to begin by a flag: ${url.href} --offset ${offset}`,
  );
}

/**
 * What this machine is called by itself; a connection to no address (`0.0.0.0`) goes there too. Other addresses of 127.0.0.0/8
 * may each have a server of their own.
 */
const LOOPBACK_NAME = /^(?:localhost\.?|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]|\[::ffff:(?:7f00:1|0:0)\])$/;

/** Whether two URLs are the same but for what the loopback is called: only its names are known to mean one host. */
export function isSamePlace(left: string, right: string): boolean {
  return onOneLoopback(left) === onOneLoopback(right);
}

function onOneLoopback(text: string): string {
  const url = new URL(text);
  if (LOOPBACK_NAME.test(url.hostname)) url.hostname = "localhost";
  return url.href;
}

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f]/;

/** What keeps a text from being a stream's name, to follow "it". */
function nameProblem(name: string, segments: readonly string[]): string | undefined {
  if (name === "") return "is empty";
  if (CONTROL_CHARACTER.test(name)) return "has a control character, such as a line break";
  if (name.startsWith("/")) return "begins with a slash, so its first segment is empty";
  if (name.endsWith("/")) return "ends with a slash, so its last segment is empty";
  if (segments.includes("")) return "has an empty segment, between two slashes";
  const dots = segments.find((segment) => segment === "." || segment === "..");
  return dots === undefined ? undefined : `has the segment "${dots}"`;
}

/** The URL of a stream whose name a server or a file says: credentials go to no other server because of that. */
export function namedStreamUrl(address: ServerAddress, name: string): string {
  if (!isUrl(name)) return streamUrl(address, name);
  throw usageFailure(
    `${JSON.stringify(shortened(name))} is not a stream's name: it is a URL.`,
    "Whatever lists it there as a stream may be meant to lead to another server.",
  );
}

/** The URL of a stream: the argument itself when it is one, else its path below the server's root, percent-encoded. */
export function streamUrl(address: ServerAddress, stream: string): string {
  if (isUrl(stream)) return wholeStreamUrl(stream);
  const segments = stream.split("/");
  const problem = nameProblem(stream, segments);
  // URL parsing would silently resolve dots to another stream.
  if (problem !== undefined) {
    throw usageFailure(
      `${JSON.stringify(shortened(stream))} is not a stream's name: it ${problem}.`,
      `Write it like "rooms/42", or give the stream's whole URL.`,
    );
  }
  if (segments[0] === RESERVED_SEGMENT) {
    throw usageFailure(`Names below "${RESERVED_SEGMENT}" are reserved by the protocol.`, "Choose another name.");
  }
  return `${streamRoot(address)}/${encodeStreamPath(stream)}`;
}
