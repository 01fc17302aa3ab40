import { visibleLine } from "../../client/visible-text.ts";
import type { Delivery } from "./forward.ts";

const STATUS_WIDTH = 3;
const OUTCOME_WIDTH = 8;
const TIME_WIDTH = 6;
const GAP = "  ";

/** Streams that are named; of the rest only the number is. */
const NAMED_MAX = 3;

/** A delivery as one line: when, what the handler answered, how long it took, and which streams it was about. */
export function deliveryLine(delivery: Delivery, now = new Date()): string {
  const { status, outcome, tookMs, generation, attempt, streams, failure } = delivery;
  const more = streams.length > NAMED_MAX ? ` and ${String(streams.length - NAMED_MAX)} more` : "";
  const again = attempt === 1 ? "" : ` attempt ${String(attempt)}`;
  const cells = [
    now.toISOString(),
    (status === undefined ? "-" : String(status)).padStart(STATUS_WIDTH),
    outcome.padEnd(OUTCOME_WIDTH),
    `${String(tookMs).padStart(TIME_WIDTH)} ms`,
    `wake ${String(generation)}${again}`,
    `${streams.slice(0, NAMED_MAX).join(" ")}${more}`,
    ...(status === undefined && failure !== undefined ? [failure] : []),
  ];
  return `${visibleLine(cells.join(GAP).trimEnd())}\n`;
}
