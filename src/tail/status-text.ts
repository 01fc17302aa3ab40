/** The sentences of the live view: how the stream stands, and where it was left. */

import { visibleText } from "../client/visible-text.ts";
import type { LiveState } from "./live-state.ts";

/** Below this a shortened offset no longer tells positions apart; the rate then makes room for it. */
const OFFSET_MIN_COLUMNS = 9;
/** Our own offsets without their leading group, which is always zero. */
const OFFSET_USUAL_COLUMNS = 18;

/** What moves in an offset is its right end: it is shortened from the left. */
export function shortOffset(offset: string, columns: number): string {
  if (offset.length <= columns) return offset;
  const withoutZeros = offset.replace(/^0+_/, "…_");
  if (withoutZeros.length <= columns) return withoutZeros;
  return `…${offset.slice(-Math.max(1, columns - 1))}`;
}

function messages(count: number): string {
  return `${String(count)} ${count === 1 ? "message" : "messages"}`;
}

/** What follows the word for the connection in the status line. */
export function figuresText({ total, messagesPerSecond, offset }: LiveState, columns: number): string {
  const shown = visibleText(offset ?? "-");
  const rate = `  ${messagesPerSecond.toFixed(1)}/s`;
  const count = `  ${messages(total)}`;
  const next = "  next ";
  const roomBesideRate = columns - `${count}${rate}${next}`.length;
  if (roomBesideRate >= Math.min(OFFSET_MIN_COLUMNS, shown.length)) {
    return `${count}${rate}${next}${shortOffset(shown, roomBesideRate)}`;
  }
  return `${count}${next}${shortOffset(shown, columns - `${count}${next}`.length)}`;
}

/** Said on the screen that stays once the view is gone: how a later run goes on where this one stood. */
export function farewell({ offset, total, closed }: LiveState): string {
  const seen = `${messages(total)} seen.`;
  if (offset === undefined) return `Left before the stream's first answer; ${seen}`;
  const full = visibleText(offset);
  const where = `Left at offset ${shortOffset(full, OFFSET_USUAL_COLUMNS)}; ${seen}`;
  return closed ? `${where} The stream is closed.` : `${where} Go on with: --offset ${full}`;
}
