import { visibleText } from "../client/visible-text.ts";
import type { ContentKind } from "../protocol/content-type.ts";

/** A view shows beginnings; the whole message can be had from `read`. */
const SHOWN_MAX_BYTES = 4_096;

/** A message as one line of a terminal: nothing in it can move the cursor. */
export function recordText(kind: ContentKind, record: Uint8Array): string {
  const start = Buffer.from(record.subarray(0, SHOWN_MAX_BYTES));
  const text = kind === "binary" ? start.toString("base64") : start.toString("utf8");
  const more = record.byteLength > SHOWN_MAX_BYTES ? `… (${String(record.byteLength)} bytes)` : "";
  return visibleText(text.replace(/\r?\n$/, "")).replace(/[\n\t]/g, " ") + more;
}
