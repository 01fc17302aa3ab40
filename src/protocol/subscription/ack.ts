import type { Position } from "../offset.ts";

/** How far a subscription is with a stream. */
export interface Cursor {
  /** What lies before it is processed: the offset that reading goes on from (section 6.1). */
  readonly acked: Position;
  /** As far as is known. */
  readonly tail: Position;
}

export function hasPending({ acked, tail }: Cursor): boolean {
  return tail > acked;
}

/** Whether a cursor may move to an offset. One past the known tail may be right: the stream itself has to be asked. */
export function judgeAck({ acked, tail }: Cursor, offset: Position): "right" | "back" | "past-tail" {
  if (offset < acked) return "back";
  return offset > tail ? "past-tail" : "right";
}
