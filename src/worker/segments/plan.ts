import { SEGMENT_MAX_ROWS, SEGMENT_MESSAGES_LIMIT } from "../../protocol/limits.ts";
import type { SegmentLimits } from "../../protocol/segment/limits.ts";
import type { LogRowFacts } from "../storage/log-rows.ts";
import type { SegmentFacts } from "../storage/segment-rows.ts";
import { amountBetween, type Amount } from "../storage/tally.ts";
import { hotAmount, type StreamState } from "../stream/state.ts";

/** A hot log of more messages than this many segments may hold counts as a backlog. */
const BACKLOG_SEGMENTS = 16;
/** And one this many times as large as a segment, by its bytes or its messages, is not to grow any more. */
const OVERDUE_BYTES_FACTOR = 16;
const OVERDUE_MESSAGES_FACTOR = 256;

/** Whether the hot log is to be sealed: when it is as large as a segment, or when nothing will ever be added to it. */
export function isSealingDue(state: StreamState, limits: SegmentLimits): boolean {
  const { messages, bytes } = hotAmount(state);
  if (state.closed || state.softDeleted) return messages > 0;
  return messages >= limits.maxMessages || bytes >= limits.maxBytes;
}

/**
 * What the next segment is made of: whole rows from the beginning of the hot log, as many as the limits allow, at
 * least one, and no more than {@link SEGMENT_MAX_ROWS}. A backlog is sealed in segments of as many messages as fit into the bytes, so that it is done with soon.
 */
export function planSegment(
  state: StreamState,
  rows: Iterable<LogRowFacts>,
  limits: SegmentLimits,
): SegmentFacts | undefined {
  const most = isBacklog(hotAmount(state), limits) ? { ...limits, maxMessages: SEGMENT_MESSAGES_LIMIT } : limits;
  let planned: SegmentFacts | undefined;
  let count = 0;
  for (const row of rows) {
    if (++count > SEGMENT_MAX_ROWS) break;
    const { messages, bytes } = amountBetween(state.kind, row.tail - state.sealed.end, row.tally - state.sealed.tally);
    if (planned !== undefined && (messages > most.maxMessages || bytes > most.maxBytes)) break;
    const { positions: _positions, ...end } = row;
    planned = { ...end, start: state.sealed.end, number: state.sealed.segments, messages, bytes };
  }
  return planned;
}

/** Whether the hot log is so large that sealing has to go before everything else. */
export function isSealingOverdue(state: StreamState, { maxMessages, maxBytes }: SegmentLimits): boolean {
  const { messages, bytes } = hotAmount(state);
  return bytes >= OVERDUE_BYTES_FACTOR * maxBytes || messages >= OVERDUE_MESSAGES_FACTOR * maxMessages;
}

function isBacklog(hot: Amount, limits: SegmentLimits): boolean {
  return hot.messages > BACKLOG_SEGMENTS * limits.maxMessages;
}
