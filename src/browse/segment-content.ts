import { contentKind } from "../protocol/content-type.ts";
import { formatOffset } from "../protocol/offset.ts";
import { segmentMessages, type Segment } from "../protocol/segment/segment.ts";
import { arrivalOf, type Arrival } from "../tail/model/message.ts";
import type { StillContent } from "../tail/still-scene.ts";
import { shortOffset } from "../tail/view/sentences.ts";

/** Our own offsets without their leading group, which is always zero. */
const OFFSET_COLUMNS = 18;

/** The messages of a segment for the view of messages, each with its own offset and append time. */
export function segmentContent(segment: Segment, name: string): StillContent {
  const kind = contentKind(segment.contentType);
  const messages: Arrival[] = [];
  for (const { position, message, appendedAtMs } of segmentMessages(segment)) {
    const offset = formatOffset(position);
    messages.push({ ...arrivalOf(kind, message, undefined), position, stored: { offset, appendedAtMs } });
  }
  const [start, end] = [segment.start, segment.end].map((at) => shortOffset(formatOffset(at), OFFSET_COLUMNS));
  const about = `${start ?? ""} to ${end ?? ""}, ${segment.contentType}`;
  return { name, about, end: "the segment ends here", messages };
}
