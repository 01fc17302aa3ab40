import type { StreamNotFoundError } from "../client/errors/stream-not-found-error.ts";
import { shortened } from "../client/shortened.ts";
import { visibleText } from "../client/visible-text.ts";
import type { ErrorReport } from "./report.ts";
import { EXIT } from "./exit-codes.ts";
import { DEFAULT_SERVER_URL, isUrl } from "./server-address.ts";

/** A stream as the command line named it. */
export interface NamedStream {
  /** The argument: a name, or a whole URL. */
  readonly name: string;
  readonly server: string;
  readonly project: string | undefined;
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Flags that lead a second command to the same place; what the environment says holds for that one too. */
function samePlace({ name, server, project }: NamedStream): string {
  if (isUrl(name)) return "";
  const isKnown = server === (process.env["DURABLE_STREAMS_URL"] ?? DEFAULT_SERVER_URL);
  const url = isKnown ? "" : ` --url ${quote(server)}`;
  const isKnownProject = project === undefined || project === process.env["DURABLE_STREAMS_PROJECT"];
  return `${url}${isKnownProject ? "" : ` --project ${quote(project)}`}`;
}

/** A stream that is not there, in the words of the command line: what a server says of it is about HTTP. */
export function missingStreamReport(error: StreamNotFoundError, stream: NamedStream, bin: string): ErrorReport {
  const { name, server, project } = stream;
  const inProject = project === undefined ? "" : ` in the project ${JSON.stringify(project)}`;
  const place = isUrl(name) ? shortened(name) : `${JSON.stringify(shortened(name))}${inProject} at ${server}`;
  return {
    code: error.code,
    message: visibleText(isUrl(name) ? `There is no stream at ${place}.` : `There is no stream ${place}.`),
    hint: `Create it with: ${bin} create ${quote(name)} --content-type application/json${samePlace(stream)}`,
    exitCode: EXIT.notFound,
    unexpected: false,
  };
}
