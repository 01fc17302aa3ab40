import { protocolError, quote } from "../../../protocol/errors.ts";
import { formatOffset, parseOffsetQuery, type Position } from "../../../protocol/offset.ts";
import { failed, parsed, type Parsed } from "../../../protocol/result.ts";
import { segmentKey, segmentPrefix } from "../../../protocol/segment/key.ts";
import type { ListedSegment } from "../../storage/segment-rows.ts";
import { timed } from "../../timing.ts";
import type { StreamContext } from "../context.ts";
import { respondError } from "../responses.ts";
import { parseLimit } from "../page-limit.ts";
import { respondJson, respondNoStream } from "./answers.ts";

/** Most rows of the manifest in one answer. */
const PAGE_MAX = 1000;

/** `segments`: the manifest, in pages. `from` is an offset in the first segment wanted, `limit` the size of the page. */
export async function respondSegments({ object, url, timing }: StreamContext): Promise<Response> {
  const from = parsePosition("from", url.searchParams.get("from") ?? "-1");
  if (!from.ok) return respondError(from.error);
  const limit = parseLimit(url.searchParams.get("limit"), PAGE_MAX);
  if (!limit.ok) return respondError(limit.error);
  const listing = await timed(timing, "object", async () => object.listSegments(from.value, limit.value));
  if (listing === undefined) return respondNoStream();
  const { incarnation, segments, hasMore } = listing;
  const prefix = await segmentPrefix(listing.name, incarnation);
  const last = segments.at(-1);
  return respondJson({
    incarnation,
    segments: segments.map((segment) => toRow(segment, prefix)),
    next: hasMore && last !== undefined ? formatOffset(last.tail) : null,
  });
}

function toRow(segment: ListedSegment, prefix: string): object {
  const { number, start, tail, messages, bytes, objectBytes, appendedAtMs, sealedAtMs, attempts } = segment;
  return {
    number,
    start: formatOffset(start),
    end: formatOffset(tail),
    messages,
    bytes,
    objectBytes: objectBytes ?? 0,
    key: segmentKey(prefix, start, tail, segment.nonce),
    state: sealedAtMs === undefined ? "sealing" : "sealed",
    appendedAtMs,
    sealedAtMs: sealedAtMs ?? null,
    attempts,
  };
}

/** An offset of the query, or `-1` for the first one. */
export function parsePosition(name: string, text: string): Parsed<Position> {
  const offset = parseOffsetQuery(text);
  if (offset?.kind === "start") return parsed(0);
  if (offset?.kind === "position") return parsed(offset.position);
  return failed(protocolError("INVALID_OFFSET", `${name}=${quote(text)} is no offset of this server.`));
}
