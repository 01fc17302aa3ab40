import { problemRows } from "../../screen/bottom.ts";
import { tooSmallScreen } from "../../screen/too-small.ts";
import { problemOf, troubleRows } from "../model/layout.ts";
import type { ViewState } from "../model/state.ts";
import type { Row } from "../../screen/text/segment.ts";
import { bottomRowsOf } from "./bottom.ts";
import { helpRows } from "./help.ts";
import { listRowsOnScreen } from "./list.ts";
import { statusRow } from "./status.ts";
import { titleRow } from "./title.ts";

/** The whole screen, row by row: no row is wider than it, and there are as many as it has. */
export function screenOf(state: ViewState): readonly Row[] {
  const { columns, help } = state;
  const tooSmall = tooSmallScreen(state, "The live view");
  if (tooSmall !== undefined) return tooSmall;
  if (help !== undefined) return helpRows(state, help);
  return [
    titleRow(state),
    ...listRowsOnScreen(state),
    ...problemRows(problemOf(state), columns, troubleRows(state)),
    statusRow(state),
    ...bottomRowsOf(state),
  ];
}
