import { encodeHex } from "../hex.ts";
import type { Position } from "../offset.ts";

/** Where in the bucket segments lie: everything else in it is not ours. */
export const SEGMENTS_FOLDER = "segments/";

/** Longest form of a path that is part of keys: R2 takes 1,024 bytes in all. */
const READABLE_PATH_MAX_BYTES = 600;
const KEY_DIGITS = 16;
const encoder = new TextEncoder();

/**
 * What the keys of all objects of one incarnation begin with: `segments/{project}/{path}/{incarnation}/`. The path is one
 * segment of the key, with its slashes percent-encoded, so that no stream's prefix is ever the beginning of another's.
 * A long path stands as the hexadecimal SHA-256 of itself behind `%sha256-`, which no percent-encoded path begins with.
 *
 * @param stream `project/path`.
 */
export async function segmentPrefix(stream: string, incarnation: string): Promise<string> {
  return `${await pathPrefix(stream)}${incarnation}/`;
}

/** What the keys of all objects of one name begin with, whichever of its incarnations made them. */
export async function pathPrefix(stream: string): Promise<string> {
  const slash = stream.indexOf("/");
  const project = stream.slice(0, slash);
  const path = stream.slice(slash + 1);
  const readable = encodeURIComponent(path);
  const name = readable.length <= READABLE_PATH_MAX_BYTES ? readable : `%sha256-${await sha256Hex(path)}`;
  return `${SEGMENTS_FOLDER}${project}/${name}/`;
}

/**
 * The key of one segment: its prefix, both its ends in digits that sort as they count, and eight hexadecimal digits drawn
 * when it was intended. Without them a stream whose storage was set back in time would meet its own later segments again,
 * under the keys of those that it makes now.
 */
export function segmentKey(prefix: string, start: Position, end: Position, nonce: string): string {
  return `${prefix}${digits(start)}-${digits(end)}.${nonce}.seg`;
}

function digits(position: Position): string {
  return String(position).padStart(KEY_DIGITS, "0");
}

async function sha256Hex(text: string): Promise<string> {
  return encodeHex(new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text))));
}
