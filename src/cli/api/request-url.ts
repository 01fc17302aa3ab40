import { RESERVED_SEGMENT } from "../../protocol/path.ts";
import { usageFailure } from "../command-failure.ts";
import { isUrl, streamRoot, streamUrl, type ServerAddress } from "../server-address.ts";

/**
 * The URL that a request of one's own goes to: a whole URL as it is; what begins with a slash on the server itself;
 * `__ds/...` below the root of the project's streams; anything else is a stream's name. A query may follow each.
 */
export function requestUrl(address: ServerAddress, path: string): string {
  if (isUrl(path)) return wholeUrl(path);
  if (path.startsWith("/")) return new URL(path, new URL(address.url).origin).href;
  const [name, query] = divide(path);
  const isControl = name === RESERVED_SEGMENT || name.startsWith(`${RESERVED_SEGMENT}/`);
  const url = isControl ? `${streamRoot(address)}/${name}` : streamUrl(address, name);
  return query === undefined ? url : `${url}?${query}`;
}

function wholeUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw usageFailure(`${JSON.stringify(text)} is not a URL.`);
  if (url.username === "" && url.password === "") return url.href;
  throw usageFailure(
    "The URL carries credentials, where logs and process lists show them.",
    "Leave them out, and give the token by --token - or DURABLE_STREAMS_TOKEN.",
  );
}

function divide(path: string): readonly [name: string, query?: string] {
  const at = path.indexOf("?");
  return at === -1 ? [path] : [path.slice(0, at), path.slice(at + 1)];
}
