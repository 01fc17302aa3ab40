import { env } from "cloudflare:workers";
import { segmentKey, segmentPrefix } from "../../../src/protocol/segment/key.ts";
import { readSegment, type Segment } from "../../../src/protocol/segment/segment.ts";
import type { ListedSegment } from "../../../src/worker/storage/segment-rows.ts";
import { keysOf } from "../../worker/support/bucket.ts";
import { inspect } from "../../worker/support/sealing.ts";
import type { StreamClient } from "../../worker/support/stream-client.ts";

/** A segment as the stream's object knows it, with the key of its object. */
export interface Manifested extends ListedSegment {
  readonly key: string;
}

/** What the keys of every incarnation of the stream begin with. */
function bucketFolder(stream: StreamClient): string {
  return `segments/default/${encodeURIComponent(stream.name)}/`;
}

/** All objects of the bucket that belong to any incarnation of the stream. */
export function objectKeys(stream: StreamClient): Promise<string[]> {
  return keysOf(bucketFolder(stream));
}

/** The stream's manifest, in order, an intended segment included. */
export async function manifest(stream: StreamClient): Promise<Manifested[]> {
  const segments: ListedSegment[] = [];
  const { incarnation, name } = await inspect(stream);
  for (let from = 0; ;) {
    const listing = await stream.object.listSegments(from, 100);
    if (listing === undefined) throw new Error(`${stream.name} ended meanwhile`);
    segments.push(...listing.segments);
    if (!listing.hasMore) break;
    from = listing.segments.at(-1)?.tail ?? 0;
  }
  const prefix = await segmentPrefix(name, incarnation);
  return segments.map((segment) => ({
    ...segment,
    key: segmentKey(prefix, segment.start, segment.tail, segment.nonce),
  }));
}

export async function objectBytes(key: string): Promise<Uint8Array<ArrayBuffer>> {
  const object = await env.R2.get(key);
  if (object === null) throw new Error(`there is no object ${key}`);
  return new Uint8Array(await object.arrayBuffer());
}

/** Reads an object whole, with every check there is. */
export async function requireSegment(key: string): Promise<Segment> {
  const reading = await readSegment(await objectBytes(key));
  if (reading.kind === "damaged") throw new Error(`${key} is damaged: ${reading.problem}`);
  return reading.segment;
}
