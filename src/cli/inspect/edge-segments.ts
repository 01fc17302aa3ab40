import type { OperatorClient } from "../../client/operator.ts";
import type { SegmentRow, StreamMap } from "../../client/operator-types.ts";
import { formatOffset, parseOffset } from "../../protocol/offset.ts";

/** How many rows stand on either side of the gap. */
const SHOWN = 5;

export interface EdgeSegments {
  readonly first: readonly SegmentRow[];
  /** How many lie between. */
  readonly between: number;
  readonly last: readonly SegmentRow[];
}

/** The segment before one, by the offset before its first. */
function before(row: SegmentRow): string | undefined {
  const position = parseOffset(row.start);
  return position === undefined || position === 0 ? undefined : formatOffset(position - 1);
}

/** The first and the last few segments of a stream; of one that has few, all. What it costs does not grow with them. */
export async function edgeSegments(
  operator: OperatorClient,
  stream: string,
  map: StreamMap,
  signal?: AbortSignal,
): Promise<EdgeSegments> {
  const { segments } = await operator.segmentPage(stream, { limit: 2 * SHOWN + 1 }, signal);
  if (segments.length <= 2 * SHOWN) return { first: segments, between: 0, last: [] };
  const first = segments.slice(0, SHOWN);
  // One at or after the hot log's start is just being sealed: the last row, where there is one.
  const end = parseOffset(map.hot.start) ?? 0;
  let { segments: last } = await operator.segmentPage(stream, { from: formatOffset(Math.max(0, end - 1)) }, signal);
  last = last.slice(-SHOWN);
  while (last.length < SHOWN) {
    const [earliest] = last;
    const offset = earliest === undefined ? undefined : before(earliest);
    const row = offset === undefined ? undefined : await operator.segmentAt(stream, offset, signal);
    if (row === undefined || row.number >= (earliest?.number ?? 0)) break;
    last = [row, ...last];
  }
  const shown = last.filter(({ number }) => number >= SHOWN);
  return { first, between: Math.max(0, (shown[0]?.number ?? SHOWN) - SHOWN), last: shown };
}
