import type { OperatorClient } from "../../client/operator.ts";
import type { SegmentPage, StreamMap } from "../../client/operator-types.ts";
import { formatOffset, parseOffset, type Position } from "../../protocol/offset.ts";

/** Rows that are fetched at once. */
const PAGE_ROWS = 200;

/** No search takes more requests; a manifest that contradicts itself would take no end of them. */
const REQUESTS_MAX = 64;

/** A segment and where it begins. */
interface Mark {
  readonly number: number;
  readonly at: Position;
}

/**
 * The page of the manifest that has a segment of a number, and some before it. The manifest is asked by offsets, so where
 * the segment begins is estimated between what is known below and above: segments are much alike, and a request or two
 * find one of a million. Nothing when there is no such segment any more.
 */
export async function pageWith(
  operator: Pick<OperatorClient, "segmentPage">,
  stream: string,
  map: StreamMap,
  number: number,
  signal: AbortSignal,
): Promise<SegmentPage | undefined> {
  let below: Mark = { number: 0, at: parseOffset(map.fork?.start ?? "") ?? 0 };
  let above: Mark = { number: map.segments.count, at: parseOffset(map.hot.start) ?? 0 };
  for (let request = 0; request < REQUESTS_MAX && below.at < above.at && below.number < above.number; request++) {
    const wanted = Math.max(below.number, number - PAGE_ROWS / 2);
    const part = (wanted - below.number) / (above.number - below.number);
    const guess = below.at + Math.floor((above.at - below.at) * part);
    const page = await operator.segmentPage(stream, { from: formatOffset(guess), limit: PAGE_ROWS }, signal);
    const [first] = page.segments;
    const last = page.segments.at(-1);
    if (first === undefined || last === undefined || page.incarnation !== map.incarnation) return undefined;
    if (first.number <= number && number <= last.number) return page;
    const [start, end] = [parseOffset(first.start) ?? 0, parseOffset(last.end) ?? 0];
    if (first.number > number) above = { number: first.number, at: Math.min(start, above.at) };
    else below = { number: last.number + 1, at: Math.max(end, below.at) };
  }
  return undefined;
}
