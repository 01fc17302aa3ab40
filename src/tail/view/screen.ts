import { visibleLine } from "../../client/visible-text.ts";
import { MIN_COLUMNS, MIN_ROWS, problemOf } from "../model/layout.ts";
import type { ViewState } from "../model/state.ts";
import { cutRow } from "../text/row-cut.ts";
import { segment, type Row } from "../text/segment.ts";
import { wrapped } from "../text/width.ts";
import { bottomRow } from "./bottom.ts";
import { helpRows } from "./help.ts";
import { listRowsOnScreen } from "./list.ts";
import { tooSmall } from "./sentences.ts";
import { statusRow } from "./status.ts";
import { titleRow } from "./title.ts";

/** The whole screen, row by row: no row is wider than it, and there are as many as it has. */
export function screenOf(state: ViewState): readonly Row[] {
  const { columns, rows, help } = state;
  if (columns < MIN_COLUMNS || rows < MIN_ROWS) {
    const sentence = wrapped(tooSmall(state, MIN_COLUMNS, MIN_ROWS), Math.max(1, columns));
    return sentence.slice(0, Math.max(1, rows)).map((line) => [segment(line)]);
  }
  if (help !== undefined) return helpRows(state, help);
  const problem = problemOf(state);
  return [
    titleRow(state),
    ...listRowsOnScreen(state),
    ...(problem === undefined ? [] : [cutRow([segment(visibleLine(problem), "bad")], columns)]),
    statusRow(state),
    bottomRow(state),
  ];
}
