import { protocolError } from "../../../protocol/errors.ts";
import { formatOffset, type Position } from "../../../protocol/offset.ts";
import { segmentKey, segmentPrefix } from "../../../protocol/segment/key.ts";
import type { SegmentListing } from "../../stream/inspect.ts";
import { withinTime } from "../../segments/within-time.ts";
import { timed } from "../../timing.ts";
import type { StreamContext } from "../context.ts";
import { respondError } from "../responses.ts";
import { PATIENCE_MS, respondBucketFailure, respondNoStream, respondObject } from "./answers.ts";
import { parsePosition } from "./segments.ts";

/** `segment`: the object of the segment that holds the offset `at`, as it lies in the bucket, unchecked. */
export async function respondSegment({ object, url, segments, timing }: StreamContext): Promise<Response> {
  const at = parsePosition("at", url.searchParams.get("at") ?? "-1");
  if (!at.ok) return respondError(at.error);
  const listing = await timed(timing, "object", async () => object.listSegments(at.value, 1));
  if (listing === undefined) return respondNoStream();
  const key = await sealedKey(listing, at.value);
  if (key === undefined) {
    return respondError(protocolError("SEGMENT_NOT_FOUND", `No segment holds the offset ${formatOffset(at.value)}.`));
  }
  try {
    const stored = await withinTime(PATIENCE_MS, segments.bucket.get(key));
    if (stored !== null) return respondObject(stored.body, stored.size);
    return respondError(protocolError("SEGMENT_MISSING", `The segment ${key} is not in the bucket.`));
  } catch (error) {
    return respondBucketFailure(error);
  }
}

async function sealedKey({ name, incarnation, segments }: SegmentListing, at: Position): Promise<string | undefined> {
  const [segment] = segments;
  if (segment?.sealedAtMs === undefined || segment.start > at || segment.tail <= at) return undefined;
  return segmentKey(await segmentPrefix(name, incarnation), segment.start, segment.tail, segment.nonce);
}
