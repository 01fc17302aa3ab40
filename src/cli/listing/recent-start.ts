import { contentKind } from "../../protocol/content-type.ts";
import { FIRST_OFFSET, formatOffset, parseOffset } from "../../protocol/offset.ts";

/** How much of a stream's end is shown when it is opened from a list: something to look at, and soon there. */
const RECENT_MESSAGES = 200;
const RECENT_BYTES = 262_144;

/**
 * Where to begin reading for a stream's last messages. Positions of JSON streams count messages, so that is exact; of other
 * streams, whose bytes must not be cut anywhere, a short one is read whole and of a long one what comes next.
 */
export function recentStart(contentType: string, tail: string): string {
  const position = parseOffset(tail);
  if (position === undefined) return "now";
  if (contentKind(contentType) === "json") return formatOffset(Math.max(0, position - RECENT_MESSAGES));
  return position <= RECENT_BYTES ? FIRST_OFFSET : tail;
}
