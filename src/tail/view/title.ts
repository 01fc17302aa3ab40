import { visibleLine } from "../../client/visible-text.ts";
import type { ViewState } from "../model/state.ts";
import type { StreamState } from "../model/stream-state.ts";
import { cutRow } from "../../screen/text/row-cut.ts";
import { segment, type Row, type Segment, type Tone } from "../../screen/text/segment.ts";
import { cut, cutLeft, widthOf } from "../../screen/text/width.ts";

/** Of the name of a stream on its tab. */
const TAB_MAX_COLUMNS = 20;

const MARKS = { connecting: "○", live: "●", waiting: "×", ended: "■" } as const;
const TONES: Readonly<Record<keyof typeof MARKS, Tone>> = {
  connecting: "warn",
  live: "good",
  waiting: "bad",
  ended: "dim",
};

/** How a stream stands, in one character. */
export function markOf({ closed, connection }: StreamState): Segment {
  return closed ? segment("■", "dim") : segment(MARKS[connection], TONES[connection]);
}

/** The name of the one stream, and where it is. */
function single({ name, url }: StreamState, columns: number): Row {
  const shown = visibleLine(name);
  const room = columns - widthOf(shown) - 2;
  const where = visibleLine(url);
  if (shown === where || room < 10) return [segment(cutLeft(shown, columns), "strong")];
  return [segment(shown, "strong"), segment("  "), segment(cut(where, room), "dim")];
}

/** A tab for all streams and one for each; the one that is shown stands out. */
function tabs({ streams, tab, columns }: ViewState): Row {
  const each = Math.max(6, Math.min(TAB_MAX_COLUMNS, Math.floor((columns - 7) / streams.length) - 6));
  const row: Segment[] = [segment(" 0 all ", tab === undefined ? "selected" : "dim")];
  for (const [i, stream] of streams.entries()) {
    const digit = i < 9 ? `${String(i + 1)} ` : "";
    const label = ` ${digit}${cutLeft(visibleLine(stream.name), each)} `;
    row.push(segment(" "), markOf(stream), segment(label, tab === i ? "selected" : { name: i }));
  }
  return cutRow(row, columns);
}

export function titleRow(state: ViewState): Row {
  const [first] = state.streams;
  return state.streams.length === 1 && first !== undefined ? single(first, state.columns) : tabs(state);
}
