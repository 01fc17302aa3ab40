import { protocolError, quote } from "../../protocol/errors.ts";
import { parseForkOffset, parseForkSubOffset, type ForkRequest } from "../../protocol/fork.ts";
import * as header from "../../protocol/headers.ts";
import { failed, parsed, type Parsed } from "../../protocol/result.ts";
import { matchRoute } from "./route.ts";

/** A fork as a creation asks for it, and the URL of its source. */
export interface RequestedFork {
  readonly request: ForkRequest;
  readonly sourceUrl: URL;
}

/** Reads the headers that make a creation one of a fork (section 4.2); `undefined` when there are none. */
export function parseFork(headers: Headers, origin: string): Parsed<RequestedFork | undefined> {
  const from = headers.get(header.STREAM_FORKED_FROM);
  const alone = [header.STREAM_FORK_OFFSET, header.STREAM_FORK_SUB_OFFSET].find((name) => headers.has(name));
  if (from === null) {
    if (alone === undefined) return parsed(undefined);
    return failed(
      protocolError("FORK_HEADERS_ALONE", `${alone} means nothing without ${header.STREAM_FORKED_FROM}; send both.`),
    );
  }
  const source = parseSource(from, origin);
  if (!source.ok) return source;
  const offset = parseForkOffset(headers.get(header.STREAM_FORK_OFFSET));
  if (!offset.ok) return offset;
  const subOffset = parseForkSubOffset(headers.get(header.STREAM_FORK_SUB_OFFSET));
  if (!subOffset.ok) return subOffset;
  const request = { source: source.value.name, offset: offset.value, subOffset: subOffset.value };
  return parsed({ request, sourceUrl: source.value.url });
}

/** The stream that a path of this server stands for, in either of the two shapes, and the URL it has here. */
function parseSource(path: string, origin: string): Parsed<{ name: string; url: URL }> {
  // URL parsers take a backslash for a slash and leave tabs out: what is a path to one is a host to another.
  const url = PLAIN_PATH.test(path) && URL.canParse(path, origin) ? new URL(path, origin) : undefined;
  if (url?.origin !== origin) return noSource(path, "");
  const route = matchRoute(url.pathname);
  if (!route.ok) return noSource(path, ` ${route.error.message}`);
  if (route.value.kind !== "stream") return noSource(path, "");
  return parsed({ name: route.value.doKey, url: new URL(url.pathname, origin) });
}

/** One slash, and then nothing that ends a path or is no part of one. */
const PLAIN_PATH = /^\/(?!\/)[^\\?#\s]*$/;

function noSource(path: string, why: string): Parsed<never> {
  return failed(
    protocolError(
      "INVALID_FORK_SOURCE",
      `${header.STREAM_FORKED_FROM} is ${quote(path)}; it must be the path of a stream's URL on this server, such as /v1/stream/orders.${why}`,
    ),
  );
}
