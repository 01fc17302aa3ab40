import { isClientError } from "../../client/errors/client-error.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import { streamName, streamPlace } from "../../client/stream-place.ts";
import { usageFailure } from "../command-failure.ts";
import { isUrl } from "../server-address.ts";

/** The name under which a stream is kept: its own, or what its URL has in the place of one. */
export function backupName(stream: string, url: string, root: string): string {
  if (!isUrl(stream)) return stream;
  const place = streamPlace(url);
  const ours = place === undefined ? undefined : streamName(place);
  if (ours !== undefined) return ours;
  const { pathname } = new URL(url);
  const below = url.startsWith(`${root}/`) ? url.slice(root.length + 1) : pathname.slice(1);
  try {
    const name = decodeURIComponent(below);
    if (name !== "") return name;
  } catch {
    // The next sentence says it.
  }
  throw usageFailure(`${url} names no stream that could be kept under a name: its path is no text, or empty.`);
}

/** Whether a stream is readable without a token, where the server has a list that says so. */
export async function askPublic(
  client: StreamClient,
  root: string,
  name: string,
  signal: AbortSignal,
): Promise<boolean | null> {
  try {
    for await (const [first] of client.directory(root).streams({ prefix: name, limit: 1, signal })) {
      return first?.path === name ? first.public : null;
    }
  } catch (error) {
    // Other servers have no such list, and a token may allow less than that.
    if (!isClientError(error)) throw error;
  }
  return null;
}
