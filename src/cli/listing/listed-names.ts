import { MalformedAnswerError } from "../../client/errors/malformed-answer-error.ts";
import { shortened } from "../../client/shortened.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import { checkStreamPath } from "../../protocol/path.ts";
import { isUrl } from "../server-address.ts";

export interface ListedNamesOptions {
  /** The URL below which the streams are. */
  readonly root: string;
  /** What the names begin with; all of them by default. */
  readonly prefix?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The names of a server's streams, for commands that do something with each. A list that no honest server gives ends it:
 * a name that leads elsewhere (`../`), that was not asked for, or that comes twice, would be read, written
 * or deleted with the user's credentials.
 */
export async function* listedNames(
  client: StreamClient,
  { root, prefix = "", signal }: ListedNamesOptions,
): AsyncGenerator<string> {
  let last = Buffer.alloc(0);
  for await (const page of client.directory(root).names({ prefix, signal })) {
    for (const name of page) {
      const bytes = Buffer.from(name);
      const problem = problemOf(name, prefix) ?? (Buffer.compare(bytes, last) > 0 ? undefined : "is out of order");
      if (problem !== undefined) throw wrongList(root, name, problem);
      last = bytes;
      yield name;
    }
  }
}

function problemOf(name: string, prefix: string): string | undefined {
  // Of a URL it is told one by one that it leads elsewhere: see namedStreamUrl.
  if (isUrl(name)) return undefined;
  if (!checkStreamPath(name).ok) return "is no stream's name";
  return name.startsWith(prefix) ? undefined : `does not begin with ${JSON.stringify(prefix)}`;
}

function wrongList(root: string, name: string, problem: string): MalformedAnswerError {
  const message = `The list of streams at ${root} cannot be trusted: ${JSON.stringify(shortened(name))} ${problem}.`;
  return new MalformedAnswerError({ url: root, code: "WRONG_LIST", message });
}
